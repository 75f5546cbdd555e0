package metrics

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestCumulative checks that the counts up to each bound are exact.
func TestCumulative(t *testing.T) {
	if !slices.IsSorted(Bounds) || len(Bounds) != len(slices.Compact(slices.Clone(Bounds))) || Bounds[0] != 15 ||
		Bounds[len(Bounds)-1] != 131_071 {
		t.Fatalf("the bounds are %v", Bounds)
	}
	near := rapid.Custom(func(t *rapid.T) int64 {
		return rapid.SampledFrom(Bounds).Draw(t, "bound") + rapid.Int64Range(-1, 1).Draw(t, "beside")
	})
	rapid.Check(t, func(t *rapid.T) {
		durations := rapid.SliceOf(rapid.OneOf(near, rapid.Int64Range(0, 1<<40))).Draw(t, "durations")
		var h Histogram
		var sum int64
		for _, ms := range durations {
			h.Add(ms)
			sum += ms
		}
		s := h.Snapshot()
		upTo, total := s.Cumulative()
		if int(total) != len(durations) || s.Sum() != sum {
			t.Fatalf("%d durations of %d ms, want %d of %d", total, s.Sum(), len(durations), sum)
		}
		for i, bound := range Bounds {
			want := 0
			for _, ms := range durations {
				if ms <= bound {
					want++
				}
			}
			if upTo[i] != uint64(want) {
				t.Fatalf("%d durations are at most %d ms, want %d", upTo[i], bound, want)
			}
		}
	})
}

func TestSnapshotSince(t *testing.T) {
	var h Histogram
	if got := h.Snapshot().Quantile(0.99); got != 0 {
		t.Errorf("an empty snapshot has %d", got)
	}
	for range 100 {
		h.Add(2000)
	}
	before := h.Snapshot()
	for ms := range int64(20) {
		h.Add(ms + 1)
	}
	recent := h.Snapshot().Since(before)
	if p50, p99 := recent.Quantile(0.5), recent.Quantile(0.99); p50 != 10 || p99 != 20 {
		t.Errorf("of 1 to 20: p50 %d, p99 %d", p50, p99)
	}
	if p50 := h.Snapshot().Quantile(0.5); p50 < 2000 || p50 > 2000*17/16 {
		t.Errorf("of all: p50 %d", p50)
	}
	if got := before.Since(before).Quantile(0.5); got != 0 {
		t.Errorf("nothing since: %d", got)
	}
}
