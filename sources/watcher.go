package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"

	"github.com/beamlytics/streamlytics/event"
)

// settleFor is how long a file must keep its size to count as complete.
const settleFor = time.Second

// watcher finds new files of a list of globs and reads them one after the other. What it has seen it knows only while the
// process lives: after a restart files are read again, which event ids make harmless. It belongs to one bundle at a time.
type watcher struct {
	watched Watched
	now     func() time.Time

	seen    map[string]bool  // read, or about to be; those that are still there
	growing map[string]int64 // new, with the size at the last look
	queue   []string
	current *cursor
	listed  time.Time // when the globs were listed last
	looked  time.Time // when the growing files were looked at last
}

func newWatcher(w Watched) *watcher {
	return &watcher{watched: w, now: time.Now, seen: map[string]bool{}, growing: map[string]int64{}}
}

// next returns messages of the next up to n lines, or none when there is nothing new. What is wrong with a single file is
// logged, and the file is left.
func (w *watcher) next(ctx context.Context, n int) ([]event.Message, error) {
	if err := w.look(ctx); err != nil {
		return nil, err
	}
	for {
		if w.current == nil {
			if len(w.queue) == 0 {
				return nil, nil
			}
			path := w.queue[0]
			w.queue = w.queue[1:]
			c, err := openCursor(ctx, File{Path: path, Format: w.watched.Format}, 0)
			if err != nil {
				slog.Error("new file cannot be read", "file", path, "error", err)
				continue
			}
			w.current = c
		}
		messages, err := w.current.next(n)
		if err == nil {
			return messages, nil
		}
		if !errors.Is(err, io.EOF) {
			slog.Error("new file cannot be read to its end", "file", w.current.file.Path, "error", err)
		}
		w.current.Close()
		w.current = nil
	}
}

// look lists the globs when it is time, and lets files that have stopped growing into the queue.
func (w *watcher) look(ctx context.Context) error {
	now := w.now()
	if w.listed.IsZero() || now.Sub(w.listed) >= w.watched.Poll {
		w.listed = now
		present := map[string]bool{}
		for glob := range strings.SplitSeq(w.watched.Globs, ",") {
			found, err := list(ctx, strings.TrimSpace(glob))
			if err != nil {
				return err
			}
			for _, path := range found {
				present[path] = true
				if _, ok := w.growing[path]; !ok && !w.seen[path] {
					w.growing[path] = -1
				}
			}
		}
		// What was moved away is forgotten, or the list would grow for ever.
		maps.DeleteFunc(w.seen, func(path string, _ bool) bool { return !present[path] })
	}
	if len(w.growing) == 0 || now.Sub(w.looked) < min(settleFor, w.watched.Poll) {
		return nil
	}
	w.looked = now
	var complete []string
	for path, before := range w.growing {
		size, err := sizeOf(ctx, path)
		if err != nil {
			delete(w.growing, path) // gone again; the next listing says
			continue
		}
		if size == before && size > 0 { // what is empty has nothing to read, and may have only been created
			complete = append(complete, path)
		}
		w.growing[path] = size
	}
	slices.Sort(complete)
	for _, path := range complete {
		delete(w.growing, path)
		w.seen[path] = true
		w.queue = append(w.queue, path)
	}
	return nil
}

func sizeOf(ctx context.Context, path string) (int64, error) {
	fs, err := filesystem.New(ctx, path)
	if err != nil {
		return 0, fmt.Errorf("open the file system of %s: %w", path, err)
	}
	defer fs.Close()
	return fs.Size(ctx, path)
}

// Close closes the file that is being read.
func (w *watcher) Close() error {
	if w.current == nil {
		return nil
	}
	return w.current.Close()
}
