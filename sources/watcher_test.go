package sources

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
)

// watching is a watcher of a folder on a clock of its own.
type watching struct {
	*watcher
	t   *testing.T
	dir string
	at  time.Time
}

func watch(t *testing.T, poll time.Duration) *watching {
	dir := t.TempDir()
	w := &watching{t: t, dir: dir, at: time.Unix(1_750_000_000, 0),
		watcher: newWatcher(Watched{Globs: filepath.Join(dir, "*.jsonl") + " , " + filepath.Join(dir, "*.gz"), Format: event.FormatUnified, Poll: poll})}
	w.now = func() time.Time { return w.at }
	t.Cleanup(func() { w.Close() })
	return w
}

// want lets time pass and checks what is read.
func (w *watching) want(after time.Duration, want ...string) {
	w.t.Helper()
	w.at = w.at.Add(after)
	var got []string
	for {
		messages, err := w.next(w.t.Context(), 2)
		if err != nil {
			w.t.Fatal(err)
		}
		if messages == nil {
			break
		}
		for _, m := range messages {
			got = append(got, string(m.Data))
		}
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("read %q, want %q", got, want)
	}
}

func TestWatcherReadsNewFilesOnce(t *testing.T) {
	w := watch(t, 10*time.Second)
	writeFile(t, w.dir, "b.jsonl", "b1\nb2\nb3\n")
	writeFile(t, w.dir, "a.jsonl.gz", "a1\n\na2\n")
	writeFile(t, w.dir, "other.txt", "no\n")
	w.want(0) // seen for the first time: may still grow
	w.want(2*time.Second, "a1", "a2", "b1", "b2", "b3")
	w.want(20 * time.Second)
	writeFile(t, w.dir, "c.jsonl", "c1")
	w.want(5 * time.Second) // not yet time to look
	w.want(6 * time.Second)
	w.want(2*time.Second, "c1")
	w.want(time.Hour)
}

// TestWatcherWaitsForGrowingFiles: a file that is being written is read when it has kept its size.
func TestWatcherWaitsForGrowingFiles(t *testing.T) {
	w := watch(t, 10*time.Second)
	text := ""
	for range 5 {
		text += "line\n"
		writeFile(t, w.dir, "a.jsonl", text)
		w.want(2 * time.Second)
	}
	w.want(2*time.Second, slices.Repeat([]string{"line"}, 5)...)
}

// TestWatcherWaitsForEmptyFiles: a file that was only created has not come yet, however long its writer takes.
func TestWatcherWaitsForEmptyFiles(t *testing.T) {
	w := watch(t, 10*time.Second)
	writeFile(t, w.dir, "a.jsonl", "")
	for range 5 {
		w.want(2 * time.Second)
	}
	writeFile(t, w.dir, "a.jsonl", "a1\n")
	w.want(2 * time.Second)
	w.want(2*time.Second, "a1")
}

// TestWatcherLeavesBadFiles: what cannot be read does not keep others from being read.
func TestWatcherLeavesBadFiles(t *testing.T) {
	w := watch(t, 10*time.Second)
	whole := gzipped(t, strings.Repeat("text that goes on\n", 200_000))
	for name, data := range map[string][]byte{"a.gz": whole[:len(whole)-10], "b.gz": whole[:4]} {
		if err := os.WriteFile(filepath.Join(w.dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(w.dir, "folder.jsonl"), 0o755); err != nil {
		t.Fatal(err)
	}
	gone := writeFile(t, w.dir, "gone.jsonl", "gone\n")
	writeFile(t, w.dir, "z.jsonl", "good\n")
	if messages, err := w.next(t.Context(), 10); err != nil || messages != nil {
		t.Fatalf("%v, %v", messages, err)
	}
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	w.at = w.at.Add(2 * time.Second)
	good := 0
	for {
		messages, err := w.next(t.Context(), 5000)
		if err != nil {
			t.Fatal(err)
		}
		if messages == nil {
			break
		}
		for _, m := range messages {
			if m.File == filepath.Join(w.dir, "z.jsonl") {
				good++
			}
		}
	}
	if good != 1 {
		t.Errorf("the good file gave %d lines", good)
	}
}

func TestWatcherBadGlob(t *testing.T) {
	w := newWatcher(Watched{Globs: filepath.Join(t.TempDir(), "[a")})
	if _, err := w.next(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "[a") {
		t.Errorf("error %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

// TestWatcherForgetsWhatWasMovedAway, so that its list does not grow for ever.
func TestWatcherForgetsWhatWasMovedAway(t *testing.T) {
	w := watch(t, 10*time.Second)
	path := writeFile(t, w.dir, "a.jsonl", "a1\n")
	writeFile(t, w.dir, "b.jsonl", "b1\n")
	w.want(0)
	w.want(2*time.Second, "a1", "b1")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	w.want(20 * time.Second)
	if len(w.seen) != 1 || len(w.growing) != 0 {
		t.Errorf("it remembers %v and %v", w.seen, w.growing)
	}
	writeFile(t, w.dir, "a.jsonl", "a2\n") // another delivery under the same name
	w.want(20 * time.Second)
	w.want(2*time.Second, "a2")
}
