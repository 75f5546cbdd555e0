package stock

import "slices"

// fanout is how many children an inner node of a tree has at most.
const fanout = 64

// node is a part of a B+tree of entries: a leaf, or an inner node with its children. All leaves are at one depth.
type node struct {
	lo   entry // no entry below is less; may itself be gone
	sum  int64 // of the deltas of all entries below
	leaf leaf
	kids []node // of an inner node
}

func newLeaf(l leaf) *node { return &node{lo: l[0], sum: l.sum(), leaf: l} }

func newInner(kids []node) *node {
	n := &node{lo: kids[0].lo, kids: kids}
	for i := range kids {
		n.sum += kids[i].sum
	}
	return n
}

// insert adds an entry. When the node was full it is split, and the right part returned.
func (n *node) insert(e entry) (right *node) {
	if e.less(n.lo) {
		n.lo = e
	}
	n.sum += e.delta()
	if n.kids != nil {
		right = n.insertBelow(e)
	} else if l := n.leaf.insert(e); l != nil {
		right = newLeaf(l)
	}
	if right != nil {
		n.sum -= right.sum
	}
	return right
}

func (n *node) insertBelow(e entry) (right *node) {
	i := n.childOf(e)
	fresh := n.kids[i].insert(e)
	if fresh == nil {
		return nil
	}
	i++
	if len(n.kids) < fanout {
		n.kids = slices.Insert(n.kids, i, *fresh)
		return nil
	}
	cut := fanout / 2
	if i == fanout { // as in a leaf
		cut = fanout
	}
	kids := append(make([]node, 0, fanout), n.kids[cut:]...)
	n.kids = slices.Delete(n.kids, cut, fanout)
	if i < cut {
		n.kids = slices.Insert(n.kids, i, *fresh)
	} else {
		kids = slices.Insert(kids, i-cut, *fresh)
	}
	return newInner(kids)
}

// childOf is the index of the child that e belongs into: the last one that does not begin behind it.
func (n *node) childOf(e entry) int {
	lo, hi := 1, len(n.kids)
	for lo < hi {
		if mid := (lo + hi) / 2; e.less(n.kids[mid].lo) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo - 1
}

// sumFrom is the sum of the deltas from at on.
func (n *node) sumFrom(at int64) (sum int64) {
	if n.kids == nil {
		return n.leaf.sumFrom(at)
	}
	for i := len(n.kids) - 1; i >= 0; i-- {
		k := &n.kids[i]
		if k.lo.at < at {
			return sum + k.sumFrom(at) // whatever stands left of k is older
		}
		sum += k.sum
	}
	return sum
}

// get finds the entry with the time, the code and the id of e.
func (n *node) get(e entry) (found entry, ok bool) {
	for n.kids != nil {
		n = &n.kids[n.childOf(e)]
	}
	return n.leaf.get(e)
}

// from hands all entries from at on to f in order until f returns false.
func (n *node) from(at int64, f func(entry) bool) bool {
	if n.kids == nil {
		return n.leaf.from(at, f)
	}
	for i := n.childOf(entry{at: at}); i < len(n.kids); i++ {
		if !n.kids[i].from(at, f) {
			return false
		}
	}
	return true
}

// popBefore removes the entries before at, hands them to f in order, and returns how many they were.
func (n *node) popBefore(at int64, f func(entry)) (popped int) {
	if n.kids == nil {
		var sum int64
		popped, sum = n.leaf.popBefore(at, f)
		n.sum -= sum
		if len(n.leaf) > 0 {
			n.lo = n.leaf[0]
		}
		return popped
	}
	empty := 0
	for empty < len(n.kids) && n.kids[empty].lo.at < at {
		k := &n.kids[empty]
		n.sum -= k.sum
		popped += k.popBefore(at, f)
		n.sum += k.sum
		if len(k.leaf) > 0 || len(k.kids) > 0 {
			break
		}
		empty++
	}
	n.kids = slices.Delete(n.kids, 0, empty)
	if len(n.kids) > 0 {
		n.lo = n.kids[0].lo
	}
	return popped
}

// last is the greatest entry of a node that is not empty.
func (n *node) last() entry {
	for n.kids != nil {
		n = &n.kids[len(n.kids)-1]
	}
	return n.leaf[len(n.leaf)-1]
}
