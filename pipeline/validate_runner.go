package pipeline

import (
	"net"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"

	"github.com/beamlytics/streamlytics/internal/loopback"
)

// checkRunner looks at what says where the pipeline runs, Beam's own flags included: those that would take the DoFns out of this
// process, or the process away from them.
func (o Options) checkRunner(bad reportFunc) {
	if !slices.Contains([]string{"prism", "direct"}, strings.ToLower(o.Runner)) {
		bad("runner", "%q is not one of prism and direct", o.Runner)
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
