package localfiles

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/rows"
)

func openSink(t testing.TB, dir string, opts Options) *Sink {
	t.Helper()
	w, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// appendLines writes lines to a table.
func appendLines(ctx context.Context, s *Sink, table rows.Table, lines []byte) error {
	b := s.NewBatch()
	for line := range bytes.Lines(lines) {
		b.Line(table, bytes.TrimSuffix(line, []byte("\n")))
	}
	_, err := s.Write(ctx, b)
	return err
}

// tableFiles lists the files of a table in the order of their names.
func tableFiles(t testing.TB, dir string, table rows.Table) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, string(table), "*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	return files
}

// tableLines returns the lines of a table, and fails the test where a file is empty or ends within
// a line.
func tableLines(t testing.TB, dir string, table rows.Table) []string {
	t.Helper()
	var lines []string
	for _, file := range tableFiles(t, dir, table) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasSuffix(content, []byte("\n")) {
			t.Fatalf("%s is empty or ends within a line: %q", file, content[max(0, len(content)-40):])
		}
		lines = append(lines, strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")...)
	}
	return lines
}

func TestFiles(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "not", "yet")
	w := openSink(t, dir, Options{rotateBytes: 100, Fsync: true})
	if err := appendLines(ctx, w, rows.Events, nil); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("nothing was written, but the folder is there: %v", err)
	}

	var want []string
	for i := range 40 {
		line := fmt.Sprintf(`{"n":%d,"fill":"%s"}`, i, strings.Repeat("x", 20))
		want = append(want, line)
		if err := appendLines(ctx, w, rows.Events, []byte(line+"\n")); err != nil {
			t.Fatal(err)
		}
	}
	long := strings.Repeat("y", 500) // longer than a file may be
	for _, line := range []string{long, "last"} {
		want = append(want, line)
		if err := appendLines(ctx, w, rows.Events, []byte(line+"\n")); err != nil {
			t.Fatal(err)
		}
	}
	if got := tableLines(t, dir, rows.Events); !slices.Equal(got, want) {
		t.Errorf("lines in the order of file names:\n%q\nwant\n%q", got, want)
	}
	name := regexp.MustCompile(`^\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{8}\.jsonl$`)
	files := tableFiles(t, dir, rows.Events)
	for _, file := range files {
		if !name.MatchString(filepath.Base(file)) {
			t.Errorf("file name %s", file)
		}
		if info, err := os.Stat(file); err != nil || info.Size() > 100 && info.Size() != 501 {
			t.Errorf("%s has %d bytes, %v", file, info.Size(), err)
		}
	}
	if len(files) < 40/3 {
		t.Errorf("only %d files", len(files))
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("folders of tables without rows: %v", entries)
	}
}

func TestLocalFilesRotatesByAge(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	w := openSink(t, dir, Options{rotateAfter: time.Nanosecond})
	for i := range 3 {
		if err := appendLines(ctx, w, rows.Events, fmt.Appendln(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	if files := tableFiles(t, dir, rows.Events); len(files) != 3 {
		t.Errorf("%d files, want 3", len(files))
	}
	if got := tableLines(t, dir, rows.Events); !slices.Equal(got, []string{"0", "1", "2"}) {
		t.Errorf("lines %q", got)
	}
}

func TestTwoSinksShareNoFile(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	a, b := openSink(t, dir, Options{}), openSink(t, dir, Options{})
	for range 100 {
		if err := errors.Join(appendLines(ctx, a, rows.Events, []byte("a\n")),
			appendLines(ctx, b, rows.Events, []byte("b\n"))); err != nil {
			t.Fatal(err)
		}
	}
	files := tableFiles(t, dir, rows.Events)
	if len(files) != 2 {
		t.Fatalf("%d files, want 2", len(files))
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil || len(content) != 200 ||
			bytes.Contains(content, []byte("a")) == bytes.Contains(content, []byte("b")) {
			t.Errorf("%s holds %q, %v", file, content, err)
		}
	}
}

func TestOpenRefusesAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, Options{}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file as folder: %v", err)
	}
}

func BenchmarkAppend(b *testing.B) {
	e := event.UnifiedInventoryEvent{
		ID: `o-1"x#0`, Type: event.CartAdd, StoreID: "Zürich", ProductID: "p\\1", Quantity: -2,
		OccurredAt: 1_790_000_000_123,
		Source:     event.ECOM, OrderNumber: "o-1", Line: "3", UserID: "u\u2028", ClientID: "c<&>", DepartmentID: "d",
		Price:   "19.990",
		Message: &event.Message{ID: "m1", PublishedAt: 1_790_000_000_200},
	}
	for _, size := range []int{100, 1000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			s := openSink(b, b.TempDir(), Options{})
			batch := s.NewBatch()
			b.ReportAllocs()
			for b.Loop() {
				batch.Reset()
				for range size {
					batch.Event(&e, 1_790_000_000_456)
				}
				if _, err := s.Write(context.Background(), batch); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(batch.Size()))
			b.ReportMetric(float64(b.N)*float64(size)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
