package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/beamlytics/streamlytics/event"
)

// watchedFile is the state of reading a file that may change.
type watchedFile struct {
	found  entry     // as listed last
	since  time.Time // when it was first listed with this content
	queued bool

	// How far it is read.
	read    entry  // as it was when it was read; zero before that
	at      int64  // lines read that have an end
	bytes   int64  // bytes read, including those behind these lines
	sum     uint64 // hash of these bytes
	unsure  bool   // it changed, or failed, while it was read
	waiting bool   // it ends with a line without an end, or with a flaw, that is not read yet
	final   bool   // that is to be read now
	failure string // error of the last read; empty if it reached the end
}

// isDue reports whether the file is to be read: it is new, has changed or could not be read. An
// empty file is not due, since its content may follow.
func (f *watchedFile) isDue() bool {
	if f.found.err != nil || f.failure != "" {
		return true
	}
	return f.found.size > 0 && !f.found.same(f.read)
}

// settled reports whether the last line or the flaw of a waiting file is to be read now, because
// the file has not changed for the settle time.
func (f *watchedFile) settled(now time.Time, settle time.Duration) bool {
	if f.final || f.failure != "" || now.Sub(f.since) < settle {
		return false
	}
	e, found := statLocal(f.found.path)
	if !found || !e.same(f.found) {
		f.since = now // the next listing updates found
		return false
	}
	f.final = true
	return true
}

// open opens the file in front of its first unread line. That is the first line of the file if the
// content that was read has been replaced.
func (f *watchedFile) open(ctx context.Context, s *store, format event.Format) (*cursor, error) {
	if f.found.err != nil {
		return nil, f.found.err
	}
	r, e, err := s.open(ctx, f.found)
	if err != nil {
		return nil, err
	}
	from := int64(0)
	seeker, seekable := r.(io.ReadSeeker)
	if seekable && f.mayContinue(e) {
		if from, err = f.verify(seeker); err != nil {
			return nil, errors.Join(err, r.Close())
		}
	}
	c := newCursor(File{Path: e.path, Format: format}, r)
	c.stored.sum = xxhash.New()
	c.partial = e.generation == 0 && !f.final
	if err := c.skip(from); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	f.read = e
	return c, nil
}

// mayContinue reports whether the file, which is now e, may be the one that was read, grown since.
// If not, it was replaced.
func (f *watchedFile) mayContinue(e entry) bool {
	return f.bytes > 0 && (e.size > f.bytes || e.size == f.bytes && (f.unsure || f.waiting))
}

// verify returns how many lines of a file need not be read again: all that were read if the file
// still begins with the same bytes, else none. It reads these bytes, and leaves the file at its
// beginning.
func (f *watchedFile) verify(r io.ReadSeeker) (from int64, err error) {
	sum := xxhash.New()
	n, err := io.CopyN(sum, r, f.bytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	if n == f.bytes && sum.Sum64() == f.sum {
		return f.at, nil
	}
	slog.Info("file was replaced and is read again", "file", f.found.path)
	return 0, nil
}

// finish records how far a cursor that open returned has read the file, and the error that ended
// it, which is nil at the end of the file.
func (f *watchedFile) finish(c *cursor, err error) {
	f.at, f.bytes, f.sum = c.ended, c.stored.n, c.stored.sum.Sum64()
	f.waiting, f.final, f.unsure = c.waits, false, err != nil
	if err != nil {
		f.fail(err)
		return
	}
	f.failure = ""
	if f.read.generation != 0 {
		return
	}
	if e, found := statLocal(f.found.path); !found || !e.same(f.read) {
		f.unsure = true
	}
}

// fail records and logs that the file cannot be read. It does not log the same error twice in a
// row.
func (f *watchedFile) fail(err error) {
	text := fmt.Sprintf("%v", err)
	if f.failure != text {
		slog.Error("file cannot be read; every poll tries again", "file", f.found.path, "error", err)
	}
	f.failure, f.final = text, false
}

// logLoss logs that the file is gone, unless all of it was read.
func (f *watchedFile) logLoss() {
	if f.queued || f.waiting || f.failure != "" {
		slog.Error("file was moved away before all of it was read", "file", f.found.path, "read_lines", f.at)
	}
}
