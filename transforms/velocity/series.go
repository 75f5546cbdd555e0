// Package velocity holds the rules of branch B: the counts of the last hour and day, which of the
// two windows is shown, and when demand is high. It is pure: the caller provides events, clock and
// options.
//
// A Series takes the events of one product, in one store or over all stores, in any order of
// arrival:
//
//	s.Add(occurredAt, now, velocity.Sale, 2)
//	r, changed, badge := s.Evaluate(now, config)
//	// write r if changed, archive badge unless nil, evaluate again at s.NextDue(config)
package velocity

import (
	"slices"
	"unsafe"
)

// Kind is the kind of an event that velocity counts.
type Kind uint8

// The kinds.
const (
	Sale    Kind = iota // units sold; negative for a return
	View                // views of the product
	CartAdd             // units put into carts

	kinds = 3
)

// Series counts the events of the last 24 hours in buckets of a minute, and keeps its last
// decisions. All times are epoch milliseconds of the caller's clock. The zero value is an empty
// series, ready for use. It is not safe for concurrent use, and a copy shares memory with the
// original: use only one of them.
//
// The clock should not go back. If it goes back by up to 24 hours (two machines, a corrected
// clock), the series stays at the greatest time seen. If it goes back further, the series follows
// it and drops the events that are then in the future.
type Series struct {
	buckets   []bucket // ordered by minute and kind, all in the day window of seen
	seen      int64    // the greatest clock seen; 0 for none
	changedAt int64    // when the badge last changed; 0 if never; reset once the series is gone
	last      Reading  // the last result of Evaluate; window and badge are subject to hysteresis
	stale     bool     // Evaluate may return something other than last at once
}

// Add counts an event and reports whether it counts: it must have occurred at most 24 hours before
// and at most 5 minutes after now, and its quantity must not be 0, nor negative except for a Sale.
// An event that does not count leaves the series unchanged. Quantities within ±1,000,000,000 cannot
// overflow the sums.
func (s *Series) Add(occurredAtMs, nowMs int64, k Kind, quantity int64) (counted bool) {
	if quantity == 0 || k > CartAdd || (quantity < 0 && k != Sale) {
		return false
	}
	now := s.clock(nowMs)
	if occurredAtMs < now-dayMs || occurredAtMs > now+aheadMs {
		return false
	}
	s.advance(now)
	s.stale = true
	b := s.bucket(minuteOf(occurredAtMs), k)
	b.count += quantity
	b.sold = b.sold || k == Sale && quantity > 0
	return true
}

// Expires returns the clock at which no counted event is left in 24 hours, or 0 for an empty
// series.
func (s *Series) Expires() int64 {
	if len(s.buckets) == 0 {
		return 0
	}
	return leaves(s.buckets[len(s.buckets)-1].minute, dayMinutes)
}

// Empty reports whether the series holds no state, so that it can be dropped: Evaluate has
// returned that it is gone, and no dwell is running.
func (s *Series) Empty() bool {
	return len(s.buckets) == 0 && s.changedAt == 0 && s.last.Gone()
}

// Size returns the approximate memory use of the series, in bytes.
func (s *Series) Size() int {
	return int(unsafe.Sizeof(*s)) + cap(s.buckets)*int(unsafe.Sizeof(bucket{}))
}

// bucket returns the bucket of a minute and a kind, which it makes if necessary.
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

// clock returns the time that a call at nowMs is evaluated at.
func (s *Series) clock(nowMs int64) int64 {
	now := min(max(nowMs, minClockMs), maxClockMs)
	if now < s.seen && s.seen-now <= dayMs {
		return s.seen
	}
	return now
}

// advance sets the time of the series to now, a result of clock, and drops the buckets outside of
// its day window.
func (s *Series) advance(now int64) {
	if now < s.seen {
		s.buckets = slices.Clone(s.buckets[:search(s.buckets, newest(now)+1)])
		s.changedAt = min(s.changedAt, now)
	}
	s.seen = now
	if first := oldest(now, dayMinutes); len(s.buckets) > 0 && s.buckets[0].minute < first {
		s.buckets = cut(s.buckets, search(s.buckets, first))
	}
}
