package velocity

import "math"

// Evaluate lets go of what has left the windows, decides window and badge, and returns the reading. changed says that it
// differs from what the last call returned; a new series counts as having said that it is gone. badge is the change of the
// badge, nil when there is none. A series that is gone loses its badge whatever the dwell.
func (s *Series) Evaluate(nowMs int64, c Config) (r Reading, changed bool, badge *Change) {
	s.moveTo(s.clock(nowMs))
	s.stale = false
	r, minutes := s.count()
	r.Dense = dense(s.last.Dense, minutes, r.UnitsHour, c)
	r.HighDemand = s.last.HighDemand
	if wantsBadge(r, c) != r.HighDemand && (r.Gone() || s.seen >= s.dwellEnds(c)) {
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

// NextDue is the earliest clock at which Evaluate could say something else without new events, or could let the series be
// forgotten; math.MaxInt64 when it never could. A series that was added to or decoded since its last evaluation is due at
// once: the answer is then a time that has passed.
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
	if wantsBadge(s.last, c) != s.last.HighDemand {
		due = min(due, s.dwellEnds(c))
	}
	return due
}

// count sums the buckets, and counts the minutes of the last hour that had a sale.
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

// dense decides the window: the thresholds to enter are twice those to stay.
func dense(was bool, salesMinutes, units int64, c Config) bool {
	if was {
		return salesMinutes >= half(c.DenseMinutes) && units >= half(c.DenseUnits)
	}
	return salesMinutes >= c.DenseMinutes && units >= c.DenseUnits
}

// wantsBadge says where the badge of a reading should go, dwell aside.
func wantsBadge(r Reading, c Config) bool {
	if r.HighDemand {
		return score(r, c) >= half(c.HighDemandEnter)
	}
	return score(r, c) >= c.HighDemandEnter
}

// score weighs the last hour. Counts beyond a trillion weigh as a trillion, so that it cannot overflow.
func score(r Reading, c Config) int64 {
	const most = 1_000_000_000_000
	return c.WeightView*min(r.ViewsHour, most) +
		c.WeightCartAdd*min(r.CartsHour, most) +
		c.WeightUnit*max(-most, min(r.UnitsHour, most))
}

// dwellEnds is the clock from which the badge may change.
func (s *Series) dwellEnds(c Config) int64 {
	if s.changedAt == 0 {
		return 0
	}
	return s.changedAt + c.DwellMs
}

// change describes the badge that r has just got or lost.
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
