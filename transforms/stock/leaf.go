package stock

import "slices"

// leafSize is the greatest number of entries in a leaf.
const leafSize = 32

// leaf is a short slice of entries in order.
type leaf []entry

// insert adds an entry. If the leaf is full, it is split and the right part is returned.
func (l *leaf) insert(e entry) (right leaf) {
	// Scan from the end, where most events belong. In memory that is not cached a scan is faster
	// than a binary search, as its reads do not depend on each other.
	i := len(*l)
	for i > 0 && e.less((*l)[i-1]) {
		i--
	}
	if len(*l) < leafSize {
		*l = slices.Insert(*l, i, e)
		return nil
	}
	// Most events arrive in order of time, so a split at the end leaves the left part full.
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

// sum returns the sum of all deltas.
func (l leaf) sum() (sum int64) {
	for _, e := range l {
		sum += e.delta()
	}
	return sum
}

// sumFrom returns the sum of the deltas of the entries not before at.
func (l leaf) sumFrom(at int64) (sum int64) {
	for i := len(l) - 1; i >= 0 && l[i].at >= at; i-- {
		sum += l[i].delta()
	}
	return sum
}

// get returns the entry with the time, code and id of e.
func (l leaf) get(e entry) (found entry, ok bool) {
	for _, found := range l {
		if found.id == e.id && found.at == e.at {
			return found, true
		}
	}
	return entry{}, false
}

// from calls f for the entries not before at, in order, until f returns false.
func (l leaf) from(at int64, f func(entry) bool) bool {
	for _, e := range l {
		if e.at >= at && !f(e) {
			return false
		}
	}
	return true
}

// popBefore removes the entries before at and calls f for each, in order. It returns their number
// and the sum of their deltas.
func (l *leaf) popBefore(at int64, f func(entry)) (n int, sum int64) {
	for ; n < len(*l) && (*l)[n].at < at; n++ {
		sum += (*l)[n].delta()
		f((*l)[n])
	}
	if *l = (*l)[n:]; len(*l) == 0 {
		*l = nil // release the memory in front
	}
	return n, sum
}
