package wholefile

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestReadersSeeAWholeFile reads the file while it is replaced by longer and shorter data.
func TestReadersSeeAWholeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	contents := [][]byte{bytes.Repeat([]byte("a"), 100_000), bytes.Repeat([]byte("b"), 10)}
	if err := Replace(path, contents[0]); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		for i := range 300 {
			if err := Replace(path, contents[i%2]); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
				t.Errorf("the folder holds %v, %v", left, err)
			}
			return
		default:
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, contents[0]) &&
			!bytes.Equal(got, contents[1]) {
			t.Fatalf("a reader saw %d bytes, %v", len(got), err)
		}
	}
}

func TestFailedReplaceKeepsTheFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Replace(filepath.Join(dir, "folder"), nil); err == nil {
		t.Error("no error for a folder as target")
	}
	if err := Replace(filepath.Join(dir, "none", "file"), nil); err == nil {
		t.Error("no error for a missing folder")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v, %v", left, err)
	}
}

// TestCheckFolder checks folders that are there, missing and impossible, and that nothing is left.
func TestCheckFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for path, good := range map[string]bool{dir: true, ".": true, "new": true, filepath.Join(dir, "a", "b"): true,
		file: false, filepath.Join(file, "below"): false} {
		if err := CheckFolder(path); (err == nil) != good {
			t.Errorf("%s: %v", path, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}
