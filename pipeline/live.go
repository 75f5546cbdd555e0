package pipeline

import (
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/metrics"
)

// Clock is the clock by which the pipeline counts. It started when the pipeline was made.
func (p *Pipeline) Clock() clock.Clock { return p.plan.clock }

// StockLatency is the time from publishing an event to its stock in Redis, of all since the start. The difference of two
// snapshots is the latency of the time between them.
func (p *Pipeline) StockLatency() metrics.Snapshot { return p.env.Metrics.StockLatency.Snapshot() }
