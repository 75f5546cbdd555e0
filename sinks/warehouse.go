package sinks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// The default limits of a warehouse file.
const (
	DefaultRotateBytes = 64 << 20
	DefaultRotateAfter = time.Hour
)

// WarehouseOptions says how the files of a warehouse are written. The zero value is the default.
type WarehouseOptions struct {
	// Fsync makes every write reach the disk before it returns, so that it survives a crash of the machine and not only
	// of the process.
	Fsync bool
	// RotateBytes is the size that a file does not exceed, unless a single write does; 0 means DefaultRotateBytes.
	RotateBytes int64
	// RotateAfter is the age, wall time, from which a file is left at the next write; 0 means DefaultRotateAfter.
	RotateAfter time.Duration
}

// Validate reports what is out of range, naming the field.
func (o WarehouseOptions) Validate() error {
	var errs []error
	if o.RotateBytes < 0 {
		errs = append(errs, fmt.Errorf("RotateBytes: %d is negative", o.RotateBytes))
	}
	if o.RotateAfter < 0 {
		errs = append(errs, fmt.Errorf("RotateAfter: %v is negative", o.RotateAfter))
	}
	return errors.Join(errs...)
}

// Warehouse keeps each table as files of JSON lines in a folder of its own: {dir}/{table}/{time}-{random}.jsonl. The names
// sort by the time at which the file was begun and are never shared between processes; folders and files come with the first
// write. A file holds complete lines only, except for a last one without its end where the machine crashed in the middle of
// a write that had not returned.
//
// It is safe for concurrent use; writes to one table happen one after another.
type Warehouse struct {
	tables map[Table]*tableWriter
	closed chan struct{}
	once   sync.Once // guards closed
}

// OpenWarehouse opens the warehouse in dir, or in the current directory when dir is empty. It creates nothing yet. It fails
// when an option is out of range or dir is something other than a directory.
func OpenWarehouse(dir string, opts WarehouseOptions) (*Warehouse, error) {
	if err := opts.Validate(); err != nil {
		return nil, fmt.Errorf("open warehouse: %w", err)
	}
	if dir == "" {
		dir = "."
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("open warehouse: %s is not a directory", dir)
	}
	if opts.RotateBytes == 0 {
		opts.RotateBytes = DefaultRotateBytes
	}
	if opts.RotateAfter == 0 {
		opts.RotateAfter = DefaultRotateAfter
	}
	w := &Warehouse{tables: map[Table]*tableWriter{}, closed: make(chan struct{})}
	for _, t := range Tables {
		w.tables[t] = newTableWriter(filepath.Join(dir, string(t)), opts)
	}
	return w, nil
}

// Append writes lines, one or more JSON values each ending with "\n", to the end of a table, and returns when the operating
// system has them (the disk, with Fsync): they survive the end of this process. While that is impossible, as on a full
// disk, it blocks and retries until ctx ends; what was written of an incomplete line by then is cut off again.
//
// It does not keep lines. An unknown table or lines that do not end with "\n" are an error at once.
func (w *Warehouse) Append(ctx context.Context, table Table, lines []byte) error {
	t := w.tables[table]
	if t == nil {
		return fmt.Errorf("append to warehouse: no table %q", table)
	}
	if len(lines) == 0 {
		return nil
	}
	if lines[len(lines)-1] != '\n' {
		return fmt.Errorf("append to table %s: the last line has no end", table)
	}
	if err := t.append(ctx, lines, w.closed); err != nil {
		return fmt.Errorf("append to table %s: %w", table, err)
	}
	return nil
}

// Close closes every file. Writes under way that wait for their target end with ErrClosed, as do later ones. Closing again
// does nothing.
func (w *Warehouse) Close() error {
	w.once.Do(func() { close(w.closed) })
	var errs []error
	for _, t := range w.tables {
		errs = append(errs, t.close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close warehouse: %w", err)
	}
	return nil
}
