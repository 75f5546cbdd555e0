package files

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

// writeFile writes a file into a temporary folder, as gzip if its name says so, and returns its
// path.
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
	c, err := openCursor(t.Context(), &store{}, f, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestCursorKindsOfFile(t *testing.T) {
	const csv = "sku,store_id,count,timestamp\r\n1,2,3,4\r\n4,5,6,7\r\n"
	const lines = "{\"sku\":1}\n{\"sku\":2}\n"
	names := []string{"sku", "store_id", "count", "timestamp"}
	tests := []struct {
		name, text string
		format     event.Format
		columns    []string // nil: JSON
		numbers    []int64  // the lines that are messages
	}{
		{"a.csv", csv, event.FormatWMS, names, []int64{2, 3}},
		{"a.CSV", csv, event.FormatWMS, names, []int64{2, 3}},
		{"a.csv.gz", csv, event.FormatWMS, names, []int64{2, 3}},
		{"delivery", csv, event.FormatWMS, names, []int64{2, 3}},
		{"bom.csv", "\ufeff" + csv, event.FormatWMS, names, []int64{2, 3}},
		{"blank.csv", "\n  \n" + csv, event.FormatWMS, names, []int64{4, 5}},
		{"gzip with bom.csv.gz", "\ufeff" + csv, event.FormatWMS, names, []int64{2, 3}},
		{"CR.csv", strings.ReplaceAll(csv, "\r\n", "\r"), event.FormatWMS, names, []int64{2, 3}},
		{"CR and LF", "\ufeff\r" + strings.Replace(csv, "\r\n", "\r", 1) + "\n7,8,9,10\r",
			event.FormatWMS, names, []int64{3, 4, 6}},
		{"header only.csv", strings.Split(csv, "\r")[0], event.FormatWMS, nil, nil},
		{"bad header.csv", "sku,sku\n1,2\n", event.FormatWMS, []string{}, []int64{1, 2}},
		{"no header.csv", "7,8,9,10", event.FormatWMS, []string{}, []int64{1}},
		{"bom.txt", "\ufeff" + lines, event.FormatWMS, nil, []int64{1, 2}},
		{"CR.jsonl", strings.ReplaceAll(lines, "\n", "\r"), event.FormatWMS, nil, []int64{1, 2}},
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
					if want := wantLines(strings.TrimPrefix(tt.text, byteOrderMark))[m.Line-1]; string(m.Data) != want {
						t.Errorf("line %d is %q, want %q", m.Line, m.Data, want)
					}
					if bad := tt.columns != nil && len(tt.columns) == 0; (m.Unreadable != "") != bad {
						t.Errorf("line %d is unreadable because of %q", m.Line, m.Unreadable)
					}
					if m.Channel != event.FILE || m.Format != tt.format || m.File != f.Path ||
						m.ID != "" || m.PublishedAt != 0 {
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

// TestCursorFromAnywhere: a cursor that is opened at a position goes on as one that had read so
// far, header and all.
func TestCursorFromAnywhere(t *testing.T) {
	var text strings.Builder
	text.WriteString("\n" + columns)
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
			if got[i].Line <= at || got[i].Line != want[i].Line ||
				string(got[i].Data) != string(want[i].Data) || len(got[i].Columns) != 4 {
				t.Fatalf("from %d: message %d is %+v, want %+v", at, i, got[i], want[i])
			}
		}
		if before := len(all) - len(got); before > 0 && all[before-1].Line > at {
			t.Fatalf("from %d: line %d is missing", at, all[before-1].Line)
		}
	}
	if _, err := openCursor(t.Context(), &store{}, f, whole.at+1); err == nil ||
		!strings.Contains(err.Error(), f.Path) {
		t.Errorf("beyond the end: %v", err)
	}
}

func TestCursorErrorsNameTheFile(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "missing.jsonl"), dir, "nosuch://bucket/file"} {
		c, err := openCursor(t.Context(), &store{}, File{Path: path}, 0)
		for err == nil {
			_, err = c.next(1000)
		}
		if err == io.EOF || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestCursorBadContent: content that is no text, or a gzip that is not whole, is one message behind
// the lines that can be read.
func TestCursorBadContent(t *testing.T) {
	text := strings.Repeat("{\"sku\":1}\n", 100_000)
	whole := gzipped(t, text)
	damaged := slices.Clone(whole)
	damaged[len(damaged)/2] ^= 0xff
	utf16 := func(prefix, format string) string {
		var b strings.Builder
		b.WriteString(prefix)
		for _, c := range text {
			fmt.Fprintf(&b, format, c)
		}
		return b.String()
	}
	for name, tt := range map[string]struct{ content, want string }{
		"UTF-16 LE":          {utf16("\xff\xfe", "%c\x00"), "UTF-16"},
		"UTF-16 BE":          {utf16("\xfe\xff", "\x00%c"), "UTF-16"},
		"UTF-16 without BOM": {utf16("", "%c\x00"), "NUL"},
		"UTF-32":             {utf16("\xff\xfe\x00\x00", "%c\x00\x00\x00"), "UTF-32"},
		"zip":                {"PK\x03\x04\x14" + text, "zip"},
		"Parquet":            {"PAR1\x15\x04" + text, "Parquet"},
		"zstd":               {"\x28\xb5\x2f\xfd" + text, "zstd"},
		"NUL":                {"{}\n{}\n\x00" + text, "byte 7 is NUL"},
		"only NUL":           {"\x00", "NUL"},
		"gzip of zip":        {string(gzipped(t, "PK\x03\x04\x14"+text)), "zip"},
		"gzip of gzip":       {string(gzipped(t, string(whole))), "gzip within gzip"},
		"cut gzip":           {string(whole[:len(whole)-10]), "cut short"},
		"gzip without data":  {string(whole[:5]), "cut short"},
		"damaged gzip":       {string(damaged), "damaged"},
		"text behind gzip":   {string(whole) + "more text than a header has", "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.jsonl")
			if err := os.WriteFile(path, []byte(tt.content), 0o644); err != nil {
				t.Fatal(err)
			}
			f := File{Path: path, Format: event.FormatWMS}
			messages := open(t, f, 0).rest(t, 5000)
			n := len(messages) - 1
			if n < 0 || !strings.Contains(messages[n].Unreadable, tt.want) || len(messages[n].Data) > headBytes ||
				messages[n].Line != int64(n+1) {
				t.Fatalf("%d messages, the last is %.300q", n+1, fmt.Sprint(messages[max(n, 0):]))
			}
			for _, m := range messages[:n] {
				if string(m.Data) != `{"sku":1}` || m.Unreadable != "" {
					t.Fatalf("line %d is %q, %s", m.Line, m.Data, m.Unreadable)
				}
			}
			if isGzip := strings.HasPrefix(tt.content, string(gzipMagic)); n == 0 && isGzip &&
				len(messages[0].Data) == 0 && name != "gzip without data" {
				t.Error("nothing is kept of it")
			}
			if again := open(t, f, int64(n+1)).rest(t, 5000); len(again) != 0 {
				t.Errorf("behind it come %d messages", len(again))
			}
		})
	}
}

// TestCursorsAreLostAndFound: whoever asks for a position gets it, whether the open file stands
// there or not.
func TestCursorsAreLostAndFound(t *testing.T) {
	f := File{Path: writeFile(t, t.TempDir(), "a.jsonl", strings.Repeat("{}\n", 100))}
	s := newSequences([][]File{{f}})
	first, err := s.take(t.Context(), 0, f, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.next(10); err != nil {
		t.Fatal(err)
	}
	s.put(0, first)
	if c, err := s.take(t.Context(), 0, f, 10); err != nil || c != first {
		t.Errorf("the open file was not used again: %v", err)
	}
	s.put(0, first)
	again, err := s.take(t.Context(), 0, f, 4) // a bundle is tried again
	if err != nil {
		t.Fatal(err)
	}
	if again == first || again.at != 4 {
		t.Errorf("the file stands at %d, want 4", again.at)
	}
	if m, err := again.next(1); err != nil || m[0].Line != 5 {
		t.Errorf("goes on with %+v, %v", m, err)
	}
	s.put(0, again)
	if err := s.Close(); err != nil || len(s.open) != 0 {
		t.Errorf("Close returns %v and leaves %d files", err, len(s.open))
	}
}
