package stock

import (
	"iter"
	"math/bits"
)

// indexFrom is the number of live ids from which a record has an index. Below it a scan is as fast
// and takes less memory.
const indexFrom = 48

// index maps the live ids of a record to their places. It is a hash table with open addressing that
// stores only the lower half of each id; the entry at the place has the whole id. For most new ids
// this takes one memory access.
type index struct {
	slots []slot // their number is a power of two; at most three in four are used
	n     int

	touched place // keeps the reads of touch from being optimized away
}

type slot struct {
	half  uint32 // the lower half of an id
	place place  // 0 is a free slot
}

// newIndex returns an index with room for at least 2n ids.
func newIndex(n int) *index {
	return &index{slots: make([]slot, 2<<bits.Len(uint(n)))}
}

// home returns the first slot for an id. Ids are hashes, so their bits are used as they are.
func (x *index) home(half uint32) int { return int(half) & (len(x.slots) - 1) }

func (x *index) next(i int) int { return (i + 1) & (len(x.slots) - 1) }

// places yields the places of all ids with the lower half of id.
func (x *index) places(id uint64) iter.Seq[place] {
	return func(yield func(place) bool) {
		for i := x.home(uint32(id)); x.slots[i].place != 0; i = x.next(i) {
			if x.slots[i].half == uint32(id) && !yield(x.slots[i].place) {
				return
			}
		}
	}
}

// touch reads the slots of two ids, so that their cache misses overlap.
func (x *index) touch(a, b uint64) {
	x.touched = x.slots[x.home(uint32(a))].place ^ x.slots[x.home(uint32(b))].place
}

// put adds an id at p.
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

// remove removes an id that was put with p. If two ids have the same lower half and place, it
// removes either.
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
	// Move an entry into the hole if the hole lies between its home and its slot.
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

// resize rebuilds the table with the number of slots that suits the number of ids.
func (x *index) resize() {
	to := newIndex(x.n + 1)
	for _, s := range x.slots {
		if s.place != 0 {
			to.add(s)
		}
	}
	x.slots = to.slots
}
