package stock

import "slices"

// fanout is the greatest number of children of an inner node.
const fanout = 64

// node is a node of a B+tree of entries. All leaves have the same depth.
type node struct {
	lo       entry // a lower bound of all entries below
	sum      int64 // the sum of the deltas of all entries below
	leaf     leaf
	children []node // the children of an inner node; nil for a leaf
}

func newLeaf(l leaf) *node { return &node{lo: l[0], sum: l.sum(), leaf: l} }

func newInner(children []node) *node {
	n := &node{lo: children[0].lo, children: children}
	for i := range children {
		n.sum += children[i].sum
	}
	return n
}

// insert adds an entry. If the node is full, it is split and the right part is returned.
func (n *node) insert(e entry) (right *node) {
	if e.less(n.lo) {
		n.lo = e
	}
	n.sum += e.delta()
	if n.children != nil {
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
	fresh := n.children[i].insert(e)
	if fresh == nil {
		return nil
	}
	i++
	if len(n.children) < fanout {
		n.children = slices.Insert(n.children, i, *fresh)
		return nil
	}
	cut := fanout / 2
	if i == fanout { // as in leaf.insert
		cut = fanout
	}
	children := append(make([]node, 0, fanout), n.children[cut:]...)
	n.children = slices.Delete(n.children, cut, fanout)
	if i < cut {
		n.children = slices.Insert(n.children, i, *fresh)
	} else {
		children = slices.Insert(children, i-cut, *fresh)
	}
	return newInner(children)
}

// childOf returns the index of the child for e: the last one whose lower bound is not greater than
// e.
func (n *node) childOf(e entry) int {
	lo, hi := 1, len(n.children)
	for lo < hi {
		if mid := (lo + hi) / 2; e.less(n.children[mid].lo) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo - 1
}

// sumFrom returns the sum of the deltas of the entries not before at.
func (n *node) sumFrom(at int64) (sum int64) {
	if n.children == nil {
		return n.leaf.sumFrom(at)
	}
	for i := len(n.children) - 1; i >= 0; i-- {
		k := &n.children[i]
		if k.lo.at < at {
			return sum + k.sumFrom(at) // all entries left of k are before at
		}
		sum += k.sum
	}
	return sum
}

// get returns the entry with the time, code and id of e.
func (n *node) get(e entry) (found entry, ok bool) {
	for n.children != nil {
		n = &n.children[n.childOf(e)]
	}
	return n.leaf.get(e)
}

// from calls f for the entries not before at, in order, until f returns false.
func (n *node) from(at int64, f func(entry) bool) bool {
	if n.children == nil {
		return n.leaf.from(at, f)
	}
	for i := n.childOf(entry{at: at}); i < len(n.children); i++ {
		if !n.children[i].from(at, f) {
			return false
		}
	}
	return true
}

// popBefore removes the entries before at, calls f for each, in order, and returns their number.
func (n *node) popBefore(at int64, f func(entry)) (popped int) {
	if n.children == nil {
		var sum int64
		popped, sum = n.leaf.popBefore(at, f)
		n.sum -= sum
		if len(n.leaf) > 0 {
			n.lo = n.leaf[0]
		}
		return popped
	}
	empty := 0
	for empty < len(n.children) && n.children[empty].lo.at < at {
		k := &n.children[empty]
		n.sum -= k.sum
		popped += k.popBefore(at, f)
		n.sum += k.sum
		if len(k.leaf) > 0 || len(k.children) > 0 {
			break
		}
		empty++
	}
	n.children = slices.Delete(n.children, 0, empty)
	if len(n.children) > 0 {
		n.lo = n.children[0].lo
	}
	return popped
}

// last returns the greatest entry of a node that is not empty.
func (n *node) last() entry {
	for n.children != nil {
		n = &n.children[len(n.children)-1]
	}
	return n.leaf[len(n.leaf)-1]
}
