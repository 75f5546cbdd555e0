package localpubsub

import "time"

// schedule holds items until their times. Items of the same length of time fall due in the order in
// which they were added, so there is one chain for each length in use, and adding or removing an
// item is O(1). Few lengths are in use: the protocol has whole seconds up to 600, and backoffs
// double.
type schedule struct {
	byLength map[time.Duration]*chain
	earliest time.Time // nothing is due before it; zero if nothing was added since it was last computed
}

// add holds an item, which must be in no chain, for a length of time.
func (s *schedule) add(it *item, now time.Time, length time.Duration) {
	c := s.byLength[length]
	if c == nil {
		c = &chain{}
		s.byLength[length] = c
	}
	it.due = now.Add(length)
	c.pushBack(it)
	if s.earliest.IsZero() || it.due.Before(s.earliest) {
		s.earliest = it.due
	}
}

// take calls f for each item that is due. f must remove the item from its chain.
func (s *schedule) take(now time.Time, f func(*item)) {
	if s.earliest.IsZero() || now.Before(s.earliest) {
		return
	}
	s.earliest = time.Time{}
	for length, c := range s.byLength {
		for it := c.front; it != nil && !it.due.After(now); it = c.front {
			f(it)
		}
		if c.front == nil {
			delete(s.byLength, length)
		} else if s.earliest.IsZero() || c.front.due.Before(s.earliest) {
			s.earliest = c.front.due
		}
	}
}

// length returns the number of items.
func (s *schedule) length() (n int) {
	for _, c := range s.byLength {
		n += c.length
	}
	return n
}
