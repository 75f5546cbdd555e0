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

// pending holds what was counted outside of bundles and is not in the Beam metrics yet, which can
// only be updated in a bundle. It is safe for concurrent use.
type pending struct {
	counts [counters]atomic.Int64

	mu              sync.Mutex
	stock, velocity []int64 // latencies, ms
}

// inBundle reports whether ctx is that of a bundle, so that Beam metrics can be updated.
func inBundle(ctx context.Context) bool { return beammetrics.GetStore(ctx) != nil }

// CountNow adds n to a counter without waiting for the end of a bundle, for failures that may keep
// a bundle from ending. If ctx is that of a bundle, the Beam metric is updated at once, otherwise
// by the next FlushPending.
func (p *Process) CountNow(ctx context.Context, c Counter, n int64) {
	p.counts[c].Add(n)
	if inBundle(ctx) {
		beamCounters[c].Inc(ctx, n)
		return
	}
	p.pending.counts[c].Add(n)
}

// FlushPending updates the Beam metrics with what was counted outside of bundles. ctx must be that
// of a bundle.
func (p *Process) FlushPending(ctx context.Context) {
	for i := range p.pending.counts {
		if n := p.pending.counts[i].Swap(0); n != 0 {
			beamCounters[i].Inc(ctx, n)
		}
	}
	p.pending.mu.Lock()
	stock, velocity := p.pending.stock, p.pending.velocity
	p.pending.stock, p.pending.velocity = nil, nil
	p.pending.mu.Unlock()
	updateStock(ctx, stock)
	updateVelocity(ctx, velocity)
}

func updateStock(ctx context.Context, latencies []int64) {
	for _, ms := range latencies {
		beamStockLatency.Update(ctx, ms)
		beamLag.Set(ctx, ms)
	}
}

func updateVelocity(ctx context.Context, latencies []int64) {
	for _, ms := range latencies {
		beamVelocityLatency.Update(ctx, ms)
	}
}

// ObserveStock records a write of stock signals. publishedAt holds the publish time of the oldest
// event of each signal, epoch ms, or 0 if it is unknown.
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
	lag := max(nowMs-oldest, 0) // the clocks of publisher and process may differ
	p.Lag.Store(lag)
	if inBundle(ctx) {
		updateStock(ctx, []int64{lag})
		return
	}
	p.pending.mu.Lock()
	defer p.pending.mu.Unlock()
	p.pending.stock = append(p.pending.stock, lag)
}

// ObserveVelocity records a write of the velocity of product groups. publishedAt holds the publish
// time of the oldest event of each group, epoch ms, or 0 if it is unknown.
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
		updateVelocity(ctx, latencies)
		return
	}
	p.pending.mu.Lock()
	defer p.pending.mu.Unlock()
	p.pending.velocity = append(p.pending.velocity, latencies...)
}
