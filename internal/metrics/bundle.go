package metrics

import (
	"context"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

var beamCounters = func() (c [counters]beam.Counter) {
	for i, name := range names {
		c[i] = beam.NewCounter("streamlytics", name)
	}
	return c
}()

var beamStockLatency = beam.NewDistribution("streamlytics", "stock_latency_ms")
var beamLag = beam.NewGauge("streamlytics", "lag_ms")

// Bundle collects the counts of one bundle, so that the hot path adds to plain integers. It belongs to one DoFn instance. The
// zero value is ready.
type Bundle struct {
	n     [counters]int64
	dirty bool
}

// Add counts n more in this bundle.
func (b *Bundle) Add(c Counter, n int64) {
	b.n[c] += n
	b.dirty = true
}

// Flush adds the bundle's counts to the Beam metrics and to the process, and starts over.
func (b *Bundle) Flush(ctx context.Context, p *Process) {
	if !b.dirty {
		return
	}
	for i, n := range b.n {
		if n != 0 {
			beamCounters[i].Inc(ctx, n)
			p.counts[i].Add(n)
			b.n[i] = 0
		}
	}
	b.dirty = false
}

// Count adds to a counter at once, outside of a Bundle: for what is rare, or is counted for many at a time.
func Count(ctx context.Context, p *Process, c Counter, n int64) {
	beamCounters[c].Inc(ctx, n)
	p.Add(c, n)
}

// CountWrites adds to the Beam metric of Redis writes; the process counts its own at the connection.
func CountWrites(ctx context.Context, n int) { beamCounters[RedisWrites].Inc(ctx, int64(n)) }

// ObserveVelocity records that pending velocity of product groups was written, by the publish time of the oldest event behind
// each; 0 is unknown.
func ObserveVelocity(p *Process, publishedAt []int64, nowMs int64) {
	for _, at := range publishedAt {
		if at != 0 {
			p.VelocityLatency.Add(nowMs - at)
		}
	}
	p.VelocityPending.Add(-int64(len(publishedAt)))
}

// ObserveStock records that stock signals were written, by the publish times of the oldest event behind each; 0 is unknown.
func ObserveStock(ctx context.Context, p *Process, publishedAt []int64, nowMs int64) {
	var oldest int64
	for _, at := range publishedAt {
		if at == 0 {
			continue
		}
		p.StockLatency.Add(nowMs - at)
		if oldest == 0 || at < oldest {
			oldest = at
		}
	}
	if oldest != 0 {
		beamStockLatency.Update(ctx, nowMs-oldest)
		beamLag.Set(ctx, nowMs-oldest)
		p.Lag.Store(nowMs - oldest)
	}
}
