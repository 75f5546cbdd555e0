package metrics

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	beammetrics "github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
)

var (
	beamStockLatency    = beam.NewDistribution(Namespace, StockLatencyMs)
	beamVelocityLatency = beam.NewDistribution(Namespace, VelocityLatencyMs)
	beamLag             = beam.NewGauge(Namespace, LagMs)
	beamLargestSnapshot = beam.NewDistribution(Namespace, LargestSnapshot)
)

// owed is what happened outside of any bundle and is not in the Beam metrics yet, which take what a bundle brings them. It is as
// much as is written between two bundles. It is safe for concurrent use.
type owed struct {
	counts [counters]atomic.Int64

	mu              sync.Mutex
	stock, velocity []int64 // latencies, ms
}

// inBundle reports whether a context is that of a bundle, so that Beam metrics can be told.
func inBundle(ctx context.Context) bool { return beammetrics.GetStore(ctx) != nil }

// CountNow counts n more of what must not wait for the end of a bundle, such as failures that keep the bundle from ending. Beam
// metrics hear of it at once where ctx is that of a bundle, and by the next Settle elsewhere.
func (p *Process) CountNow(ctx context.Context, c Counter, n int64) {
	p.counts[c].Add(n)
	if inBundle(ctx) {
		beamCounters[c].Inc(ctx, n)
		return
	}
	p.owed.counts[c].Add(n)
}

// Settle passes on to the Beam metrics, in a bundle, what was counted outside of bundles since the last time.
func (p *Process) Settle(ctx context.Context) {
	for i := range p.owed.counts {
		if n := p.owed.counts[i].Swap(0); n != 0 {
			beamCounters[i].Inc(ctx, n)
		}
	}
	p.owed.mu.Lock()
	stock, velocity := p.owed.stock, p.owed.velocity
	p.owed.stock, p.owed.velocity = nil, nil
	p.owed.mu.Unlock()
	tellStock(ctx, stock)
	tellVelocity(ctx, velocity)
}

func tellStock(ctx context.Context, latencies []int64) {
	for _, ms := range latencies {
		beamStockLatency.Update(ctx, ms)
		beamLag.Set(ctx, ms)
	}
}

func tellVelocity(ctx context.Context, latencies []int64) {
	for _, ms := range latencies {
		beamVelocityLatency.Update(ctx, ms)
	}
}

// ObserveStock records that stock signals were written, by the publish times of the oldest event behind each, epoch ms; 0 is
// unknown.
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
	if oldest == 0 {
		return
	}
	lag := max(nowMs-oldest, 0) // clocks differ
	p.Lag.Store(lag)
	if inBundle(ctx) {
		tellStock(ctx, []int64{lag})
		return
	}
	p.owed.mu.Lock()
	defer p.owed.mu.Unlock()
	p.owed.stock = append(p.owed.stock, lag)
}

// ObserveVelocity records that pending velocity of product groups was written, by the publish time of the oldest event behind
// each, epoch ms; 0 is unknown.
func ObserveVelocity(ctx context.Context, p *Process, publishedAt []int64, nowMs int64) {
	p.VelocityPending.Add(-int64(len(publishedAt)))
	var latencies []int64
	for _, at := range publishedAt {
		if at == 0 {
			continue
		}
		p.VelocityLatency.Add(nowMs - at)
		latencies = append(latencies, max(nowMs-at, 0))
	}
	if inBundle(ctx) {
		tellVelocity(ctx, latencies)
		return
	}
	p.owed.mu.Lock()
	defer p.owed.mu.Unlock()
	p.owed.velocity = append(p.owed.velocity, latencies...)
}
