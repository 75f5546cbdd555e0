package velocity

import "slices"

// The windows, in milliseconds and minutes of the clock.
const (
	minuteMs    = 60_000
	hourMinutes = 60
	dayMinutes  = 24 * hourMinutes
	dayMs       = dayMinutes * minuteMs
	aheadMs     = 5 * minuteMs // how far ahead of the clock an event may be

	// maxMinutes is the greatest number of minutes with buckets: 24 hours, the current minute, and
	// those ahead.
	maxMinutes = dayMinutes + 1 + aheadMs/minuteMs
	maxBuckets = kinds * maxMinutes
)

// The clock is limited to these bounds, so that a minute fits into 32 bits and no window begins
// before 1970.
const (
	minClockMs = dayMs
	maxClockMs = 100_000_000_000_000 // in the year 5138
)

// bucket counts the events of one kind in one minute. It exists only if an event of non-zero
// quantity occurred in it. There is one bucket a kind because most minutes have one kind only.
type bucket struct {
	count  int64 // for Sale: sold minus returned
	minute int32 // since 1970
	kind   Kind
	sold   bool // at least one sale of positive quantity
}

// minuteOf returns the minute of a time, which must not be negative.
func minuteOf(ms int64) int32 { return int32(ms / minuteMs) }

// oldest returns the first minute of the window of the given length at now. A bucket stays in the
// window until the whole window has passed since its end, so that an event counts for the window
// and up to a minute more.
func oldest(now int64, minutes int32) int32 { return minuteOf(now) - minutes }

// newest returns the last minute that can have events at now.
func newest(now int64) int32 { return minuteOf(now + aheadMs) }

// leaves returns the first time at which a minute is no longer in the window of the given length.
func leaves(minute, window int32) int64 { return (int64(minute) + int64(window) + 1) * minuteMs }

// search returns the position of the first bucket not before a minute. It is fastest near the end,
// where most events belong.
func search(buckets []bucket, minute int32) int {
	n := len(buckets)
	for near := max(0, n-8); n > near; n-- {
		if buckets[n-1].minute < minute {
			return n
		}
	}
	i, _ := slices.BinarySearchFunc(buckets[:n], minute, func(b bucket, m int32) int { return int(b.minute) - int(m) })
	return i
}

// cut removes the buckets before position i. It reallocates if most of the memory would be unused.
func cut(buckets []bucket, i int) []bucket {
	left := len(buckets) - i
	switch {
	case i == 0:
		return buckets
	case left == 0:
		return nil
	case cap(buckets) > 8 && left <= cap(buckets)/4:
		return slices.Clone(buckets[i:])
	}
	return slices.Delete(buckets, 0, i)
}
