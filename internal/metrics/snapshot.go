package metrics

// Snapshot is what a Histogram holds at a moment. It is a plain value.
type Snapshot struct {
	buckets [bucketCount]int64
}

// Snapshot copies the histogram. What is added at the same moment may or may not be in it.
func (h *Histogram) Snapshot() (s Snapshot) {
	for i := range h.buckets {
		s.buckets[i] = h.buckets[i].Load()
	}
	return s
}

// Since is what was added after an earlier snapshot of the same histogram.
func (s Snapshot) Since(earlier Snapshot) Snapshot {
	for i, n := range earlier.buckets {
		s.buckets[i] -= n
	}
	return s
}

// Quantile is the duration in milliseconds that a share q of all counted ones does not exceed, to a sixteenth of it and never
// too small; 0 when nothing was counted.
func (s Snapshot) Quantile(q float64) int64 {
	var total, seen int64
	for _, n := range s.buckets {
		total += n
	}
	for i, n := range s.buckets {
		seen += n
		if seen > 0 && float64(seen) >= q*float64(total) {
			return upperOf(i)
		}
	}
	return 0
}
