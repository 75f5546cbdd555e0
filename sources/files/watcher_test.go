package files

import (
	"fmt"
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

// settle is how long a file of a test must not have changed: more than one poll, and less than two.
const settle = 15 * time.Second

func watch(t *testing.T, poll time.Duration) *watching {
	dir := t.TempDir()
	w := &watching{t: t, dir: dir, at: time.Unix(1_750_000_000, 0), watcher: newWatcher(Watched{
		Globs: filepath.Join(dir, "*.jsonl") + " , " + filepath.Join(dir, "*.gz"), Format: event.FormatUnified,
		Poll: poll, Settle: settle})}
	w.now = func() time.Time { return w.at }
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// read reads what is there.
func (w *watching) read() (messages []event.Message) {
	w.t.Helper()
	for {
		next, err := w.next(w.t.Context(), 5000)
		if err != nil {
			w.t.Fatal(err)
		}
		if next == nil {
			return messages
		}
		messages = append(messages, next...)
	}
}

// want lets time pass and checks what is read.
func (w *watching) want(after time.Duration, want ...string) {
	w.t.Helper()
	w.at = w.at.Add(after)
	var got []string
	for _, m := range w.read() {
		got = append(got, string(m.Data))
		if m.Unreadable != "" {
			got[len(got)-1] = "! " + m.Unreadable
		}
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("read %.300q, want %.300q", got, want)
	}
}

// add appends to a file.
func (w *watching) add(name, text string) {
	w.t.Helper()
	f, err := os.OpenFile(filepath.Join(w.dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		w.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// replace renames a new file over another.
func (w *watching) replace(name, text string) {
	w.t.Helper()
	if err := os.Rename(writeFile(w.t, w.dir, "new", text), filepath.Join(w.dir, name)); err != nil {
		w.t.Fatal(err)
	}
}

// touched sets the modification time of a file to what no other of the test has.
func (w *watching) touched(name string) {
	w.t.Helper()
	if err := os.Chtimes(filepath.Join(w.dir, name), w.at, w.at); err != nil {
		w.t.Fatal(err)
	}
}

func TestWatcherReadsNewFilesOnce(t *testing.T) {
	w := watch(t, 10*time.Second)
	writeFile(t, w.dir, "b.jsonl", "b1\nb2\nb3\n")
	writeFile(t, w.dir, "a.jsonl.gz", "a1\n\na2\n")
	writeFile(t, w.dir, "other.txt", "no\n")
	w.want(0, "a1", "a2", "b1", "b2", "b3")
	w.want(20 * time.Second)
	writeFile(t, w.dir, "c.jsonl", "c1\n")
	w.want(5 * time.Second) // not yet time to look
	w.want(5*time.Second, "c1")
	w.want(time.Hour)
}

// TestWatcherFollowsGrowingFiles: what is appended is read, each line once, whatever the line ends
// and wherever a write stops.
func TestWatcherFollowsGrowingFiles(t *testing.T) {
	for name, end := range map[string]string{"LF": "\n", "CRLF": "\r\n", "CR": "\r"} {
		t.Run(name, func(t *testing.T) {
			w := watch(t, 10*time.Second)
			text, read := "", 0
			for i := range 40 {
				text += fmt.Sprintf("line %d", i) + end
			}
			for at := 0; at < len(text); at += 3 {
				w.add("a.jsonl", text[at:min(at+3, len(text))])
				w.at = w.at.Add(10 * time.Second)
				for _, m := range w.read() {
					if want := fmt.Sprintf("line %d", read); string(m.Data) != want || m.Line != int64(read+1) {
						t.Fatalf("line %d is %q, want %q", m.Line, m.Data, want)
					}
					read++
				}
				if complete := len(wantLines(text[:min(at+3, len(text))]+"x")) - 1; read != complete {
					t.Fatalf("%d lines are read of %d", read, complete)
				}
			}
			if read != 40 {
				t.Errorf("%d lines are read", read)
			}
		})
	}
}

// TestWatcherWaitsForTheEndOfALine: a last line without an end is read when the file has settled,
// and again when it goes on after all.
func TestWatcherWaitsForTheEndOfALine(t *testing.T) {
	w := watch(t, 10*time.Second)
	w.add("a.jsonl", "a1\na")
	w.want(0, "a1")
	w.want(10 * time.Second)
	w.add("a.jsonl", "2")
	w.want(10 * time.Second) // has just changed
	w.want(14 * time.Second)
	w.want(time.Second, "a2")
	w.want(time.Hour)
	w.add("a.jsonl", "5\na3\n")
	w.want(10*time.Second, "a25", "a3")
	w.want(time.Hour)
}

// TestWatcherLooksBeforeItSettles: a file that has changed since the last listing has not settled.
func TestWatcherLooksBeforeItSettles(t *testing.T) {
	w := watch(t, time.Minute)
	w.add("a.jsonl", "a1\na")
	w.want(0, "a1")
	w.add("a.jsonl", "2")
	w.want(settle)
	w.add("a.jsonl", "5\n")
	w.want(time.Minute-settle, "a25")
}

func TestWatcherReadsReplacedFiles(t *testing.T) {
	w := watch(t, 10*time.Second)
	long := strings.Repeat("line\n", 1000)
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"new", func() { w.replace("a.jsonl", "a1\na2\n") }, []string{"a1", "a2"}},
		{"another of the same size", func() { w.replace("a.jsonl", "b1\nb2\n") }, []string{"b1", "b2"}},
		{"a longer one", func() { w.replace("a.jsonl", "c1\nc2\nc3\n") }, []string{"c1", "c2", "c3"}},
		{"one that goes on with it", func() { w.replace("a.jsonl", "c1\nc2\nc3\nc4\n") }, []string{"c4"}},
		{"a shorter one", func() { w.replace("a.jsonl", "c1\n") }, []string{"c1"}},
		{"written over", func() { writeFile(t, w.dir, "a.jsonl", "d1\nd2\n"); w.touched("a.jsonl") },
			[]string{"d1", "d2"}},
		{"written over at the same size", func() {
			writeFile(t, w.dir, "a.jsonl", "d1\nd3\n")
			w.touched("a.jsonl")
		}, []string{"d1", "d3"}},
		{"the same once more", func() { w.touched("a.jsonl") }, []string{"d1", "d3"}},
		{"emptied", func() { writeFile(t, w.dir, "a.jsonl", "") }, nil},
		{"filled", func() { w.add("a.jsonl", "e1\n"+long) },
			append([]string{"e1"}, slices.Repeat([]string{"line"}, 1000)...)},
		{"changed far from its end, and longer", func() {
			writeFile(t, w.dir, "a.jsonl", "e2\n"+long+"e3\n")
			w.touched("a.jsonl")
		},
			append(append([]string{"e2"}, slices.Repeat([]string{"line"}, 1000)...), "e3")},
	} {
		step.do()
		w.want(10*time.Second, step.want...)
		w.want(10 * time.Second)
		if t.Failed() {
			t.Fatalf("that was: %s", step.name)
		}
	}
}

// TestWatcherKeepsTheHeader of a CSV file that grows.
func TestWatcherKeepsTheHeader(t *testing.T) {
	w := watch(t, 10*time.Second)
	w.watched.Globs, w.watched.Format = filepath.Join(w.dir, "*.csv"), event.FormatWMS
	w.add("a.csv", "\ufeff"+columns)
	w.want(0)
	w.add("a.csv", "1,2,3,4\n")
	w.at = w.at.Add(10 * time.Second)
	if m := w.read(); len(m) != 1 || len(m[0].Columns) != 4 || m[0].Line != 2 || m[0].Unreadable != "" {
		t.Errorf("%+v", m)
	}
}

// TestWatcherChangedWhileRead: what happens to a file while it is read is not lost.
func TestWatcherChangedWhileRead(t *testing.T) {
	old := strings.Repeat("old line\n", 3*chunkBytes/9)
	for name, tt := range map[string]struct {
		do   func(w *watching)
		want []string
	}{
		"grows":      {func(w *watching) { w.add("a.jsonl", "more\n") }, []string{"more"}},
		"replaced":   {func(w *watching) { w.replace("a.jsonl", "n1\nn2\n") }, []string{"n1", "n2"}},
		"rewritten":  {func(w *watching) { writeFile(t, w.dir, "a.jsonl", "n1\nn2\n") }, []string{"n1", "n2"}},
		"moved away": {func(w *watching) { os.Remove(filepath.Join(w.dir, "a.jsonl")) }, nil},
		"moved away and back": {func(w *watching) {
			if err := os.Rename(filepath.Join(w.dir, "a.jsonl"), filepath.Join(w.dir, "b.jsonl")); err != nil {
				t.Fatal(err)
			}
			w.add("a.jsonl", "n3\n")
			w.replace("b.jsonl", "n4\n")
		}, []string{"n3", "n4"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := watch(t, 10*time.Second)
			writeFile(t, w.dir, "a.jsonl", old)
			if m, err := w.next(t.Context(), 10); err != nil || len(m) != 10 {
				t.Fatalf("%d messages, %v", len(m), err)
			}
			tt.do(w)
			messages := w.read()
			for range 3 {
				w.at = w.at.Add(10 * time.Second)
				messages = append(messages, w.read()...)
			}
			var got []string
			for _, m := range messages {
				if string(m.Data) != "old line" {
					got = append(got, string(m.Data))
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("read %.200q, want %q", got, tt.want)
			}
		})
	}
}

// TestWatcherWaitsForEmptyFiles: a file that was only created has not come yet, however long its
// writer takes.
func TestWatcherWaitsForEmptyFiles(t *testing.T) {
	w := watch(t, 10*time.Second)
	writeFile(t, w.dir, "a.jsonl", "")
	for range 5 {
		w.want(10 * time.Second)
	}
	writeFile(t, w.dir, "a.jsonl", "a1\n")
	w.want(10*time.Second, "a1")
}

// TestWatcherCutGzip: a gzip that is still being written waits until it has settled; what is then
// cut short is one message for the decoder to refuse, and is read on from there if it becomes whole
// after all.
func TestWatcherCutGzip(t *testing.T) {
	w := watch(t, 10*time.Second)
	var text strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&text, "line %d\n", i*7919)
	}
	whole := string(gzipped(t, text.String()))
	read := 0
	follow := func(after time.Duration) (refused []event.Message) {
		w.at = w.at.Add(after)
		for _, m := range w.read() {
			if m.Unreadable != "" {
				refused = append(refused, m)
				continue
			}
			if want := fmt.Sprintf("line %d", read*7919); string(m.Data) != want {
				t.Fatalf("line %d is %q, want %q", m.Line, m.Data, want)
			}
			read++
		}
		return refused
	}
	w.add("a.gz", whole[:len(whole)/2])
	if bad := follow(0); len(bad) != 0 || read < 5000 {
		t.Fatalf("%d lines, refused %v", read, bad)
	}
	w.add("a.gz", whole[len(whole)/2:len(whole)-5])
	if bad := follow(10 * time.Second); len(bad) != 0 || read < 15_000 {
		t.Fatalf("%d lines, refused %v", read, bad)
	}
	if bad := follow(settle); len(bad) != 1 || !strings.Contains(bad[0].Unreadable, "cut short") {
		t.Fatalf("after it has settled: refused %v", bad)
	}
	if bad := follow(time.Hour); len(bad) != 0 {
		t.Fatalf("refused again: %v", bad)
	}
	w.add("a.gz", whole[len(whole)-5:])
	if bad := follow(10 * time.Second); len(bad) != 0 || read != 20_000 {
		t.Errorf("%d lines, refused %v", read, bad)
	}
}

// TestWatcherBinaryFiles: what is no text is one message for the decoder to refuse, when it has
// settled: it may be space that is still to be filled.
func TestWatcherBinaryFiles(t *testing.T) {
	w := watch(t, 10*time.Second)
	writeFile(t, w.dir, "a.jsonl", strings.Repeat("\x00", 9000))
	writeFile(t, w.dir, "b.jsonl", strings.Repeat("\x00", 6))
	w.want(0)
	writeFile(t, w.dir, "b.jsonl", "b1\nb2\n")
	w.touched("b.jsonl")
	w.want(10*time.Second, "b1", "b2")
	w.want(settle, "! the file is binary (byte 1 is NUL), not UTF-8 text; nothing of it is read")
	w.want(time.Hour)
	w.replace("a.jsonl", strings.Repeat("a1\n", 3000))
	w.want(10*time.Second, slices.Repeat([]string{"a1"}, 3000)...)
}

// TestWatcherTriesAgain: a file that cannot be opened or read keeps no other from being read, and
// is read when it can be.
func TestWatcherTriesAgain(t *testing.T) {
	w := watch(t, 10*time.Second)
	path := filepath.Join(w.dir, "a.jsonl")
	if err := os.Symlink(path, path); err != nil { // a loop: no right helps to open it
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(w.dir, "folder.jsonl"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(w.dir, "later"), filepath.Join(w.dir, "b.jsonl")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, w.dir, "z.jsonl", "good\n")
	w.want(0, "good")
	w.want(10 * time.Second)
	if a, b := w.files[path].failure, w.files[filepath.Join(w.dir, "b.jsonl")].failure; a == "" || b == "" {
		t.Errorf("failures %q, %q", a, b)
	}
	w.replace("a.jsonl", "a1\n")
	writeFile(t, w.dir, "later", "b1\n")
	w.want(10*time.Second, "a1", "b1")
	w.want(time.Hour)
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
	path := writeFile(t, w.dir, "a.jsonl", "a1\nwaits")
	writeFile(t, w.dir, "b.jsonl", "b1\n")
	w.want(0, "a1", "b1")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	w.want(20 * time.Second)
	if len(w.files) != 1 || len(w.waiting) != 0 || len(w.queue) != 0 {
		t.Errorf("it keeps %v, %v and %v", w.files, w.waiting, w.queue)
	}
	writeFile(t, w.dir, "a.jsonl", "a2\n") // another delivery under the same name
	w.want(20*time.Second, "a2")
}
