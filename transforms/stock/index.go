package stock

import (
	"iter"
	"math/bits"
)

// indexFrom is the number of live ids from which a record keeps an index. Below it a scan is as fast and far smaller.
const indexFrom = 48

// index says where in a record an id may stand: a hash table with open addressing. It knows half of each id, which is enough to say no to
// nearly every new one without waiting for more memory than one slot; where it says perhaps, the place has the whole id. The ids
// are in their places already, so that they need not take memory twice.
type index struct {
	slots []slot // their number is a power of two; at most three in four are used
	n     int

	touched place // only makes touch read
}

type slot struct {
	half  uint32 // the lower half of an id
	place place  // 0 is a free slot
}

// newIndex makes an index with room for n ids and as many again.
func newIndex(n int) *index {
	return &index{slots: make([]slot, 2<<bits.Len(uint(n)))}
}

// home is the slot where an id belongs by the lower half of it. Ids are hashes already.
func (x *index) home(half uint32) int { return int(half) & (len(x.slots) - 1) }

func (x *index) next(i int) int { return (i + 1) & (len(x.slots) - 1) }

// places yields the places where id may stand.
func (x *index) places(id uint64) iter.Seq[place] {
	return func(yield func(place) bool) {
		for i := x.home(uint32(id)); x.slots[i].place != 0; i = x.next(i) {
			if x.slots[i].half == uint32(id) && !yield(x.slots[i].place) {
				return
			}
		}
	}
}

// touch waits for the slots of two ids together, so that what is done next with each need not wait again.
func (x *index) touch(a, b uint64) {
	x.touched = x.slots[x.home(uint32(a))].place ^ x.slots[x.home(uint32(b))].place
}

// put adds an id.
func (x *index) put(id uint64, p place) {
	if 4*(x.n+1) > 3*len(x.slots) {
		x.resize()
	}
	x.add(slot{half: uint32(id), place: p})
	x.n++
}

func (x *index) add(s slot) {
	i := x.home(s.half)
	for x.slots[i].place != 0 {
		i = x.next(i)
	}
	x.slots[i] = s
}

// remove takes an id out that was put with this place. Of two that look alike, either will do.
func (x *index) remove(id uint64, p place) {
	gone := slot{half: uint32(id), place: p}
	hole := x.home(gone.half)
	for x.slots[hole] != gone {
		if x.slots[hole].place == 0 {
			return
		}
		hole = x.next(hole)
	}
	x.n--
	// Ids behind the hole move up into it where it stands between them and their home.
	mask := len(x.slots) - 1
	for i := x.next(hole); x.slots[i].place != 0; i = x.next(i) {
		if home := x.home(x.slots[i].half); (i-home)&mask >= (i-hole)&mask {
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
		if s.place != 0 {
			to.add(s)
		}
	}
	x.slots = to.slots
}
