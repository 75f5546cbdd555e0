package stock

import "github.com/beamlytics/streamlytics/event"

// indexFrom is the number of live ids from which a record keeps an index. Below it a scan is as fast and far smaller.
const indexFrom = 48

// lateID remembers an event that was older than the ledger when it arrived: it was counted, and its id is kept for as long
// as if it had occurred when it came.
type lateID struct {
	keep    int64 // the key's newest event when it arrived, epoch ms
	id      uint64
	content uint64
}

// timeless marks the content of an event whose time was replaced on arrival: its time says nothing about what was sent.
const timeless = 1

// contentOf is a fingerprint of what makes two events of one identity the same: type, quantity and time.
func contentOf(code, qty, timeMs int64) uint64 {
	switch code {
	case codeAdjustedView:
		return fingerprint(codeView, qty, 0) | timeless
	case codeAdjustedCart:
		return fingerprint(codeCartAdd, qty, 0) | timeless
	}
	return fingerprint(code, qty, timeMs) &^ timeless
}

func fingerprint(code, qty, timeMs int64) uint64 {
	h := mix(uint64(code) + 0x9e3779b97f4a7c15)
	h = mix(h ^ uint64(qty))
	return mix(h ^ uint64(timeMs))
}

// mix is the finaliser of MurmurHash3 (public domain), a bijection in which every input bit reaches every output bit.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// sameContent compares what is stored with what arrived.
func sameContent(stored uint64, code, qty, timeMs int64) bool {
	arrived := contentOf(code, qty, timeMs)
	switch {
	case stored&timeless == arrived&timeless:
		return stored == arrived
	case stored&timeless != 0: // the repetition came late enough for its time to be believed
		return stored == fingerprint(code, qty, 0)|timeless
	}
	return true // the clock went back between the two: nothing can be told from the time
}

// lookup finds the content that the record holds for an id.
func (r *Record) lookup(id uint64) (content uint64, ok bool) {
	if r.ids != nil {
		content, ok = r.ids[id]
		return content, ok
	}
	find := func(e entry) bool {
		if e.id == id {
			content, ok = contentOf(e.code(), e.qty, e.timeMs()), true
		}
		return !ok
	}
	if r.moves.each(find); ok {
		return content, ok
	}
	if r.looks.each(find); ok {
		return content, ok
	}
	for _, l := range r.late {
		if l.id == id {
			return l.content, true
		}
	}
	return 0, false
}

// remember adds an id that was just stored in one of the places that lookup scans.
func (r *Record) remember(id, content uint64) {
	if r.ids != nil {
		r.ids[id] = content
		return
	}
	r.reindex()
}

// reindex makes the index of a record that is large enough for one.
func (r *Record) reindex() {
	n := r.moves.n + r.looks.n + len(r.late)
	if n < indexFrom {
		return
	}
	r.ids = make(map[uint64]uint64, n)
	index := func(e entry) bool {
		r.ids[e.id] = contentOf(e.code(), e.qty, e.timeMs())
		return true
	}
	r.moves.each(index)
	r.looks.each(index)
	for _, l := range r.late {
		r.ids[l.id] = l.content
	}
}

// forget drops an id that was just removed from its place.
func (r *Record) forget(id uint64) {
	if r.ids == nil {
		return
	}
	delete(r.ids, id)
	// Maps do not shrink: let go of the index once the record is small again.
	if len(r.ids) < indexFrom/2 {
		r.ids = nil
	}
}

func codeOf(m Move) int64 {
	if m.Adjusted && m.Type == event.View {
		return codeAdjustedView
	}
	if m.Adjusted && m.Type == event.CartAdd {
		return codeAdjustedCart
	}
	return int64(m.Type)
}
