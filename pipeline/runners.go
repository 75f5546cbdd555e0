package pipeline

import (
	"log/slog"
	"strings"
)

// runnerKind is what the pipeline has to know about a runner.
type runnerKind int

const (
	unknownRunner runnerKind = iota
	// prismRunner runs and ends with this process, which is its only worker.
	prismRunner
	// dataflowRunner has workers of its own, keeps state, and acknowledges messages by itself. This process only submits.
	dataflowRunner
	// portableRunner is any other that takes Beam's portable jobs: this process is its only worker, and it keeps the state.
	portableRunner
)

// runnerKind takes runner names in any case, also in the form that Beam registers, such as DataflowRunner:
// the launcher of Flex Templates gives that one.
func (o Options) runnerKind() runnerKind {
	switch strings.TrimSuffix(strings.ToLower(o.Runner), "runner") {
	case "prism", "direct":
		return prismRunner
	case "dataflow":
		return dataflowRunner
	case "flink", "universal":
		return portableRunner
	}
	return unknownRunner
}

// The defaults of options on Dataflow, where the work is spread over many threads and state is the runner's.
const (
	dataflowKeyGroups     = 256
	dataflowProductGroups = 64
	dataflowRestore       = "none"
)

// defaultsOfRunner sets what was not given to what suits the runner.
func (o *Options) defaultsOfRunner(given map[string]bool) {
	if o.runnerKind() != dataflowRunner {
		return
	}
	if !given["key_groups"] {
		o.KeyGroups = dataflowKeyGroups
	}
	if !given["product_groups"] {
		o.ProductGroups = dataflowProductGroups
	}
	if !given["restore"] {
		o.Restore = dataflowRestore
	}
	if valueOf("dry_run") == "true" && !given["log_level"] {
		o.LogLevel = slog.LevelInfo // at which Beam says what it would submit
	}
}
