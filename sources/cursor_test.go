package sources

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

// writeFile writes a file into a temporary folder, as gzip if its name says so, and returns its path.
func writeFile(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	data := []byte(text)
	if strings.HasSuffix(name, ".gz") {
		data = gzipped(t, text)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// rest reads a cursor to its end, n lines at a time.
func (c *cursor) rest(t *testing.T, n int) (messages []event.Message) {
	t.Helper()
	for {
		next, err := c.next(n)
		if err == io.EOF {
			return messages
		}
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, next...)
	}
}

func open(t *testing.T, f File, at int64) *cursor {
	t.Helper()
	c, err := openCursor(t.Context(), f, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestCursorKindsOfFile(t *testing.T) {
	const csv = "sku,store_id,count\r\n1,2,3\r\n4,5,6\r\n"
	const lines = "{\"sku\":1}\n{\"sku\":2}\n"
	tests := []struct {
		name, text string
		format     event.Format
		columns    []string // nil: JSON
		numbers    []int64  // the lines that are messages
	}{
		{"a.csv", csv, event.FormatWMS, []string{"sku", "store_id", "count"}, []int64{2, 3}},
		{"a.CSV", csv, event.FormatWMS, []string{"sku", "store_id", "count"}, []int64{2, 3}},
		{"a.csv.gz", csv, event.FormatWMS, []string{"sku", "store_id", "count"}, []int64{2, 3}},
		{"delivery", csv, event.FormatWMS, []string{"sku", "store_id", "count"}, []int64{2, 3}},
		{"bom.csv", "\ufeff" + csv, event.FormatWMS, []string{"sku", "store_id", "count"}, []int64{2, 3}},
		{"blank.csv", "\n  \n" + csv, event.FormatWMS, []string{"sku", "store_id", "count"}, []int64{4, 5}},
		{"header only.csv", "sku,count", event.FormatWMS, nil, nil},
		{"bad header.csv", "sku,sku\n1,2\n", event.FormatWMS, []string{}, []int64{2}},
		{"a.json", lines, event.FormatWMS, nil, []int64{1, 2}},
		{"a.jsonl", "\n" + lines + "\r\n\t\n" + lines, event.FormatWMS, nil, []int64{2, 3, 6, 7}},
		{"not json.ndjson", csv, event.FormatWMS, nil, []int64{1, 2, 3}},
		{"json without a name", "  " + lines, event.FormatWMS, nil, []int64{1, 2}},
		{"events.csv", lines, event.FormatUnified, nil, []int64{1, 2}},
		{"empty.csv", "", event.FormatWMS, nil, nil},
		{"blank.jsonl", "\n\n", event.FormatWMS, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := File{Path: writeFile(t, t.TempDir(), tt.name, tt.text), Format: tt.format}
			for _, n := range []int{1, 2, 100} {
				messages := open(t, f, 0).rest(t, n)
				var numbers []int64
				for _, m := range messages {
					numbers = append(numbers, m.Line)
					if !slices.Equal(m.Columns, tt.columns) || (m.Columns == nil) != (tt.columns == nil) {
						t.Errorf("line %d has columns %q, want %q", m.Line, m.Columns, tt.columns)
					}
					if want := strings.TrimSuffix(strings.Split(tt.text, "\n")[m.Line-1], "\r"); string(m.Data) != want {
						t.Errorf("line %d is %q, want %q", m.Line, m.Data, want)
					}
					if m.Channel != event.FILE || m.Format != tt.format || m.File != f.Path || m.ID != "" || m.PublishedAt != 0 {
						t.Errorf("line %d came as %+v", m.Line, m)
					}
				}
				if !slices.Equal(numbers, tt.numbers) {
					t.Errorf("%d at a time: messages are lines %v, want %v", n, numbers, tt.numbers)
				}
			}
		})
	}
}

// TestCursorFromAnywhere: a cursor that is opened at a position goes on as one that had read so far, header and all.
func TestCursorFromAnywhere(t *testing.T) {
	var text strings.Builder
	text.WriteString("\nsku,count\n")
	for i := range 200 {
		fmt.Fprintf(&text, "%d,1\n", i)
		if i%7 == 0 {
			text.WriteString("\n")
		}
	}
	f := File{Path: writeFile(t, t.TempDir(), "a.csv.gz", text.String()), Format: event.FormatWMS}
	whole := open(t, f, 0)
	all := whole.rest(t, 50)
	for at := range whole.at + 1 {
		c := open(t, f, at)
		if c.at != at {
			t.Fatalf("opened at %d, wanted %d", c.at, at)
		}
		got := c.rest(t, 30)
		want := all[len(all)-len(got):]
		for i := range got {
			if got[i].Line <= at || got[i].Line != want[i].Line || string(got[i].Data) != string(want[i].Data) || len(got[i].Columns) != 2 {
				t.Fatalf("from %d: message %d is %+v, want %+v", at, i, got[i], want[i])
			}
		}
		if before := len(all) - len(got); before > 0 && all[before-1].Line > at {
			t.Fatalf("from %d: line %d is missing", at, all[before-1].Line)
		}
	}
	if _, err := openCursor(t.Context(), f, whole.at+1); err == nil || !strings.Contains(err.Error(), f.Path) {
		t.Errorf("beyond the end: %v", err)
	}
}

func TestCursorErrorsNameTheFile(t *testing.T) {
	dir := t.TempDir()
	whole := gzipped(t, strings.Repeat("{}\n", 100_000))
	truncated, noHeader := filepath.Join(dir, "truncated.jsonl.gz"), filepath.Join(dir, "no header.gz")
	for path, data := range map[string][]byte{truncated: whole[:len(whole)-10], noHeader: whole[:5]} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{truncated, noHeader, filepath.Join(dir, "missing.jsonl"), dir, "nosuch://bucket/file"} {
		c, err := openCursor(t.Context(), File{Path: path}, 0)
		for err == nil {
			_, err = c.next(1000)
		}
		if err == io.EOF || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestCursorsAreLostAndFound: whoever asks for a position gets it, whether the open file stands there or not.
func TestCursorsAreLostAndFound(t *testing.T) {
	f := File{Path: writeFile(t, t.TempDir(), "a.jsonl", strings.Repeat("{}\n", 100))}
	s := &cursors{open: map[File]*cursor{}}
	first, err := s.take(t.Context(), f, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.next(10); err != nil {
		t.Fatal(err)
	}
	s.put(first)
	if c, err := s.take(t.Context(), f, 10); err != nil || c != first {
		t.Errorf("the open file was not used again: %v", err)
	}
	s.put(first)
	again, err := s.take(t.Context(), f, 4) // a bundle is tried again
	if err != nil {
		t.Fatal(err)
	}
	if again == first || again.at != 4 {
		t.Errorf("the file stands at %d, want 4", again.at)
	}
	if m, err := again.next(1); err != nil || m[0].Line != 5 {
		t.Errorf("goes on with %+v, %v", m, err)
	}
	s.put(again)
	if err := s.Close(); err != nil || len(s.open) != 0 {
		t.Errorf("Close returns %v and leaves %d files", err, len(s.open))
	}
}
