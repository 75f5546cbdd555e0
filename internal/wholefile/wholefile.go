// Package wholefile replaces small files atomically, so that a reader never sees a part of one.
package wholefile

import (
	"errors"
	"fmt"
	"io/fs"
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

// CheckFolder returns an error unless files can be created in a folder. For a folder that is
// missing, the nearest one above it that exists is checked, in which it is to be created. CheckFolder
// creates a file for that and removes it.
func CheckFolder(dir string) error {
	dir = filepath.Clean(dir)
	for _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir); _, err = os.Stat(dir) {
		dir = filepath.Dir(dir)
	}
	f, err := os.CreateTemp(dir, ".streamlytics-check-*")
	if err != nil {
		return fmt.Errorf("create a file in %s: %w", dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
