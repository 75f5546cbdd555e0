package metrics

import (
	"context"
	"maps"
	"testing"
	"time"

	beammetrics "github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
)

// inABundle is the context of a bundle of Beam's.
func inABundle(t *testing.T) context.Context {
	t.Helper()
	return beammetrics.SetPTransformID(beammetrics.SetBundleID(t.Context(), "bundle"), "transform")
}

// told are the counters that a bundle has told Beam, and of distributions how many values and the greatest.
func told(ctx context.Context, t *testing.T) map[string]int64 {
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

// TestInABundle: Beam hears at once of what happens in a bundle, which may not end for long, and not again.
func TestInABundle(t *testing.T) {
	p, bundle := NewProcess(time.Now()), inABundle(t)
	write, cancel := context.WithCancel(bundle) // as a sink makes of it
	defer cancel()
	p.CountNow(write, RedisRetries, 2)
	ObserveStock(write, p, []int64{900, 400, 0}, 1000)
	ObserveVelocity(write, p, []int64{800, 0, 700}, 1000)
	want := map[string]int64{"redis_retries": 2, StockLatencyMs + " values": 1, StockLatencyMs + " max": 600, LagMs: 600,
		VelocityLatencyMs + " values": 2, VelocityLatencyMs + " max": 300}
	if got := told(bundle, t); !maps.Equal(got, want) {
		t.Errorf("Beam was told %v, want %v", got, want)
	}
	p.Settle(bundle)
	if got := told(bundle, t); !maps.Equal(got, want) {
		t.Errorf("after settling Beam was told %v, want %v", got, want)
	}
	if p.Count(RedisRetries) != 2 || p.VelocityLatency.Latency().Max != 300 || p.Lag.Load() != 600 {
		t.Errorf("the process counts %d retries, %v, lag %d", p.Count(RedisRetries), p.VelocityLatency.Latency(), p.Lag.Load())
	}
}

// TestBehindABundle: of what happens outside of bundles, the next one tells Beam, once.
func TestBehindABundle(t *testing.T) {
	p := NewProcess(time.Now())
	p.CountNow(t.Context(), RedisWrites, 3)
	p.CountNow(t.Context(), RedisWrites, 4)
	ObserveStock(t.Context(), p, []int64{900}, 1000)
	ObserveStock(t.Context(), p, []int64{800}, 1000)
	ObserveVelocity(t.Context(), p, []int64{1001}, 1000) // the clocks differ
	if p.Count(RedisWrites) != 7 {
		t.Errorf("the process counts %d writes before the next bundle, want 7", p.Count(RedisWrites))
	}
	first, second := inABundle(t), inABundle(t)
	p.Settle(first)
	p.Settle(second)
	want := map[string]int64{"redis_writes": 7, StockLatencyMs + " values": 2, StockLatencyMs + " max": 200, LagMs: 200,
		VelocityLatencyMs + " values": 1, VelocityLatencyMs + " max": 0}
	if got := told(first, t); !maps.Equal(got, want) {
		t.Errorf("the next bundle told Beam %v, want %v", got, want)
	}
	if got := told(second, t); len(got) != 0 {
		t.Errorf("the one after it told Beam %v", got)
	}
}

// TestSnapshots: of a bundle's snapshots the largest is told to Beam; the process keeps the largest of all bundles.
func TestSnapshots(t *testing.T) {
	p, bundle := NewProcess(time.Now()), inABundle(t)
	var b Bundle
	for _, sizes := range [][]int{{3, 900, 20}, {}, {40}} {
		for _, n := range sizes {
			b.Snapshot(n)
		}
		b.Flush(bundle, p)
	}
	want := map[string]int64{LargestSnapshot + " values": 2, LargestSnapshot + " max": 900}
	if got := told(bundle, t); !maps.Equal(got, want) || p.LargestSnapshot.Load() != 900 {
		t.Errorf("Beam was told %v, want %v; the process has %d", got, want, p.LargestSnapshot.Load())
	}
}
