package pipeline

import (
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/extworker"
)

// TestSpareWorker checks that addSpareWorker gives every step an environment, also those that Prism
// runs itself.
func TestSpareWorker(t *testing.T) {
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
	addSpareWorker(graph)
	environments := graph.GetComponents().GetEnvironments()
	if environments[runnersOwn].GetUrn() == "" {
		t.Errorf("steps of the runner have no worker; there are %v", environments)
	}
	for _, step := range graph.GetComponents().GetTransforms() {
		if environments[step.GetEnvironmentId()] == nil {
			t.Errorf("%s has no worker", step.GetUniqueName())
		}
	}
}

// TestPortTaken checks that createJobServer returns an error where Prism panics.
func TestPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	if _, err := createJobServer(port); err == nil || !strings.Contains(err.Error(), strconv.Itoa(port)) {
		t.Errorf("got %v, want an error that names port %d", err, port)
	}
}
