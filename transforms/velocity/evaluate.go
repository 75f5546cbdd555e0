package velocity

import "math"

// Evaluate evaluates the series at nowMs: it removes what has left the windows and decides window
// and badge. changed reports whether r differs from the last reading; the last reading of a new
// series is that it is gone. badge is the change of the badge, or nil. A series that is gone loses
// its badge regardless of the dwell.
func (s *Series) Evaluate(nowMs int64, c Config) (r Reading, changed bool, badge *Change) {
	s.advance(s.clock(nowMs))
	s.stale = false
	r, minutes := s.count()
	r.Dense = dense(s.last.Dense, minutes, r.UnitsHour, c)
	r.HighDemand = s.last.HighDemand
	if badgeByScore(r, c) != r.HighDemand && (r.Gone() || s.seen >= s.dwellEnds(c)) {
		r.HighDemand = !r.HighDemand
		s.changedAt = s.seen
		badge = s.change(r, c)
	}
	if r.Gone() && s.seen >= s.dwellEnds(c) {
		s.changedAt = 0
	}
	changed = r != s.last
	s.last = r
	return r, changed, badge
}

// NextDue returns the earliest clock at which Evaluate could return another reading without new
// events, or the series could become empty. It returns math.MaxInt64 if there is none. A series
// that was added to or decoded since its last evaluation is due at once: the result is in the past.
func (s *Series) NextDue(c Config) int64 {
	if s.stale {
		return s.seen
	}
	if len(s.buckets) == 0 {
		if s.changedAt != 0 {
			return s.dwellEnds(c)
		}
		return math.MaxInt64
	}
	due := leaves(s.buckets[0].minute, dayMinutes)
	if i := search(s.buckets, oldest(s.seen, hourMinutes)); i < len(s.buckets) {
		due = min(due, leaves(s.buckets[i].minute, hourMinutes))
	}
	if badgeByScore(s.last, c) != s.last.HighDemand {
		due = min(due, s.dwellEnds(c))
	}
	return due
}

// count returns the sums of the buckets, and the number of minutes of the last hour with sales.
func (s *Series) count() (r Reading, salesMinutes int64) {
	r.Expires = s.Expires()
	var counts [kinds]int64
	first := oldest(s.seen, hourMinutes)
	i := len(s.buckets) - 1
	for ; i >= 0 && s.buckets[i].minute >= first; i-- {
		b := &s.buckets[i]
		counts[b.kind] += b.count
		if b.sold {
			salesMinutes++
		}
	}
	r.UnitsHour, r.ViewsHour, r.CartsHour = counts[Sale], counts[View], counts[CartAdd]
	for ; i >= 0; i-- {
		b := &s.buckets[i]
		counts[b.kind] += b.count
	}
	r.UnitsDay, r.ViewsDay, r.CartsDay = counts[Sale], counts[View], counts[CartAdd]
	return r, salesMinutes
}

// dense decides whether the hour is dense. The thresholds to stay dense are half of those to become
// dense.
func dense(was bool, salesMinutes, units int64, c Config) bool {
	if was {
		return salesMinutes >= half(c.DenseMinutes) && units >= half(c.DenseUnits)
	}
	return salesMinutes >= c.DenseMinutes && units >= c.DenseUnits
}

// badgeByScore returns the state of the badge by score and hysteresis, without dwell.
func badgeByScore(r Reading, c Config) bool {
	if r.HighDemand {
		return score(r, c) >= half(c.HighDemandEnter)
	}
	return score(r, c) >= c.HighDemandEnter
}

// score returns the weighted sum of the counts of the last hour. Each count is limited to a
// trillion, so that the sum cannot overflow.
func score(r Reading, c Config) int64 {
	const most = 1_000_000_000_000
	return c.WeightView*min(r.ViewsHour, most) +
		c.WeightCartAdd*min(r.CartsHour, most) +
		c.WeightUnit*max(-most, min(r.UnitsHour, most))
}

// dwellEnds returns the clock from which the badge may change.
func (s *Series) dwellEnds(c Config) int64 {
	if s.changedAt == 0 {
		return 0
	}
	return s.changedAt + c.DwellMs
}

// change returns the Change for a badge that r has just got or lost.
func (s *Series) change(r Reading, c Config) *Change {
	return &Change{
		On:       r.HighDemand,
		At:       s.seen,
		Score:    score(r, c),
		Views:    r.ViewsHour,
		CartAdds: r.CartsHour,
		Units:    r.UnitsHour,
		Enter:    c.HighDemandEnter,
		Exit:     half(c.HighDemandEnter),
	}
}
