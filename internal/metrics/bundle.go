package metrics

import (
	"context"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

// Namespace is the namespace of all Beam metrics of the pipeline.
const Namespace = "streamlytics"

// Names of the Beam metrics other than counters.
const (
	// StockLatencyMs is a distribution of the time from publishing the oldest event of a batch of
	// stock signals to the write to Redis.
	StockLatencyMs = "stock_latency_ms"
	// VelocityLatencyMs is the same for each evaluation of a product group.
	VelocityLatencyMs = "velocity_latency_ms"
	// LagMs is a gauge: the latest value of StockLatencyMs.
	LagMs = "lag_ms"
	// LargestSnapshot is a distribution of the largest snapshot that each bundle wrote, in bytes.
	LargestSnapshot = "largest_snapshot_bytes"
)

var beamCounters = func() (c [counters]beam.Counter) {
	for i, name := range names {
		c[i] = beam.NewCounter(Namespace, name)
	}
	return c
}()

// Bundle accumulates the counts of one bundle in plain integers, which are cheaper than Beam
// metrics. It belongs to one DoFn instance. The zero value is ready for use.
type Bundle struct {
	n        [counters]int64
	ignored  map[string]int64 // by name
	snapshot int64            // size of the largest, bytes
	dirty    bool
}

// Ignore counts an ignored event by its name.
func (b *Bundle) Ignore(name string) {
	b.Add(Ignored, 1)
	if b.ignored == nil {
		b.ignored = map[string]int64{}
	}
	b.ignored[name]++
}

// Add adds n to a counter.
func (b *Bundle) Add(c Counter, n int64) {
	b.n[c] += n
	b.dirty = true
}

// Snapshot records the size of a snapshot that was written, in bytes.
func (b *Bundle) Snapshot(bytes int) {
	b.snapshot = max(b.snapshot, int64(bytes))
	b.dirty = true
}

// Flush adds the counts to the Beam metrics and to p, and resets them.
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
	for name, n := range b.ignored {
		p.ignored.add(name, n)
	}
	clear(b.ignored)
	if b.snapshot > 0 {
		beamLargestSnapshot.Update(ctx, b.snapshot)
		p.observeSnapshot(b.snapshot)
		b.snapshot = 0
	}
	b.dirty = false
}
