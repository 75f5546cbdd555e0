package pipeline

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

// TestNoElementIsHandledByReflection holds every DoFn of the graph, for either runner and with all inputs, to being registered with dofn:
// Beam calls others by reflection, once for each element.
func TestNoElementIsHandledByReflection(t *testing.T) {
	o, dir := DefaultOptions(), t.TempDir()
	write(t, filepath.Join(dir, "events.jsonl"), "{}\n")
	o.POSSubscription, o.WMSFiles, o.WMSFilesPoll = "projects/p/subscriptions/pos", filepath.Join(dir, "*.csv"), time.Second
	o.EventsFiles, o.WarehouseDir, o.Emulator = filepath.Join(dir, "*.jsonl"), dir, "localhost:1"
	p, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	seen := map[string]bool{}
	for _, kind := range []runnerKind{prismRunner, dataflowRunner} {
		b := beam.NewPipeline()
		if err := build(b.Root(), p.id, p.options, p.plan, kind, []string{"0"}); err != nil {
			t.Fatal(err)
		}
		edges, _, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range edges {
			if e.DoFn == nil || !strings.Contains(e.DoFn.Name(), "streamlytics") {
				continue
			}
			seen[e.DoFn.Name()] = true
			if how := fmt.Sprintf("%T", e.DoFn.ProcessElementFn().Fn); strings.Contains(how, "reflectx.") {
				t.Errorf("ProcessElement of %s is called by %s", e.DoFn.Name(), how)
			}
		}
	}
	if len(seen) < 12 {
		t.Errorf("the graph has only %v", seen)
	}
}
