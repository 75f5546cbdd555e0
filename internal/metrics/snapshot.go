package metrics

// Snapshot is what a Histogram holds at a moment. It is a plain value.
type Snapshot struct {
	buckets [bucketCount]int64
	sum     int64
}

// Snapshot copies the histogram. What is added at the same moment may or may not be in it.
func (h *Histogram) Snapshot() (s Snapshot) {
	for i := range h.buckets {
		s.buckets[i] = h.buckets[i].Load()
	}
	s.sum = h.sum.Load()
	return s
}

// Since is what was added after an earlier snapshot of the same histogram.
func (s Snapshot) Since(earlier Snapshot) Snapshot {
	for i, n := range earlier.buckets {
		s.buckets[i] -= n
	}
	s.sum -= earlier.sum
	return s
}

// Sum is the sum of all durations, in milliseconds.
func (s Snapshot) Sum() int64 { return s.sum }

// Bounds are durations in milliseconds, in rising order, at which counts can be had exactly: half an octave apart, each the last
// millisecond before a round binary number, from 15 ms to two minutes.
var Bounds = func() (bounds []int64) {
	for ms := int64(16); ms <= 1<<17; ms *= 2 {
		bounds = append(bounds, ms-1, ms+ms/2-1)
	}
	return bounds[:len(bounds)-1]
}()

// Cumulative is how many durations do not exceed each of Bounds, and how many there are.
func (s Snapshot) Cumulative() (upTo []uint64, total uint64) {
	upTo = make([]uint64, len(Bounds))
	next := 0
	for i, n := range s.buckets {
		for next < len(Bounds) && upperOf(i) > Bounds[next] {
			upTo[next] = total
			next++
		}
		total += uint64(n)
	}
	for ; next < len(Bounds); next++ {
		upTo[next] = total
	}
	return upTo, total
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
