package stock

import "slices"

// leafSize is how many entries a leaf holds at most.
const leafSize = 32

// leaf is a short run of entries in order.
type leaf []entry

// insert adds an entry. When the leaf was full it is split, and the right part returned.
func (l *leaf) insert(e entry) (right leaf) {
	// A scan from the end: most events belong there, and in a leaf that is far away in memory all steps wait for it at once, where those of
	// a binary search would one after the other.
	i := len(*l)
	for i > 0 && e.less((*l)[i-1]) {
		i--
	}
	if len(*l) < leafSize {
		*l = slices.Insert(*l, i, e)
		return nil
	}
	// Events come mostly in the order of time: a split at the end leaves the left part full.
	cut := leafSize / 2
	if i == leafSize {
		cut = leafSize
	}
	right = append(make(leaf, 0, leafSize), (*l)[cut:]...)
	*l = (*l)[:cut]
	if i < cut {
		*l = slices.Insert(*l, i, e)
	} else {
		right = slices.Insert(right, i-cut, e)
	}
	return right
}

// sum is the sum of all deltas.
func (l leaf) sum() (sum int64) {
	for _, e := range l {
		sum += e.delta()
	}
	return sum
}

// sumFrom is the sum of the deltas from at on.
func (l leaf) sumFrom(at int64) (sum int64) {
	for i := len(l) - 1; i >= 0 && l[i].at >= at; i-- {
		sum += l[i].delta()
	}
	return sum
}

// get finds the entry with the time, the code and the id of e.
func (l leaf) get(e entry) (found entry, ok bool) {
	for _, found := range l {
		if found.id == e.id && found.at == e.at {
			return found, true
		}
	}
	return entry{}, false
}

// from hands the entries from at on to f in order until f returns false.
func (l leaf) from(at int64, f func(entry) bool) bool {
	for _, e := range l {
		if e.at >= at && !f(e) {
			return false
		}
	}
	return true
}

// popBefore removes the entries before at, hands them to f in order, and returns how many they were and the sum of their deltas.
func (l *leaf) popBefore(at int64, f func(entry)) (n int, sum int64) {
	for ; n < len(*l) && (*l)[n].at < at; n++ {
		sum += (*l)[n].delta()
		f((*l)[n])
	}
	if *l = (*l)[n:]; len(*l) == 0 {
		*l = nil // lets go of what was in front
	}
	return n, sum
}
