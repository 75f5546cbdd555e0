package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// TestQuantile compares quantiles with the exact values, which they may exceed by a sixteenth.
func TestQuantile(t *testing.T) {
	draws := map[string]func(*rand.Rand) int64{
		"small":       func(r *rand.Rand) int64 { return r.Int64N(40) },
		"uniform":     func(r *rand.Rand) int64 { return r.Int64N(10_000) },
		"exponential": func(r *rand.Rand) int64 { return int64(50 * r.ExpFloat64()) },
		"powers":      func(r *rand.Rand) int64 { return 1 << r.IntN(40) },
		"constant":    func(*rand.Rand) int64 { return 1234 },
	}
	for name, draw := range draws {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			for _, n := range []int{1, 2, 3, 100, 5000} {
				var h Histogram
				values := make([]int64, n)
				for i := range values {
					values[i] = draw(r)
					h.Add(values[i])
				}
				slices.Sort(values)
				for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 0.999, 1} {
					truth := values[max(int(math.Ceil(q*float64(n)))-1, 0)]
					if got := h.Quantile(q); got < truth || float64(got) > float64(truth)*(1+1.0/subBuckets) {
						t.Errorf("quantile %v of %d values is %d, want %d to a sixteenth", q, n, got, truth)
					}
				}
			}
		})
	}
}

func TestHistogramEdges(t *testing.T) {
	var h Histogram
	if h.Latency() != (Latency{}) {
		t.Errorf("empty: %+v", h.Latency())
	}
	h.Add(-5) // as after the clock was set back
	if got := h.Latency(); got != (Latency{}) {
		t.Errorf("a negative duration counts as 0, got %+v", got)
	}
	h.Add(math.MaxInt64)
	if got := h.Latency().Max; got != math.MaxInt64 {
		t.Errorf("max is %d", got)
	}
	h.Reset()
	if h.Latency() != (Latency{}) {
		t.Errorf("after a reset: %+v", h.Latency())
	}
}

// TestBuckets checks that buckets are contiguous and include their upper bounds.
func TestBuckets(t *testing.T) {
	for i := range 30 * subBuckets {
		upper := upperOf(i)
		if bucketOf(upper) != i || bucketOf(upper+1) != i+1 {
			t.Fatalf("bucket %d ends at %d, but that is in bucket %d and the next value in %d", i, upper,
				bucketOf(upper), bucketOf(upper+1))
		}
	}
}

func TestHistogramUnderConcurrency(t *testing.T) {
	var h Histogram
	var work sync.WaitGroup
	for w := range 8 {
		work.Go(func() {
			for i := range 1000 {
				h.Add(int64(w*1000 + i))
				h.Quantile(0.99)
			}
		})
	}
	work.Wait()
	var n int64
	for i := range h.buckets {
		n += h.buckets[i].Load()
	}
	if n != 8000 || h.Latency().Max != 7999 {
		t.Errorf("%d values with maximum %d, want 8000 and 7999", n, h.Latency().Max)
	}
}
