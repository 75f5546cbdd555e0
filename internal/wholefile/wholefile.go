// Package wholefile replaces small files atomically, so that a reader never sees a part of one.
package wholefile

import (
	"fmt"
	"os"
	"path/filepath"
)

// Replace replaces the content of a file by data. A reader sees the old content or all of data. If
// Replace fails, the old content stays. The file is readable by all users.
func Replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(data)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
