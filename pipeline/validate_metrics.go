package pipeline

import (
	"net"
	"strconv"
)

// checkMetrics looks at where metrics are to be served. Whether the port is free shows when the pipeline runs.
func (o Options) checkMetrics(bad reportFunc) {
	if o.MetricsAddr == "" {
		return
	}
	_, port, err := net.SplitHostPort(o.MetricsAddr)
	if err != nil {
		bad("metrics_addr", "%q is neither host:port nor :port", o.MetricsAddr)
		return
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		bad("metrics_addr", "%q: the port %q is not a number between 0 and 65535", o.MetricsAddr, port)
	}
}
