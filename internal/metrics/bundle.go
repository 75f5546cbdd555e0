package metrics

import (
	"context"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

// Namespace is that of all Beam metrics of the pipeline.
const Namespace = "streamlytics"

// Names of the Beam metrics that are no counters.
const (
	StockLatencyMs    = "stock_latency_ms"    // distribution: from publishing to Redis, once a batch of stock signals, by the oldest event that it answers
	VelocityLatencyMs = "velocity_latency_ms" // distribution: the same of velocity, once an evaluation of a product group
	LagMs             = "lag_ms"              // gauge: the last value of the first
	// LargestSnapshot is a distribution, bytes: of the snapshots of keys' states that a bundle wrote, the largest.
	LargestSnapshot = "largest_snapshot_bytes"
)

var beamCounters = func() (c [counters]beam.Counter) {
	for i, name := range names {
		c[i] = beam.NewCounter(Namespace, name)
	}
	return c
}()

// Bundle collects the counts of one bundle, so that the hot path adds to plain integers. It belongs to one DoFn instance. The
// zero value is ready.
type Bundle struct {
	n        [counters]int64
	ignored  map[string]int64 // by name
	snapshot int64            // the largest, bytes
	dirty    bool
}

// Ignore counts one more ignored event of a name.
func (b *Bundle) Ignore(name string) {
	b.Add(Ignored, 1)
	if b.ignored == nil {
		b.ignored = map[string]int64{}
	}
	b.ignored[name]++
}

// Add counts n more in this bundle.
func (b *Bundle) Add(c Counter, n int64) {
	b.n[c] += n
	b.dirty = true
}

// Snapshot records that a snapshot of the state of a Beam key was written, in bytes.
func (b *Bundle) Snapshot(bytes int) {
	b.snapshot = max(b.snapshot, int64(bytes))
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
