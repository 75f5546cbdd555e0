// Package localfiles keeps rows of the archive as JSON lines in files, one folder a table.
package localfiles

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/beamlytics/streamlytics/sinks/rows"
)

// The default limits of a file.
const (
	defaultRotateBytes = 64 << 20
	defaultRotateAfter = time.Hour
)

// Options configure how files are written. The zero value is the default.
type Options struct {
	// Fsync makes every write reach the disk before it returns, so that it survives a crash of the
	// machine and not only of the process.
	Fsync bool

	rotateBytes int64         // the size that a file does not exceed, unless a single write does
	rotateAfter time.Duration // the age, wall time, from which the next write begins another file
}

// Sink keeps each table as files of JSON lines in a folder of its own:
// {dir}/{table}/{time}-{random}.jsonl. The names sort by the time at which the file was begun and
// are never shared between processes. Folders and files are created with the first write. A file
// holds complete lines only. Where the machine crashed during a write, the last line may have no
// end.
//
// It is safe for concurrent use. Writes to one table happen one after another.
type Sink struct {
	tables [len(rows.Tables)]*table
	closed chan struct{}
	once   sync.Once // guards closed
}

// Open returns a sink with its files in dir, or in the current directory when dir is empty. It
// creates nothing yet. It fails when dir is something other than a directory.
func Open(dir string, opts Options) (*Sink, error) {
	if dir == "" {
		dir = "."
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("open warehouse: %s is not a directory", dir)
	}
	if opts.rotateBytes == 0 {
		opts.rotateBytes = defaultRotateBytes
	}
	if opts.rotateAfter == 0 {
		opts.rotateAfter = defaultRotateAfter
	}
	s := &Sink{closed: make(chan struct{})}
	for i, t := range rows.Tables {
		s.tables[i] = newTable(filepath.Join(dir, string(t)), opts, s.closed)
	}
	return s, nil
}

// NewBatch returns an empty batch of lines.
func (s *Sink) NewBatch() *rows.Batch { return rows.NewLines() }

// Write appends the rows of a batch to their tables and returns when the operating system has them
// (the disk, with Fsync). It refuses no row. It blocks and retries as every sink does, such as on a
// full disk, and removes the part of a line that was written before an error. It does not keep b.
func (s *Sink) Write(ctx context.Context, b *rows.Batch) ([]rows.Refused, error) {
	for i, t := range s.tables {
		name := rows.Tables[i]
		lines := b.Lines(name)
		if len(lines) == 0 {
			continue
		}
		if err := t.append(ctx, lines); err != nil {
			return nil, fmt.Errorf("append to table %s: %w", name, err)
		}
	}
	return nil, nil
}

// Close closes every file. Writes that wait for their target, and later ones, return ErrClosed of
// package retry. Another Close does nothing.
func (s *Sink) Close() error {
	s.once.Do(func() { close(s.closed) })
	var errs []error
	for _, t := range s.tables {
		errs = append(errs, t.close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close warehouse: %w", err)
	}
	return nil
}
