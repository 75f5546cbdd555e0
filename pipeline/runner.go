package pipeline

import (
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
)

// runnerKind is one of the runners that the pipeline is built for.
type runnerKind int

const (
	unknownRunner runnerKind = iota
	// prismRunner runs in this process, which is its only worker, and ends with it.
	prismRunner
	// dataflowRunner has workers of its own, keeps the state and acknowledges messages. This process
	// only submits the job.
	dataflowRunner
)

// runnerKind returns the runner that --runner names. Names are taken in any case and also as Beam
// registers them, such as DataflowRunner, which the launcher of Flex Templates passes.
func (o Options) runnerKind() runnerKind {
	switch strings.TrimSuffix(strings.ToLower(o.Runner), "runner") {
	case "prism", "direct":
		return prismRunner
	case "dataflow":
		return dataflowRunner
	}
	return unknownRunner
}

// checkRunner checks --runner and, except on Dataflow, the flags of Beam that would move DoFns to
// another process or detach the job from this one.
func (o Options) checkRunner(bad reportFunc) {
	switch o.runnerKind() {
	case dataflowRunner:
		return
	case unknownRunner:
		bad("runner", "%q is not one of prism, direct and dataflow", o.Runner)
	}
	if t := *jobopts.EnvironmentType; t != "" && !strings.EqualFold(t, "loopback") {
		bad("environment_type", "%q is not LOOPBACK: this process is the worker", t)
	}
	if *jobopts.EnvironmentConfig != "" {
		bad("environment_config", "has no use: this process is the worker")
	}
	if *jobopts.Endpoint != "" {
		bad("endpoint", "has no use: Prism runs in this process")
	}
	if *jobopts.Async {
		bad("async", "has no use: the job ends with this process")
	}
	for _, name := range onlyOnDataflow {
		if isSet(name) {
			bad(name, "has no use: it is for --runner=dataflow")
		}
	}
}
