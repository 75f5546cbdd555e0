package demo

import (
	"time"

	"github.com/beamlytics/streamlytics/internal/metrics"
)

// gaugeOver is the time over which rates and latencies are measured, wall time.
const gaugeOver = 5 * time.Second

// gauge computes recent rates and latencies from counts since the start. It is not safe for
// concurrent use.
type gauge struct {
	readings []reading // of the last gaugeOver, oldest first, and one before that
}

type reading struct {
	at      time.Duration // since the start
	events  int64
	latency metrics.Snapshot
}

func (g *gauge) add(r reading) {
	g.readings = append(g.readings, r)
	for len(g.readings) > 2 && g.readings[1].at <= r.at-gaugeOver {
		g.readings = g.readings[1:]
	}
}

// rate returns the number of events per second.
func (g *gauge) rate() float64 {
	if len(g.readings) < 2 {
		return 0
	}
	first, last := &g.readings[0], &g.readings[len(g.readings)-1]
	if last.at <= first.at {
		return 0
	}
	return float64(last.events-first.events) / (last.at - first.at).Seconds()
}

// latency returns the quantile q of the latencies of recent events.
func (g *gauge) latency(q float64) time.Duration {
	if len(g.readings) < 2 {
		return 0
	}
	recent := g.readings[len(g.readings)-1].latency.Since(g.readings[0].latency)
	return time.Duration(recent.Quantile(q)) * time.Millisecond
}
