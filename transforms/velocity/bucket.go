package velocity

import "slices"

// The sliding windows, milliseconds and minutes of the clock.
const (
	minuteMs    = 60_000
	hourMinutes = 60
	dayMinutes  = 24 * hourMinutes
	dayMs       = dayMinutes * minuteMs
	aheadMs     = 5 * minuteMs // how far ahead of the clock an event may be

	// maxMinutes is every minute that can be in the day window at once: 24 hours, the minute that is passing, those ahead.
	maxMinutes = dayMinutes + 1 + aheadMs/minuteMs
	maxBuckets = kinds * maxMinutes
)

// The clock is held within these bounds, so that minutes fit 32 bits and no window begins before 1970.
const (
	minClockMs = dayMs
	maxClockMs = 100_000_000_000_000 // in the year 5138
)

// bucket is what happened of one kind in one minute. A bucket exists only if an event of non-zero quantity did. Most minutes of most
// products see one kind, so that a bucket for each takes far less memory than one for all.
type bucket struct {
	count  int64 // of sales: sold less returned
	minute int32 // since 1970
	kind   Kind
	sold   bool // at least one sale of positive quantity
}

// minuteOf is the bucket of a time, which is not negative.
func minuteOf(ms int64) int32 { return int32(ms / minuteMs) }

// oldest is the first bucket of the window that reaches the given minutes back from now. A bucket belongs to it until the
// whole window has passed since the bucket's end, so an event counts for the window and up to a minute more.
func oldest(now int64, minutes int32) int32 { return minuteOf(now) - minutes }

// newest is the last bucket that can hold an event.
func newest(now int64) int32 { return minuteOf(now + aheadMs) }

// leaves is the first time at which the bucket of a minute is no longer in the window of the given length.
func leaves(minute, window int32) int64 { return (int64(minute) + int64(window) + 1) * minuteMs }

// search returns the position of the first bucket at or after a minute. It looks from the end, where nearly all the
// traffic is.
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

// cut removes the buckets before position i, and gives memory back when most of it has become idle.
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
