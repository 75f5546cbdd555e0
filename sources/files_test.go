package sources

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
)

// numbered is a text of n lines, each with its file's name and number, after a header if there is one.
func numbered(name, header string, n int) string {
	var b strings.Builder
	b.WriteString(header)
	for i := range n {
		fmt.Fprintf(&b, "%s,%d\n", name, i)
		if i%1000 == 999 {
			b.WriteString("\n")
		}
	}
	return b.String()
}

// checkNumbered checks that each line of the files was caught exactly once.
func checkNumbered(t *testing.T, messages []event.Message, lines map[string]int) {
	t.Helper()
	seen := map[string]int{}
	total := 0
	for _, n := range lines {
		total += n
	}
	for _, m := range messages {
		if seen[string(m.Data)]++; seen[string(m.Data)] == 2 {
			t.Errorf("line %q came twice", m.Data)
		}
	}
	for name, n := range lines {
		for i := range n {
			if line := fmt.Sprintf("%s,%d", name, i); seen[line] == 0 {
				t.Fatalf("line %q is missing", line)
			}
		}
	}
	if len(messages) != total {
		t.Errorf("%d messages, want %d", len(messages), total)
	}
}

func TestFilesOnPrism(t *testing.T) {
	dir := t.TempDir()
	files := []File{
		{writeFile(t, dir, "a.csv", numbered("a", "sku,count\n", 12_345)), event.FormatWMS},
		{writeFile(t, dir, "b.csv.gz", numbered("b", "sku,count\n", 5000)), event.FormatWMS},
		{writeFile(t, dir, "c.jsonl", numbered("c", "", 3)), event.FormatUnified},
		{writeFile(t, dir, "empty.csv", ""), event.FormatWMS},
	}
	tracker := acks.New(1 << 20)
	env := newEnv(t, tracker)
	n := netOf(env)
	progress := ProgressOf(env)
	if err := progress.Measure(t.Context(), files); err != nil {
		t.Fatal(err)
	}
	var stored int64
	for _, f := range files {
		info, err := os.Stat(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		stored += info.Size()
	}
	if read, total := progress.Read(); read != 0 || total != stored {
		t.Errorf("before the start, %d of %d bytes are read; want 0 of %d", read, total, stored)
	}
	ptest.BuildAndRun(t, func(s beam.Scope) { catch(s, t.Name(), Files(s, t.Name(), files)) })
	if read, total := progress.Read(); read != stored || total != stored {
		t.Errorf("at the end, %d of %d bytes are read, want all of %d", read, total, stored)
	}
	checkNumbered(t, n.caught(), map[string]int{"a": 12_345, "b": 5000, "c": 3})
	if n.largest > bundleMessages {
		t.Errorf("a bundle has %d messages of one file, more than %d", n.largest, bundleMessages)
	}
	if tracker.Outstanding() != 0 || tracker.Acked() != 12_345+5000+3 {
		t.Errorf("%d outstanding, %d acked", tracker.Outstanding(), tracker.Acked())
	}
}

// TestFilesWithoutTracker: on a runner that acknowledges by itself there is no tracker, and nothing to wait for.
func TestFilesWithoutTracker(t *testing.T) {
	env := newEnv(t, nil)
	files := []File{{writeFile(t, t.TempDir(), "a.csv", numbered("a", "sku,count\n", 7000)), event.FormatWMS}}
	ptest.BuildAndRun(t, func(s beam.Scope) { catch(s, t.Name(), Files(s, t.Name(), files)) })
	checkNumbered(t, netOf(env).caught(), map[string]int{"a": 7000})
}

// TestFilesWaitForTheTracker: with a sink that is slow, no more than a bundle a file goes out beyond the tracker's limit, and
// the files are read to their end all the same.
func TestFilesWaitForTheTracker(t *testing.T) {
	const limit = 100
	dir := t.TempDir()
	files := []File{
		{writeFile(t, dir, "a.csv", numbered("a", "sku,count\n", 22_000)), event.FormatWMS},
		{writeFile(t, dir, "b.csv", numbered("b", "sku,count\n", 22_000)), event.FormatWMS},
	}
	tracker := acks.New(limit)
	env := newEnv(t, tracker)
	n := netOf(env)
	n.release = func(tokens []int64) {
		time.AfterFunc(100*time.Millisecond, func() { tracker.Release(tokens) }) // far slower than reading
	}
	ptest.BuildAndRun(t, func(s beam.Scope) { catch(s, t.Name(), Files(s, t.Name(), files)) })
	checkNumbered(t, n.caught(), map[string]int{"a": 22_000, "b": 22_000})
	if most := int64(limit + len(files)*bundleMessages); n.outstanding > most {
		t.Errorf("%d messages were outstanding at once, more than %d", n.outstanding, most)
	}
	if err := tracker.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if tracker.Acked() != 44_000 {
		t.Errorf("%d acked", tracker.Acked())
	}
}

// TestFilesFailure: a file that cannot be read to its end fails the job, and the error says which.
func TestFilesFailure(t *testing.T) {
	newEnv(t, acks.New(1<<20))
	whole := gzipped(t, numbered("a", "sku,count\n", 9000))
	path := filepath.Join(t.TempDir(), "cut.csv.gz")
	if err := os.WriteFile(path, whole[:len(whole)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	p, s := beam.NewPipelineWithRoot()
	catch(s, t.Name(), Files(s, t.Name(), []File{{path, event.FormatWMS}}))
	if err := ptest.Run(p); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("the job ends with %v", err)
	}
}
