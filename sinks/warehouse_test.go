package sinks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/sinks"
)

func openWarehouse(t testing.TB, dir string, opts sinks.WarehouseOptions) *sinks.Warehouse {
	t.Helper()
	w, err := sinks.OpenWarehouse(dir, opts)
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

// tableFiles lists the files of a table in the order of their names.
func tableFiles(t testing.TB, dir string, table sinks.Table) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, string(table), "*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	return files
}

// tableLines returns the lines of a table, and fails the test where a file is empty or ends within a line.
func tableLines(t testing.TB, dir string, table sinks.Table) []string {
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

func TestWarehouseFiles(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "not", "yet")
	w := openWarehouse(t, dir, sinks.WarehouseOptions{RotateBytes: 100, Fsync: true})
	if err := w.Append(ctx, sinks.TableEvents, nil); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("nothing was written, but the folder is there: %v", err)
	}

	var want []string
	for i := range 40 {
		line := fmt.Sprintf(`{"n":%d,"fill":"%s"}`, i, strings.Repeat("x", 20))
		want = append(want, line)
		if err := w.Append(ctx, sinks.TableEvents, []byte(line+"\n")); err != nil {
			t.Fatal(err)
		}
	}
	long := strings.Repeat("y", 500) // longer than a file may be
	for _, line := range []string{long, "last"} {
		want = append(want, line)
		if err := w.Append(ctx, sinks.TableEvents, []byte(line+"\n")); err != nil {
			t.Fatal(err)
		}
	}
	if got := tableLines(t, dir, sinks.TableEvents); !slices.Equal(got, want) {
		t.Errorf("lines in the order of file names:\n%q\nwant\n%q", got, want)
	}
	name := regexp.MustCompile(`^\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{8}\.jsonl$`)
	files := tableFiles(t, dir, sinks.TableEvents)
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

func TestWarehouseRotatesByAge(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	w := openWarehouse(t, dir, sinks.WarehouseOptions{RotateAfter: time.Nanosecond})
	for i := range 3 {
		if err := w.Append(ctx, sinks.TableEvents, fmt.Appendln(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	if files := tableFiles(t, dir, sinks.TableEvents); len(files) != 3 {
		t.Errorf("%d files, want 3", len(files))
	}
	if got := tableLines(t, dir, sinks.TableEvents); !slices.Equal(got, []string{"0", "1", "2"}) {
		t.Errorf("lines %q", got)
	}
}

func TestTwoWarehousesShareNoFile(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	a, b := openWarehouse(t, dir, sinks.WarehouseOptions{}), openWarehouse(t, dir, sinks.WarehouseOptions{})
	for range 100 {
		if err := errors.Join(a.Append(ctx, sinks.TableEvents, []byte("a\n")), b.Append(ctx, sinks.TableEvents, []byte("b\n"))); err != nil {
			t.Fatal(err)
		}
	}
	files := tableFiles(t, dir, sinks.TableEvents)
	if len(files) != 2 {
		t.Fatalf("%d files, want 2", len(files))
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil || len(content) != 200 || bytes.Contains(content, []byte("a")) == bytes.Contains(content, []byte("b")) {
			t.Errorf("%s holds %q, %v", file, content, err)
		}
	}
}

func TestWarehouseRefuses(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	w := openWarehouse(t, dir, sinks.WarehouseOptions{})
	if err := w.Append(ctx, "sales", []byte("{}\n")); err == nil || !strings.Contains(err.Error(), `"sales"`) {
		t.Errorf("an unknown table: %v", err)
	}
	if err := w.Append(ctx, sinks.TableEvents, []byte("{}\n{}")); err == nil || !strings.Contains(err.Error(), "no end") {
		t.Errorf("an incomplete line: %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sinks.OpenWarehouse(file, sinks.WarehouseOptions{}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file as folder: %v", err)
	}
	_, err := sinks.OpenWarehouse(dir, sinks.WarehouseOptions{RotateBytes: -1, RotateAfter: -1})
	if err == nil || !strings.Contains(err.Error(), "RotateBytes") || !strings.Contains(err.Error(), "RotateAfter") {
		t.Errorf("options out of range: %v", err)
	}
}

func TestWarehouseClosed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	w, err := sinks.OpenWarehouse(dir, sinks.WarehouseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// A file where the folder should be: the write cannot succeed.
	if err := os.WriteFile(filepath.Join(dir, string(sinks.TableEvents)), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- w.Append(ctx, sinks.TableEvents, []byte("{}\n")) }()
	select {
	case err := <-done:
		t.Fatalf("the write returned %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, sinks.ErrClosed) {
		t.Errorf("the write returned %v", err)
	}
	if err := w.Append(ctx, sinks.TableBadgeChanges, []byte("{}\n")); !errors.Is(err, sinks.ErrClosed) {
		t.Errorf("a write after Close returned %v", err)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{100, 1000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			w := openWarehouse(b, b.TempDir(), sinks.WarehouseOptions{})
			var lines []byte
			b.ReportAllocs()
			for b.Loop() {
				lines = lines[:0]
				for range size {
					lines = sinks.AppendEvent(lines, fullEvent, 1_790_000_000_456)
				}
				if err := w.Append(context.Background(), sinks.TableEvents, lines); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(lines)))
			b.ReportMetric(float64(b.N)*float64(size)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// decodeLine reads one row and checks that it is one line.
func decodeLine(t *testing.T, line []byte) map[string]any {
	t.Helper()
	if bytes.IndexByte(line, '\n') != len(line)-1 {
		t.Errorf("not one line: %q", line)
	}
	var row map[string]any
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&row); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return row
}
