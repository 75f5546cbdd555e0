package stock

import "math"

// timeline is a list of entries in order of time. insert is fastest at the end, entries are removed
// from the front, and sumFrom takes logarithmic time. Most timelines stay short, so a timeline is a
// slice until a leaf is full. The zero value is empty.
type timeline struct {
	few  leaf  // the entries, if many is nil
	many *tree // the entries, if there are more than leafSize
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
			children := append(make([]node, 0, 4), *newLeaf(t.few), *newLeaf(right))
			*t = timeline{many: &tree{root: *newInner(children), n: len(t.few) + len(right)}}
		}
		return
	}
	t.many.n++
	if right := t.many.root.insert(e); right != nil {
		t.many.root = *newInner(append(make([]node, 0, 4), t.many.root, *right))
	}
}

// sum returns the sum of all deltas.
func (t *timeline) sum() int64 {
	if t.many != nil {
		return t.many.root.sum
	}
	return t.few.sum()
}

// sumFrom returns the sum of the deltas of the entries at or after ms.
func (t *timeline) sumFrom(ms int64) int64 {
	if t.many != nil {
		return t.many.root.sumFrom(ms << codeBits)
	}
	return t.few.sumFrom(ms << codeBits)
}

// get returns the entry with the time, code and id of e.
func (t *timeline) get(e entry) (found entry, ok bool) {
	if t.many != nil {
		return t.many.root.get(e)
	}
	return t.few.get(e)
}

// find returns the entry with an id from fromMs to before toMs.
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

// from calls f for the entries at or after ms, in order, until f returns false.
func (t *timeline) from(ms int64, f func(entry) bool) {
	if t.many != nil {
		t.many.root.from(ms<<codeBits, f)
		return
	}
	t.few.from(ms<<codeBits, f)
}

// popBefore removes the entries before ms and calls f for each, in order.
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
	for len(root.children) == 1 {
		*root = root.children[0]
	}
	if len(root.children) == 0 {
		*t = timeline{few: root.leaf}
	}
}

// oldest returns the first entry, or the zero entry if there is none.
func (t *timeline) oldest() (e entry) {
	if t.many != nil {
		return t.many.root.lo
	}
	if len(t.few) > 0 {
		return t.few[0]
	}
	return e
}

// newest returns the time of the last entry, epoch ms, and whether there is one.
func (t *timeline) newest() (ms int64, ok bool) {
	switch {
	case t.many != nil:
		return t.many.root.last().timeMs(), true
	case len(t.few) > 0:
		return t.few[len(t.few)-1].timeMs(), true
	}
	return 0, false
}

// all yields the entries in order.
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
