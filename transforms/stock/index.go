package stock

import "math/bits"

// indexFrom is the number of live ids from which a record keeps an index. Below it a scan is as fast and far smaller.
const indexFrom = 48

// index finds what an id stands for: a hash table with open addressing. At a million ids an event costs what it waits for memory, which
// is why this is no Go map: a look-up waits once.
type index struct {
	slots []slot // their number is a power of two; at most three in four are used
	n     int

	touched content // only makes touch read
}

type slot struct {
	id      uint64
	content content // 0 is a free slot
}

// newIndex makes an index with room for n ids and as many again.
func newIndex(n int) *index {
	return &index{slots: make([]slot, 2<<bits.Len(uint(n)))}
}

// get returns the content of an id.
func (x *index) get(id uint64) (c content, ok bool) {
	c = x.slots[x.find(id)].content
	return c, c != 0
}

// find is the slot of id, or the free one where it belongs. Ids are hashes already.
func (x *index) find(id uint64) int {
	mask := len(x.slots) - 1
	i := int(id) & mask
	for x.slots[i].id != id && x.slots[i].content != 0 {
		i = (i + 1) & mask
	}
	return i
}

// touch waits for the slots of two ids together, so that what is done next with each need not wait again.
func (x *index) touch(a, b uint64) {
	mask := uint64(len(x.slots) - 1)
	x.touched = x.slots[a&mask].content ^ x.slots[b&mask].content
}

// put adds an id that the index does not hold.
func (x *index) put(id uint64, c content) {
	if 4*(x.n+1) > 3*len(x.slots) {
		x.resize()
	}
	x.slots[x.find(id)] = slot{id: id, content: c}
	x.n++
}

// remove takes an id out.
func (x *index) remove(id uint64) {
	hole := x.find(id)
	if x.slots[hole].content == 0 {
		return
	}
	x.n--
	// Ids behind the hole move up into it where it stands between them and their home.
	mask := len(x.slots) - 1
	for i := (hole + 1) & mask; x.slots[i].content != 0; i = (i + 1) & mask {
		if home := int(x.slots[i].id); (i-home)&mask >= (i-hole)&mask {
			x.slots[hole] = x.slots[i]
			hole = i
		}
	}
	x.slots[hole] = slot{}
	if 8*x.n < len(x.slots) && x.n >= indexFrom {
		x.resize()
	}
}

// resize moves the ids into as many slots as there should be.
func (x *index) resize() {
	to := newIndex(x.n + 1)
	for _, s := range x.slots {
		if s.content != 0 {
			to.slots[to.find(s.id)] = s
		}
	}
	x.slots = to.slots
}
