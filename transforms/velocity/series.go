// Package velocity decides how fast a product sells: what counts in the last hour and the last day, which of the two windows
// is shown, and when demand is high. It is plain logic without I/O; the caller brings the events, the clock and the options.
//
// A Series takes the events of one store and product, or of one product over all stores, in any order of arrival:
//
//	s.Add(occurredAt, now, velocity.Sale, 2)
//	r, changed, badge := s.Evaluate(now, config)
//	// write r if changed, archive badge if not nil, come back at s.NextDue(config)
package velocity

import (
	"slices"
	"unsafe"
)

// Kind says what an event counts as.
type Kind uint8

// The kinds of events that show demand.
const (
	Sale    Kind = iota // units sold; negative is a return
	View                // looks at the product
	CartAdd             // units put into carts

	kinds = 3
)

// Series holds the events of the last 24 hours in buckets of a minute, and what it last decided. All times are epoch
// milliseconds of the caller's clock. The zero value is an empty series, ready for use. It is not safe for concurrent use,
// and after a copy only one of the two may be used on.
//
// The clock should not run backwards. Where it does by up to 24 hours (two machines, a corrected clock), the series stays at
// the greatest time it has seen. Where it falls further behind, it is believed: what is then in the future is dropped.
type Series struct {
	buckets   []bucket // by minute and kind, all in the day window of seen
	seen      int64    // the greatest clock seen; 0: none
	changedAt int64    // when the badge last changed; 0: never, or long ago
	last      Reading  // what Evaluate last returned; the window and the badge in it are sticky
	stale     bool     // Evaluate might say something other than last at once
}

// Add counts an event and reports whether it did. An event counts that occurred at most 24 hours before and at most 5
// minutes after now, with a quantity other than 0; only a Sale may be negative. An event that does not count leaves the
// series as it was. The sums hold as long as quantities are within ±1,000,000,000, as the decoder sees to.
func (s *Series) Add(occurredAtMs, nowMs int64, k Kind, quantity int64) (counted bool) {
	if quantity == 0 || k > CartAdd || (quantity < 0 && k != Sale) {
		return false
	}
	now := s.clock(nowMs)
	if occurredAtMs < now-dayMs || occurredAtMs > now+aheadMs {
		return false
	}
	s.moveTo(now)
	s.stale = true
	b := s.bucket(minuteOf(occurredAtMs), k)
	b.count += quantity
	b.sold = b.sold || k == Sale && quantity > 0
	return true
}

// Expires is the clock at which nothing counted is left in 24 hours, 0 for an empty series.
func (s *Series) Expires() int64 {
	if len(s.buckets) == 0 {
		return 0
	}
	return leaves(s.buckets[len(s.buckets)-1].minute, dayMinutes)
}

// Forgotten reports whether the series remembers nothing, so that the caller can drop it: Evaluate has said that it is gone
// and no dwell of the badge is running any more.
func (s *Series) Forgotten() bool {
	return len(s.buckets) == 0 && s.changedAt == 0 && s.last.Gone()
}

// Size is the approximate memory of the series, bytes.
func (s *Series) Size() int {
	return int(unsafe.Sizeof(*s)) + cap(s.buckets)*int(unsafe.Sizeof(bucket{}))
}

// bucket returns the bucket of a minute and a kind, which is made if it is not there.
func (s *Series) bucket(minute int32, k Kind) *bucket {
	i := search(s.buckets, minute)
	for i < len(s.buckets) && s.buckets[i].minute == minute && s.buckets[i].kind < k {
		i++
	}
	if i == len(s.buckets) || s.buckets[i].minute != minute || s.buckets[i].kind != k {
		s.buckets = slices.Insert(s.buckets, i, bucket{minute: minute, kind: k})
	}
	return &s.buckets[i]
}

// clock is the time as which a call at nowMs counts.
func (s *Series) clock(nowMs int64) int64 {
	now := min(max(nowMs, minClockMs), maxClockMs)
	if now < s.seen && s.seen-now <= dayMs {
		return s.seen
	}
	return now
}

// moveTo makes now, from clock, the time of the series and drops the buckets outside of its day window.
func (s *Series) moveTo(now int64) {
	if now < s.seen {
		s.buckets = slices.Clone(s.buckets[:search(s.buckets, newest(now)+1)])
		s.changedAt = min(s.changedAt, now)
	}
	s.seen = now
	if first := oldest(now, dayMinutes); len(s.buckets) > 0 && s.buckets[0].minute < first {
		s.buckets = cut(s.buckets, search(s.buckets, first))
	}
}
