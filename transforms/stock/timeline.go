package stock

import "math"

// timeline keeps entries in the order of time. Entries are added anywhere, most often at the end, and removed from the front; the
// sum from any time on is found in logarithmic time. Most records have a handful of entries for ever, so that a timeline is no
// more than a slice until a leaf is full. The zero value is empty.
type timeline struct {
	few  leaf  // all entries, or
	many *tree // all entries
}

type tree struct {
	root node
	n    int
}

func (t *timeline) len() int {
	if t.many != nil {
		return t.many.n
	}
	return len(t.few)
}

// insert adds an entry.
func (t *timeline) insert(e entry) {
	if t.many == nil {
		if right := t.few.insert(e); right != nil {
			kids := append(make([]node, 0, 4), *newLeaf(t.few), *newLeaf(right))
			*t = timeline{many: &tree{root: *newInner(kids), n: len(t.few) + len(right)}}
		}
		return
	}
	t.many.n++
	if right := t.many.root.insert(e); right != nil {
		t.many.root = *newInner(append(make([]node, 0, 4), t.many.root, *right))
	}
}

// sum is the sum of all deltas.
func (t *timeline) sum() int64 {
	if t.many != nil {
		return t.many.root.sum
	}
	return t.few.sum()
}

// sumFrom is the sum of the deltas of all entries that occurred at or after ms.
func (t *timeline) sumFrom(ms int64) int64 {
	if t.many != nil {
		return t.many.root.sumFrom(ms << codeBits)
	}
	return t.few.sumFrom(ms << codeBits)
}

// get finds the entry with the time, the code and the id of e.
func (t *timeline) get(e entry) (found entry, ok bool) {
	if t.many != nil {
		return t.many.root.get(e)
	}
	return t.few.get(e)
}

// find finds the entry of an id that occurred from a time to before another.
func (t *timeline) find(id uint64, fromMs, toMs int64) (found entry, ok bool) {
	t.from(fromMs, func(e entry) bool {
		if e.timeMs() >= toMs {
			return false
		}
		found, ok = e, e.id == id
		return !ok
	})
	return found, ok
}

// from hands all entries that occurred at or after ms to f in order until f returns false.
func (t *timeline) from(ms int64, f func(entry) bool) {
	if t.many != nil {
		t.many.root.from(ms<<codeBits, f)
		return
	}
	t.few.from(ms<<codeBits, f)
}

// popBefore removes all entries that occurred before ms and hands them to f, oldest first.
func (t *timeline) popBefore(ms int64, f func(entry)) {
	at := ms << codeBits
	if t.many == nil {
		t.few.popBefore(at, f)
		return
	}
	root := &t.many.root
	if root.lo.at >= at {
		return
	}
	t.many.n -= root.popBefore(at, f)
	for len(root.kids) == 1 {
		*root = root.kids[0]
	}
	if len(root.kids) == 0 {
		*t = timeline{few: root.leaf}
	}
}

// oldest is the first entry, or nothing.
func (t *timeline) oldest() (e entry) {
	if t.many != nil {
		return t.many.root.lo
	}
	if len(t.few) > 0 {
		return t.few[0]
	}
	return e
}

// newest is the time of the last entry, epoch ms; ok is false when there is none.
func (t *timeline) newest() (ms int64, ok bool) {
	switch {
	case t.many != nil:
		return t.many.root.last().timeMs(), true
	case len(t.few) > 0:
		return t.few[len(t.few)-1].timeMs(), true
	}
	return 0, false
}

// all yields the entries in the order of time.
func (t *timeline) all(yield func(entry) bool) {
	if t.many != nil {
		t.many.root.from(math.MinInt64, yield)
		return
	}
	for _, e := range t.few {
		if !yield(e) {
			return
		}
	}
}
