package pipeline

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

// TestNoReflection checks that every DoFn of the graph is registered with dofn, for both runners
// and with all inputs. Beam calls other DoFns by reflection, once for each element.
func TestNoReflection(t *testing.T) {
	o, dir := DefaultOptions(), t.TempDir()
	write(t, filepath.Join(dir, "events.jsonl"), "{}\n")
	o.POSSubscription, o.WMSFiles, o.WMSFilesPoll = "projects/p/subscriptions/pos",
		filepath.Join(dir, "*.csv"), time.Second
	o.EventsFiles, o.WarehouseDir, o.Emulator = filepath.Join(dir, "*.jsonl"), dir, "localhost:1"
	p, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	seen := map[string]bool{}
	for _, kind := range []runnerKind{prismRunner, dataflowRunner} {
		b := beam.NewPipeline()
		build(b.Root(), p.id, p.options, p.plan, kind, true)
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

// steps returns the steps of a graph by name, each with the names of the steps it reads from.
func steps(t *testing.T, o Options) map[string][]string {
	t.Helper()
	p, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	b := beam.NewPipeline()
	build(b.Root(), "id", p.options, p.plan, dataflowRunner, false)
	edges, _, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	from, found := map[int]string{}, map[string][]string{} // of a node's id, the step that makes it
	for _, e := range edges {
		for _, out := range e.Output {
			from[out.To.ID()] = e.Scope().String() + "/" + e.Name()
		}
	}
	for _, e := range edges {
		name := e.Scope().String() + "/" + e.Name()
		if _, twice := found[name]; twice {
			t.Errorf("two steps are named %s", name)
		}
		found[name] = []string{}
		for _, in := range e.Input {
			found[name] = append(found[name], from[in.From.ID()])
		}
	}
	return found
}

// TestAddedInput checks that on Dataflow another input leaves all steps as they are, except the
// Flatten in front of the state, which reads from one more.
func TestAddedInput(t *testing.T) {
	o := DefaultOptions()
	o.Redis.Addrs = "localhost:1"
	add := []func(){
		func() { o.WMSSubscription = "projects/p/subscriptions/wms" },
		func() { o.POSSubscription = "projects/p/subscriptions/pos" },
		func() { o.ECOMSubscription = "projects/p/subscriptions/ecom" },
		func() { o.WMSFiles, o.WMSFilesPoll = filepath.Join(t.TempDir(), "*.csv"), time.Minute },
	}
	var before map[string][]string
	for i, add := range add {
		add()
		after := steps(t, o)
		flattens := 0
		for name, from := range after {
			if strings.HasSuffix(name, "/Flatten") {
				flattens++
				if len(from) != i+2 {
					t.Errorf("with %d inputs %s reads from %q", i+1, name, from)
				}
			}
		}
		if flattens != 1 {
			t.Errorf("with %d inputs there are %d Flattens in %v", i+1, flattens, after)
		}
		for name, from := range before {
			got, ok := after[name]
			if flatten := strings.HasSuffix(name, "/Flatten"); !ok || !flatten && !slices.Equal(got, from) {
				t.Errorf("with %d inputs %s reads from %q (%v), before from %q", i+1, name, got, ok, from)
			}
			for _, f := range from {
				if !slices.Contains(got, f) {
					t.Errorf("with %d inputs %s does not read from %s any more", i+1, name, f)
				}
			}
		}
		before = after
	}
}
