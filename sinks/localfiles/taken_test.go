package localfiles

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/beamlytics/streamlytics/sinks/rows"
)

// TestLocalFilesTakenAway removes and moves files and folders under a warehouse that has them open.
// Lines that are written then stand where the warehouse is looked for, and those in a file that was
// moved stay with it.
func TestLocalFilesTakenAway(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "warehouse")
	aside := t.TempDir()
	w := openSink(t, dir, Options{})
	write := func(line string) {
		t.Helper()
		if err := appendLines(ctx, w, rows.Events, []byte(line+"\n")); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(dir string, want ...string) {
		t.Helper()
		if got := tableLines(t, dir, rows.Events); !slices.Equal(got, want) {
			t.Errorf("lines %q, want %q", got, want)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write("1")
	must(os.Remove(tableFiles(t, dir, rows.Events)[0]))
	write("2")
	write("3")
	holds(dir, "2", "3")
	must(os.RemoveAll(filepath.Join(dir, string(rows.Events))))
	write("4")
	holds(dir, "4")
	must(os.RemoveAll(dir))
	write("5")
	holds(dir, "5")
	must(os.Rename(dir, filepath.Join(aside, "moved")))
	write("6")
	holds(dir, "6")
	holds(filepath.Join(aside, "moved"), "5")
	file := tableFiles(t, dir, rows.Events)[0]
	must(os.Remove(file))
	must(os.WriteFile(file, []byte("of somebody else\n"), 0o600))
	write("7")
	holds(dir, "of somebody else", "7")
}
