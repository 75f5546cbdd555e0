package metrics

import (
	"math/bits"
	"sync/atomic"
)

// subBuckets is how many buckets each power of two has: values are exact to 1/16.
const subBuckets = 16

const bucketCount = 40 * subBuckets

// Histogram counts durations in milliseconds. It is safe for concurrent use; the zero value is empty.
type Histogram struct {
	buckets [bucketCount]atomic.Int64
	sum     atomic.Int64
	max     atomic.Int64
}

// Add counts one duration; negative ones count as 0.
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

// Quantile is the duration that a share q of all counted ones does not exceed, 0 when nothing was counted.
func (h *Histogram) Quantile(q float64) int64 { return min(h.Snapshot().Quantile(q), h.max.Load()) }

// Latency is the histogram's summary.
func (h *Histogram) Latency() Latency {
	return Latency{P50: h.Quantile(0.50), P99: h.Quantile(0.99), Max: h.max.Load()}
}

// Reset forgets everything; what is added at the same moment may or may not stay.
func (h *Histogram) Reset() {
	for i := range h.buckets {
		h.buckets[i].Store(0)
	}
	h.sum.Store(0)
	h.max.Store(0)
}

func bucketOf(v int64) int {
	if v < 2*subBuckets {
		return int(v)
	}
	shift := bits.Len64(uint64(v)) - 5 // leaves 16..31
	return shift*subBuckets + int(v>>shift)
}

func upperOf(i int) int64 {
	if i < 2*subBuckets {
		return int64(i)
	}
	shift := i/subBuckets - 1
	return (int64(i-shift*subBuckets)+1)<<shift - 1
}
