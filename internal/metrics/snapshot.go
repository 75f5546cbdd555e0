package metrics

// Snapshot is the content of a Histogram at one time. It is a plain value.
type Snapshot struct {
	buckets [bucketCount]int64
	sum     int64
}

// Snapshot returns a copy of the histogram. A concurrent Add may or may not be in it.
func (h *Histogram) Snapshot() (s Snapshot) {
	for i := range h.buckets {
		s.buckets[i] = h.buckets[i].Load()
	}
	s.sum = h.sum.Load()
	return s
}

// Since returns what was added after an earlier snapshot of the same histogram.
func (s Snapshot) Since(earlier Snapshot) Snapshot {
	for i, n := range earlier.buckets {
		s.buckets[i] -= n
	}
	s.sum -= earlier.sum
	return s
}

// Sum returns the sum of all durations, in milliseconds.
func (s Snapshot) Sum() int64 { return s.sum }

// Bounds are the durations in milliseconds, ascending, for which Cumulative is exact. There are two
// per power of two, from 15 ms to two minutes, each the last millisecond of a bucket.
var Bounds = func() (bounds []int64) {
	for ms := int64(16); ms <= 1<<17; ms *= 2 {
		bounds = append(bounds, ms-1, ms+ms/2-1)
	}
	return bounds[:len(bounds)-1]
}()

// Cumulative returns how many durations do not exceed each of Bounds, and how many there are in
// total.
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

// Quantile returns the duration in milliseconds that a fraction q of all durations does not exceed,
// or 0 if there are none. It is at most a sixteenth too high and never too low.
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
