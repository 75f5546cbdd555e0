package metrics

import (
	"math/bits"
	"sync/atomic"
)

// subBuckets is the number of buckets per power of two, so that the relative error is at most 1/16.
const subBuckets = 16

const bucketCount = 40 * subBuckets

// Histogram is a histogram of durations in milliseconds. It is safe for concurrent use. The zero
// value is empty.
type Histogram struct {
	buckets [bucketCount]atomic.Int64
	sum     atomic.Int64
	max     atomic.Int64
}

// Add adds a duration. A negative one counts as 0.
func (h *Histogram) Add(ms int64) {
	ms = max(ms, 0)
	h.buckets[min(bucketOf(ms), len(h.buckets)-1)].Add(1)
	h.sum.Add(ms)
	for {
		m := h.max.Load()
		if ms <= m || h.max.CompareAndSwap(m, ms) {
			return
		}
	}
}

// Quantile returns the duration that a fraction q of all durations does not exceed, or 0 if there
// are none.
func (h *Histogram) Quantile(q float64) int64 { return min(h.Snapshot().Quantile(q), h.max.Load()) }

// Latency returns the summary of the histogram.
func (h *Histogram) Latency() Latency {
	return Latency{P50: h.Quantile(0.50), P99: h.Quantile(0.99), Max: h.max.Load()}
}

// Reset removes all durations. A concurrent Add may or may not be kept.
func (h *Histogram) Reset() {
	for i := range h.buckets {
		h.buckets[i].Store(0)
	}
	h.sum.Store(0)
	h.max.Store(0)
}

// bucketOf returns the bucket of a value.
func bucketOf(v int64) int {
	if v < 2*subBuckets {
		return int(v)
	}
	shift := bits.Len64(uint64(v)) - 5 // v>>shift is 16 to 31
	return shift*subBuckets + int(v>>shift)
}

// upperOf returns the greatest value in bucket i.
func upperOf(i int) int64 {
	if i < 2*subBuckets {
		return int64(i)
	}
	shift := i/subBuckets - 1
	return (int64(i-shift*subBuckets)+1)<<shift - 1
}
