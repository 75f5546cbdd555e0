package metrics

import (
	"context"
	"maps"
	"testing"
	"time"

	beammetrics "github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
)

// bundleContext returns a context of a Beam bundle.
func bundleContext(t *testing.T) context.Context {
	t.Helper()
	return beammetrics.SetPTransformID(beammetrics.SetBundleID(t.Context(), "bundle"), "transform")
}

// beamMetrics returns the values of the Beam counters in ctx, and for distributions the number of
// values and the greatest.
func beamMetrics(ctx context.Context, t *testing.T) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	err := beammetrics.Extractor{
		SumInt64: func(l beammetrics.Labels, v int64) { found[l.Name()] += v },
		DistributionInt64: func(l beammetrics.Labels, count, _, _, greatest int64) {
			found[l.Name()+" values"], found[l.Name()+" max"] = count, greatest
		},
		GaugeInt64: func(l beammetrics.Labels, v int64, _ time.Time) { found[l.Name()] = v },
	}.ExtractFrom(beammetrics.GetStore(ctx))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestInABundle checks that what happens in a bundle, which may not end for long, is in the Beam
// metrics at once, and only once.
func TestInABundle(t *testing.T) {
	p, bundle := NewProcess(time.Now()), bundleContext(t)
	write, cancel := context.WithCancel(bundle) // as in a sink
	defer cancel()
	p.CountNow(write, RedisRetries, 2)
	ObserveStock(write, p, []int64{900, 400, 0}, 1000)
	ObserveVelocity(write, p, []int64{800, 0, 700}, 1000)
	want := map[string]int64{"redis_retries": 2, StockLatencyMs + " values": 1, StockLatencyMs + " max": 600,
		LagMs:                         600,
		VelocityLatencyMs + " values": 2, VelocityLatencyMs + " max": 300}
	if got := beamMetrics(bundle, t); !maps.Equal(got, want) {
		t.Errorf("Beam metrics are %v, want %v", got, want)
	}
	p.FlushPending(bundle)
	if got := beamMetrics(bundle, t); !maps.Equal(got, want) {
		t.Errorf("Beam metrics after FlushPending are %v, want %v", got, want)
	}
	if p.Count(RedisRetries) != 2 || p.VelocityLatency.Latency().Max != 300 || p.Lag.Load() != 600 {
		t.Errorf("the process counts %d retries, %v, lag %d", p.Count(RedisRetries), p.VelocityLatency.Latency(),
			p.Lag.Load())
	}
}

// TestOutsideABundle checks that what happens outside of bundles is in the Beam metrics of the next
// bundle, and only there.
func TestOutsideABundle(t *testing.T) {
	p := NewProcess(time.Now())
	p.CountNow(t.Context(), RedisWrites, 3)
	p.CountNow(t.Context(), RedisWrites, 4)
	ObserveStock(t.Context(), p, []int64{900}, 1000)
	ObserveStock(t.Context(), p, []int64{800}, 1000)
	ObserveVelocity(t.Context(), p, []int64{1001}, 1000) // the clocks may differ
	if p.Count(RedisWrites) != 7 {
		t.Errorf("the process counts %d writes before the next bundle, want 7", p.Count(RedisWrites))
	}
	first, second := bundleContext(t), bundleContext(t)
	p.FlushPending(first)
	p.FlushPending(second)
	want := map[string]int64{"redis_writes": 7, StockLatencyMs + " values": 2, StockLatencyMs + " max": 200, LagMs: 200,
		VelocityLatencyMs + " values": 1, VelocityLatencyMs + " max": 0}
	if got := beamMetrics(first, t); !maps.Equal(got, want) {
		t.Errorf("Beam metrics of the next bundle are %v, want %v", got, want)
	}
	if got := beamMetrics(second, t); len(got) != 0 {
		t.Errorf("Beam metrics of the bundle after it are %v", got)
	}
}

// TestSnapshots checks that the largest snapshot of a bundle is in the Beam metrics, and that of
// all bundles in the Process.
func TestSnapshots(t *testing.T) {
	p, bundle := NewProcess(time.Now()), bundleContext(t)
	var b Bundle
	for _, sizes := range [][]int{{3, 900, 20}, {}, {40}} {
		for _, n := range sizes {
			b.Snapshot(n)
		}
		b.Flush(bundle, p)
	}
	want := map[string]int64{LargestSnapshot + " values": 2, LargestSnapshot + " max": 900}
	if got := beamMetrics(bundle, t); !maps.Equal(got, want) || p.LargestSnapshot.Load() != 900 {
		t.Errorf("Beam metrics are %v, want %v; the process has %d", got, want, p.LargestSnapshot.Load())
	}
}
