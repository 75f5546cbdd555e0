package stock

import "sort"

// fanout is how many entries a leaf and how many children an inner node of a timeline hold at most.
const fanout = 64

// entry is one live event. Its order is (at, id), which no two live entries of a record share, because ids are unique.
type entry struct {
	at  int64 // occurred_at, epoch ms, times 8, plus the code of what it was
	qty int64
	id  uint64
}

// Codes of an entry: an event.Type, or one of these for looks whose time was replaced on arrival and so says nothing about
// their content.
const (
	codeView         = 4
	codeCartAdd      = 5
	codeAdjustedView = 6
	codeAdjustedCart = 7
)

const (
	codeSale    = 1
	codeReceipt = 2
	codeReset   = 3
)

func (e entry) code() int64   { return e.at & 7 }
func (e entry) timeMs() int64 { return e.at >> 3 }

// delta is what the entry adds to on-hand.
func (e entry) delta() int64 {
	switch e.code() {
	case codeSale:
		return -e.qty
	case codeReceipt:
		return e.qty
	}
	return 0
}

func (e entry) less(o entry) bool { return e.at < o.at || e.at == o.at && e.id < o.id }

// timeline is a B+tree of entries in the order of time, with the sum of the deltas in each node. Entries are added anywhere,
// most often at the end, and removed from the front. The zero value is empty.
type timeline struct {
	root *node
	n    int
}

type node struct {
	lo      entry // no entry below is less; may itself be gone
	sum     int64
	entries []entry // of a leaf
	kids    []*node // of an inner node, never empty there
}

// insert adds an entry.
func (t *timeline) insert(e entry) {
	if t.root == nil {
		t.root = &node{lo: e}
	}
	t.n++
	if right := t.root.insert(e); right != nil {
		left := t.root
		t.root = &node{lo: left.lo, sum: left.sum + right.sum, kids: append(make([]*node, 0, 4), left, right)}
	}
}

// insert adds e below n. When n was full it returns the right part that n gave up.
func (n *node) insert(e entry) *node {
	if e.less(n.lo) {
		n.lo = e
	}
	n.sum += e.delta()
	if n.kids == nil {
		return n.insertLeaf(e)
	}
	i := sort.Search(len(n.kids), func(i int) bool { return e.less(n.kids[i].lo) })
	if i > 0 {
		i--
	}
	right := n.kids[i].insert(e)
	if right == nil {
		return nil
	}
	if len(n.kids) < fanout {
		n.kids = append(n.kids, nil)
		copy(n.kids[i+2:], n.kids[i+1:])
		n.kids[i+1] = right
		return nil
	}
	// Events come mostly in the order of time: a split at the end leaves the left node full.
	cut := fanout / 2
	if i == fanout-1 {
		cut = fanout
	}
	sibling := &node{kids: append(make([]*node, 0, fanout), n.kids[cut:]...)}
	clear(n.kids[cut:])
	n.kids = n.kids[:cut]
	if i < cut && cut < fanout {
		n.kids = append(n.kids, nil)
		copy(n.kids[i+2:], n.kids[i+1:])
		n.kids[i+1] = right
	} else {
		j := i + 1 - cut
		sibling.kids = append(sibling.kids, nil)
		copy(sibling.kids[j+1:], sibling.kids[j:])
		sibling.kids[j] = right
	}
	sibling.lo = sibling.kids[0].lo
	for _, k := range sibling.kids {
		sibling.sum += k.sum
	}
	n.sum -= sibling.sum
	return sibling
}

func (n *node) insertLeaf(e entry) *node {
	i := len(n.entries)
	if i > 0 && e.less(n.entries[i-1]) {
		i = sort.Search(i, func(i int) bool { return e.less(n.entries[i]) })
	}
	if len(n.entries) < fanout {
		n.entries = append(n.entries, entry{})
		copy(n.entries[i+1:], n.entries[i:])
		n.entries[i] = e
		return nil
	}
	cut := fanout / 2
	if i == fanout {
		cut = fanout
	}
	sibling := &node{entries: append(make([]entry, 0, fanout), n.entries[cut:]...)}
	n.entries = n.entries[:cut]
	dst := n
	if i > cut || cut == fanout {
		dst, i = sibling, i-cut
	}
	dst.entries = append(dst.entries, entry{})
	copy(dst.entries[i+1:], dst.entries[i:])
	dst.entries[i] = e
	sibling.lo = sibling.entries[0]
	for _, x := range sibling.entries {
		sibling.sum += x.delta()
	}
	n.sum -= sibling.sum
	return sibling
}

// sumFrom is the sum of the deltas of all entries that occurred at or after ms.
func (t *timeline) sumFrom(ms int64) int64 {
	if t.root == nil {
		return 0
	}
	return t.root.sumFrom(ms << 3)
}

func (n *node) sumFrom(at int64) int64 {
	var sum int64
	if n.kids == nil {
		for i := len(n.entries) - 1; i >= 0 && n.entries[i].at >= at; i-- {
			sum += n.entries[i].delta()
		}
		return sum
	}
	for i := len(n.kids) - 1; i >= 0; i-- {
		k := n.kids[i]
		if k.lo.at < at {
			return sum + k.sumFrom(at) // whatever stands left of k is older
		}
		sum += k.sum
	}
	return sum
}

// popBefore removes all entries that occurred before ms and hands them to f, oldest first.
func (t *timeline) popBefore(ms int64, f func(entry)) {
	if t.root == nil || t.root.lo.at >= ms<<3 {
		return
	}
	t.root.popBefore(ms<<3, func(e entry) {
		t.n--
		f(e)
	})
	for len(t.root.kids) == 1 {
		t.root = t.root.kids[0]
	}
	if t.n == 0 {
		t.root = nil
	}
}

func (n *node) popBefore(at int64, f func(entry)) {
	if n.kids == nil {
		i := 0
		for i < len(n.entries) && n.entries[i].at < at {
			n.sum -= n.entries[i].delta()
			f(n.entries[i])
			i++
		}
		n.entries = append(n.entries[:0], n.entries[i:]...)
		if len(n.entries) > 0 {
			n.lo = n.entries[0]
		}
		return
	}
	i := 0
	for ; i < len(n.kids) && n.kids[i].lo.at < at; i++ {
		k := n.kids[i]
		n.sum -= k.sum
		k.popBefore(at, f)
		n.sum += k.sum
		if !k.empty() {
			break
		}
	}
	kept := n.kids[i:]
	if len(kept) == 0 {
		n.kids = n.kids[:1] // an inner node keeps one child, here an empty one
		return
	}
	n.kids = append(n.kids[:0], kept...)
	n.lo = n.kids[0].lo
}

func (n *node) empty() bool {
	if n.kids == nil {
		return len(n.entries) == 0
	}
	return len(n.kids) == 1 && n.kids[0].empty()
}

// newest is the time of the last entry, epoch ms; ok is false when there is none.
func (t *timeline) newest() (ms int64, ok bool) {
	if t.n == 0 {
		return 0, false
	}
	n := t.root
	for n.kids != nil {
		n = n.kids[len(n.kids)-1]
	}
	return n.entries[len(n.entries)-1].timeMs(), true
}

// each hands all entries to f in the order of time until f returns false.
func (t *timeline) each(f func(entry) bool) {
	if t.root != nil {
		t.root.each(f)
	}
}

func (n *node) each(f func(entry) bool) bool {
	for _, e := range n.entries {
		if !f(e) {
			return false
		}
	}
	for _, k := range n.kids {
		if !k.each(f) {
			return false
		}
	}
	return true
}
