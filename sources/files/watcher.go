package files

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/event"
)

// watcher lists globs and reads new content of their files, one file after the other. Its state is
// in memory: files are read again after a restart, which event ids make harmless. It is not safe
// for concurrent use.
type watcher struct {
	watched Watched
	now     func() time.Time
	store   store

	files   map[string]*watchedFile // those that exist, by path
	queue   []*watchedFile          // to be read, each once
	waiting map[*watchedFile]bool   // those that may be waiting
	reading *watchedFile            // the file of cursor
	cursor  *cursor
	listed  time.Time         // when the globs were listed last
	failed  map[string]string // the last error of each glob that could not be listed
}

func newWatcher(w Watched) *watcher {
	return &watcher{watched: w, now: time.Now, files: map[string]*watchedFile{}, waiting: map[*watchedFile]bool{},
		failed: map[string]string{}}
}

// next returns the messages of up to n new lines, or nil when there are none. A file that cannot be
// read is logged, and tried again at each poll.
func (w *watcher) next(ctx context.Context, n int) ([]event.Message, error) {
	if err := w.poll(ctx); err != nil {
		return nil, err
	}
	for {
		if w.cursor == nil && !w.openNext(ctx) {
			return nil, nil
		}
		messages, err := w.cursor.next(n)
		if err == nil {
			return messages, nil
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		w.reading.finish(w.cursor, err)
		w.waiting[w.reading] = true
		w.closeCursor()
	}
}

// openNext opens the next file of the queue in front of its new content, and reports whether there
// was one.
func (w *watcher) openNext(ctx context.Context) bool {
	for len(w.queue) > 0 {
		f := w.queue[0]
		w.queue = w.queue[1:]
		f.queued = false
		c, err := f.open(ctx, &w.store, w.watched.Format)
		if err == nil {
			w.reading, w.cursor = f, c
			return true
		}
		f.fail(err)
	}
	return false
}

// poll lists the globs when it is time, and queues the files that have changed, have settled or
// could not be read.
func (w *watcher) poll(ctx context.Context) error {
	now := w.now()
	var due []*watchedFile
	if w.listed.IsZero() || now.Sub(w.listed) >= w.watched.Poll {
		first := w.listed.IsZero()
		w.listed = now
		if err := w.list(ctx, now, first); err != nil {
			return err
		}
		for _, f := range w.files {
			if f.isDue() {
				due = append(due, f)
			}
		}
	}
	for f := range w.waiting {
		switch {
		case !f.waiting || w.files[f.found.path] != f:
			delete(w.waiting, f)
		case f.settled(now, w.watched.Settle):
			due = append(due, f)
		}
	}
	slices.SortFunc(due, func(a, b *watchedFile) int { return cmp.Compare(a.found.path, b.found.path) })
	for _, f := range due {
		if !f.queued && f != w.reading {
			f.queued = true
			w.queue = append(w.queue, f)
		}
	}
	return nil
}

// list updates files. A glob that cannot be listed is logged and keeps its files.
func (w *watcher) list(ctx context.Context, now time.Time, first bool) error {
	present, whole := map[string]bool{}, true
	for glob := range strings.SplitSeq(w.watched.Globs, ",") {
		glob = strings.TrimSpace(glob)
		found, err := w.store.list(ctx, glob)
		if errors.Is(err, filepath.ErrBadPattern) {
			return err
		}
		if err != nil {
			whole = false
			w.logFailure(glob, err)
			continue
		}
		delete(w.failed, glob)
		for _, e := range found {
			present[e.path] = true
			w.update(e, now)
		}
	}
	if !whole {
		return nil
	}
	if first && len(w.files) == 0 {
		slog.Info("no file yet", "globs", w.watched.Globs)
	}
	// Files that were moved away are forgotten, or the list would grow without end.
	maps.DeleteFunc(w.files, func(path string, f *watchedFile) bool {
		gone := !present[path] && f != w.reading
		if gone {
			f.logLoss()
		}
		return gone
	})
	w.queue = slices.DeleteFunc(w.queue, func(f *watchedFile) bool { return w.files[f.found.path] != f })
	return nil
}

func (w *watcher) logFailure(glob string, err error) {
	if text := err.Error(); w.failed[glob] != text {
		w.failed[glob] = text
		slog.Error("files cannot be listed; every poll tries again", "glob", glob, "error", err)
	}
}

// update records a file as listed.
func (w *watcher) update(e entry, now time.Time) {
	f := w.files[e.path]
	if f == nil {
		f = &watchedFile{}
		w.files[e.path] = f
	}
	if !f.found.same(e) || f.found.path == "" {
		f.since = now
	}
	f.found = e
}

func (w *watcher) closeCursor() {
	if w.cursor == nil {
		return
	}
	if err := w.cursor.Close(); err != nil {
		slog.Warn("file cannot be closed", "error", fmt.Errorf("close %s: %w", w.reading.found.path, err))
	}
	w.reading, w.cursor = nil, nil
}

// Close closes the file that is being read.
func (w *watcher) Close() error {
	w.closeCursor()
	return w.store.Close()
}
