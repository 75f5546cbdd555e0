package files

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
	"github.com/beamlytics/streamlytics/sources"
	"github.com/beamlytics/streamlytics/test/sourcetest"
)

// columns is a CSV header that has all it needs.
const columns = "store_id,sku,count,timestamp\n"

// fileOf is a file as Match finds it.
func fileOf(t *testing.T, path string, format event.Format) File {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return File{Path: path, Format: format, Size: info.Size()}
}

// numbered is a text of n lines, each with its file's name and number, after a header if there is
// one.
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
		fileOf(t, writeFile(t, dir, "a.csv", numbered("a", columns, 12_345)), event.FormatWMS),
		fileOf(t, writeFile(t, dir, "b.csv.gz", numbered("b", columns, 5000)), event.FormatWMS),
		fileOf(t, writeFile(t, dir, "c.jsonl", numbered("c", "", 3)), event.FormatUnified),
		fileOf(t, writeFile(t, dir, "empty.csv", ""), event.FormatWMS),
	}
	tracker := acks.New(1 << 20)
	env := sourcetest.NewEnv(t, tracker)
	n := sourcetest.NetOf(env)
	progress := ProgressOf(env)
	progress.Measure(files)
	var stored int64
	for _, f := range files {
		stored += f.Size
	}
	if read, total := progress.Read(); read != 0 || total != stored {
		t.Errorf("before the start, %d of %d bytes are read; want 0 of %d", read, total, stored)
	}
	ptest.BuildAndRun(t, func(s beam.Scope) { sourcetest.Catch(s, t.Name(), Read(s, t.Name(), files, true)) })
	if read, total := progress.Read(); read != stored || total != stored {
		t.Errorf("at the end, %d of %d bytes are read, want all of %d", read, total, stored)
	}
	checkNumbered(t, n.Caught(), map[string]int{"a": 12_345, "b": 5000, "c": 3})
	if n.Largest() > sources.BundleMessages {
		t.Errorf("a bundle has %d messages of one file, more than %d", n.Largest(), sources.BundleMessages)
	}
	if tracker.Outstanding() != 0 || tracker.Acked() != 12_345+5000+3 {
		t.Errorf("%d outstanding, %d acked", tracker.Outstanding(), tracker.Acked())
	}
}

// TestFilesWithoutTracker: on a runner that acknowledges by itself there is no tracker, and nothing
// to wait for.
func TestFilesWithoutTracker(t *testing.T) {
	env := sourcetest.NewEnv(t, nil)
	files := []File{fileOf(t, writeFile(t, t.TempDir(), "a.csv", numbered("a", columns, 7000)), event.FormatWMS)}
	ptest.BuildAndRun(t, func(s beam.Scope) { sourcetest.Catch(s, t.Name(), Read(s, t.Name(), files, true)) })
	checkNumbered(t, sourcetest.NetOf(env).Caught(), map[string]int{"a": 7000})
}

// TestFilesWaitForTheTracker: with a sink that is slow, no more than a bundle goes out beyond the
// tracker's limit, and the files are read to their end all the same.
func TestFilesWaitForTheTracker(t *testing.T) {
	const limit = 100
	dir := t.TempDir()
	files := []File{
		fileOf(t, writeFile(t, dir, "a.csv", numbered("a", columns, 22_000)), event.FormatWMS),
		fileOf(t, writeFile(t, dir, "b.csv", numbered("b", columns, 22_000)), event.FormatWMS),
	}
	tracker := acks.New(limit)
	env := sourcetest.NewEnv(t, tracker)
	n := sourcetest.NetOf(env)
	n.Release = func(tokens []int64) {
		time.AfterFunc(100*time.Millisecond, func() { tracker.Release(tokens) }) // far slower than reading
	}
	ptest.BuildAndRun(t, func(s beam.Scope) { sourcetest.Catch(s, t.Name(), Read(s, t.Name(), files, true)) })
	checkNumbered(t, n.Caught(), map[string]int{"a": 22_000, "b": 22_000})
	if most := int64(limit + sources.BundleMessages); n.Outstanding() > most {
		t.Errorf("%d messages were outstanding at once, more than %d", n.Outstanding(), most)
	}
	if err := tracker.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if tracker.Acked() != 44_000 {
		t.Errorf("%d acked", tracker.Acked())
	}
}

// TestFilesFailure: a file that cannot be read fails the job, and the error says which.
func TestFilesFailure(t *testing.T) {
	sourcetest.NewEnv(t, acks.New(1<<20))
	dir := t.TempDir()
	loop := filepath.Join(dir, "loop.csv")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	files := []File{fileOf(t, writeFile(t, dir, "a.csv", numbered("a", columns, 10)), event.FormatWMS),
		{Path: loop, Format: event.FormatWMS}}
	p, s := beam.NewPipelineWithRoot()
	sourcetest.Catch(s, t.Name(), Read(s, t.Name(), files, true))
	if err := ptest.Run(p); err == nil || !strings.Contains(err.Error(), loop) {
		t.Errorf("the job ends with %v", err)
	}
}

// TestFilesInOrder: files of one format are read one after the other. Those of two formats are read
// side by side, so that histories of the same time meet.
func TestFilesInOrder(t *testing.T) {
	dir := t.TempDir()
	var files []File
	lines := map[string]int{}
	for day := range 30 {
		counts, sales := fmt.Sprintf("counts-%02d", day), fmt.Sprintf("sales-%02d", day)
		lines[counts], lines[sales] = 700, 7000
		files = append(files, fileOf(t,
			writeFile(t, dir, counts+".csv", numbered(counts, columns, 700)), event.FormatWMS),
			fileOf(t, writeFile(t, dir, sales+".jsonl", numbered(sales, "", 7000)), event.FormatUnified))
	}
	env := sourcetest.NewEnv(t, acks.New(1<<20))
	ptest.BuildAndRun(t, func(s beam.Scope) { sourcetest.Catch(s, t.Name(), Read(s, t.Name(), files, true)) })
	caught := sourcetest.NetOf(env).Caught()
	checkNumbered(t, caught, lines)
	last, seen := map[event.Format]event.Message{}, map[event.Format]int{}
	total := map[event.Format]int{event.FormatWMS: 30 * 700, event.FormatUnified: 30 * 7000}
	for _, m := range caught {
		if before := last[m.Format]; m.File < before.File || m.File == before.File && m.Line <= before.Line {
			t.Fatalf("%s:%d came behind %s:%d", m.File, m.Line, before.File, before.Line)
		}
		last[m.Format] = m
		seen[m.Format]++
		counts := float64(seen[event.FormatWMS]) / float64(total[event.FormatWMS])
		sales := float64(seen[event.FormatUnified]) / float64(total[event.FormatUnified])
		if most := inStep + 2.*sources.BundleMessages/float64(total[event.FormatWMS]); counts-sales > most ||
			sales-counts > most {
			t.Fatalf("%.0f%% of the counts and %.0f%% of the sales are read", 100*counts, 100*sales)
		}
	}
}

// TestTruncate: a drain ends watched files, and reads the others to their end.
func TestTruncate(t *testing.T) {
	at := sources.Position{File: 2, At: 7}
	w, r := &WatchFn{}, &ReadFn{}
	if got := w.TruncateRestriction(w.CreateTracker(at), Watched{}); got != (sources.Position{At: 7, Done: true}) {
		t.Errorf("left of watched files is %+v", got)
	}
	if got := r.TruncateRestriction(r.CreateTracker(at), 0); got != at {
		t.Errorf("left of files is %+v", got)
	}
}
