// Package wholefile writes small files that others read while they are replaced.
package wholefile

import (
	"fmt"
	"os"
	"path/filepath"
)

// Replace makes a file hold the data and nothing else. A reader sees what was there before or all of the data, and never a part;
// where it fails, what was there stays. Others may read the file.
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
