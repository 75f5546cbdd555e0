package pipeline

import (
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/extworker"
)

// TestPrismHasAWorkerForItsOwnSteps: Prism looks each step's environment up when the step is slow, and fails the job where there is none.
func TestPrismHasAWorkerForItsOwnSteps(t *testing.T) {
	b := beam.NewPipeline()
	s := b.Root()
	beam.Flatten(s, beam.Create(s, 1), beam.Create(s, 2))
	worker, err := extworker.StartLoopback(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer stopWorker(worker)
	graph, err := marshal(t.Context(), b, worker)
	if err != nil {
		t.Fatal(err)
	}
	spareWorker(graph)
	environments := graph.GetComponents().GetEnvironments()
	if environments[ofRunner].GetUrn() == "" {
		t.Errorf("steps of the runner have no worker; there are %v", environments)
	}
	for _, step := range graph.GetComponents().GetTransforms() {
		if environments[step.GetEnvironmentId()] == nil {
			t.Errorf("%s has no worker", step.GetUniqueName())
		}
	}
}
