package localfiles

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/beamlytics/streamlytics/sinks/retry"
)

// errTakenAway reports that a file was removed or moved while it was written to.
var errTakenAway = errors.New("the file was taken away")

// fileTimeFormat is the format of the time in a file's name, which sorts by time.
const fileTimeFormat = "20060102T150405.000Z"

// table writes the files of one table, one at a time.
type table struct {
	dir    string
	opts   Options
	turn   chan struct{} // holds one element while nobody writes: a lock with a timeout
	closed <-chan struct{}
	target *retry.Target

	// The following fields are guarded by turn.
	file    *os.File    // nil before the first write and after a rotation
	id      os.FileInfo // identifies file
	size    int64       // bytes of complete lines in file
	partial bool        // file may hold more than size bytes: a part of a line
	opened  time.Time
	named   time.Time // the time in the newest file's name
}

func newTable(dir string, opts Options, closed <-chan struct{}) *table {
	t := &table{
		dir: dir, opts: opts, turn: make(chan struct{}, 1), closed: closed,
		target: retry.NewTarget("write to the warehouse", dir, closed),
	}
	t.turn <- struct{}{}
	return t
}

func (t *table) append(ctx context.Context, lines []byte) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case <-t.turn:
		defer func() { t.turn <- struct{}{} }()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.closed:
		return retry.ErrClosed
	}
	select {
	case <-t.closed: // both were ready
		return retry.ErrClosed
	default:
	}

	backoff := retry.Backoff()
	for {
		err := t.rotate(int64(len(lines)))
		if err == nil {
			var n int
			n, err = t.write(lines)
			if err == nil {
				return nil
			}
			lines = lines[n:]
		}
		if err := t.target.Wait(ctx, &backoff, slog.LevelWarn, err); err != nil {
			return err
		}
	}
}

// rotate opens a file that holds complete lines only. It leaves the open one when it is too old or
// has no room for n more bytes.
func (t *table) rotate(n int64) error {
	if err := t.cutOff(); err != nil {
		return err
	}
	if t.file != nil && t.size > 0 && (t.size+n > t.opts.rotateBytes || time.Since(t.opened) >= t.opts.rotateAfter) {
		if err := t.leave(); err != nil {
			return err
		}
	}
	if err := t.leaveIfGone(); err != nil {
		return err
	}
	if t.file != nil {
		return nil
	}
	return t.begin()
}

// leaveIfGone leaves the open file when its name no longer leads to it: it, or a folder above it,
// was removed or moved, and no reader would find what is written to it.
func (t *table) leaveIfGone() error {
	if t.file == nil {
		return nil
	}
	now, err := os.Stat(t.file.Name())
	switch {
	case err == nil && os.SameFile(now, t.id):
		return nil
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return t.leave()
	default:
		return err
	}
}

// cutOff removes a part of a line from the end of the open file.
func (t *table) cutOff() error {
	if t.file == nil || !t.partial {
		return nil
	}
	if err := t.file.Truncate(t.size); err != nil {
		return fmt.Errorf("cut off an incomplete line: %w", err)
	}
	t.partial = false
	return nil
}

// write appends lines to the open file. It returns how many bytes of complete lines are safe. On an
// error the others must be written again.
func (t *table) write(lines []byte) (int, error) {
	n, err := t.file.Write(lines)
	if err != nil {
		whole := bytes.LastIndexByte(lines[:n], '\n') + 1
		t.partial = n > whole
		n = whole
		t.size += int64(n)
		err = errors.Join(err, t.cutOff())
	} else {
		t.size += int64(n)
	}
	if goneErr := t.leaveIfGone(); goneErr != nil || t.file == nil {
		// It was removed or moved meanwhile: the lines are written to another file, perhaps twice.
		return 0, errors.Join(err, goneErr, errTakenAway)
	}
	if !t.opts.Fsync {
		return n, err
	}
	if syncErr := t.file.Sync(); syncErr != nil {
		// After a failed fsync the content of the disk is unknown, and a second fsync may succeed
		// all the same. The lines are written to another file: twice is better than never.
		return 0, errors.Join(err, syncErr, t.leave())
	}
	return n, err
}

// begin creates the next file.
func (t *table) begin() error {
	if err := os.MkdirAll(t.dir, 0o755); err != nil {
		return err
	}
	for {
		now := time.Now().UTC()
		named := now.Truncate(time.Millisecond)
		if !named.After(t.named) { // two files in a millisecond, or a clock that was set back
			named = t.named.Add(time.Millisecond)
		}
		var random [4]byte
		_, _ = rand.Read(random[:]) // never fails
		name := named.Format(fileTimeFormat) + "-" + hex.EncodeToString(random[:]) + ".jsonl"
		f, err := os.OpenFile(filepath.Join(t.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		id, err := f.Stat()
		if err == nil && t.opts.Fsync {
			err = syncDir(t.dir)
		}
		if err != nil {
			return errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
		t.file, t.id, t.size, t.partial, t.opened, t.named = f, id, 0, false, now, named
		return nil
	}
}

// syncDir writes a folder to the disk, so that the name of a new file survives a crash of the
// machine.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// leave closes the open file.
func (t *table) leave() error {
	f := t.file
	t.file = nil
	return f.Close()
}

// close leaves the open file.
func (t *table) close() error {
	<-t.turn
	defer func() { t.turn <- struct{}{} }()
	if t.file == nil {
		return nil
	}
	return errors.Join(t.cutOff(), t.leave())
}
