package pipeline

import (
	"net"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"

	"github.com/beamlytics/streamlytics/internal/loopback"
)

// checkRunner looks at what says where the pipeline runs, Beam's own flags included: where this process is the only worker, those
// that would take the DoFns out of it, or it away from them.
func (o Options) checkRunner(bad reportFunc) {
	kind := o.runnerKind()
	switch kind {
	case unknownRunner:
		bad("runner", "%q is not one of prism, direct, dataflow, flink and universal", o.Runner)
	case portableRunner:
		if !o.AllowUntestedRunner {
			bad("runner", "%q was never tested: messages are acknowledged by a tracker that needs all work in this one process, and on that runner nobody has seen state, timers or recovery work (docs/RUNNERS.md); --allow_untested_runner lets you try", o.Runner)
		}
		if o.Endpoint == "" {
			bad("endpoint", "is missing: --runner=%s needs the host:port of a job service", o.Runner)
		}
	}
	if kind == dataflowRunner {
		return
	}
	if o.Endpoint != "" {
		if host, port, err := net.SplitHostPort(o.Endpoint); err != nil || host == "" || port == "" {
			bad("endpoint", "%q is not host:port", o.Endpoint)
		} else if !loopback.Host(host) {
			bad("endpoint", "%q is not on this machine: Prism and its worker know each other as localhost", o.Endpoint)
		}
	}
	if t := *jobopts.EnvironmentType; t != "" && !strings.EqualFold(t, "loopback") {
		bad("environment_type", "%q is not LOOPBACK: this process is the worker", t)
	}
	if *jobopts.EnvironmentConfig != "" {
		bad("environment_config", "has no use: this process is the worker")
	}
	if *jobopts.Async {
		bad("async", "has no use: the job ends with this process")
	}
}
