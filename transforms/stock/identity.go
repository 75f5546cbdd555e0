package stock

import "slices"

// identities is what a record remembers only to recognise repetitions, besides the ids in its ledger.
type identities struct {
	looks timeline // VIEW, CART_ADD of the last 24 hours of the clock
	late  []lateID // in the order of arrival
	index *index   // of all live ids, those of the ledger included; nil while they are few
}

// lateID is an event that was older than the ledger when it arrived: it was counted, and its id is kept for as long as if it had
// occurred when it came.
type lateID struct {
	keep    int64 // the key's newest event when it arrived, epoch ms
	id      uint64
	content content
}

func (r *Record) looks() *timeline {
	if r.ids == nil {
		return &timeline{}
	}
	return &r.ids.looks
}

func (r *Record) late() []lateID {
	if r.ids == nil {
		return nil
	}
	return r.ids.late
}

// liveIDs is the number of ids that a repetition is recognised by.
func (r *Record) liveIDs() int { return r.moves.len() + r.looks().len() + len(r.late()) }

// own returns the identities to write to.
func (r *Record) own() *identities {
	if r.ids == nil {
		r.ids = &identities{}
	}
	return r.ids
}

// lookup finds the content that the record holds for an id.
func (r *Record) lookup(id uint64) (c content, ok bool) {
	if r.ids != nil && r.ids.index != nil {
		r.ids.index.touch(id, r.moves.oldest().id) // which is about to be folded
		return r.ids.index.get(id)
	}
	for e := range r.moves.all {
		if e.id == id {
			return e.content(), true
		}
	}
	for e := range r.looks().all {
		if e.id == id {
			return e.content(), true
		}
	}
	for _, l := range r.late() {
		if l.id == id {
			return l.content, true
		}
	}
	return 0, false
}

// remember adds an id that was just stored in one of the places that lookup scans.
func (r *Record) remember(id uint64, c content) {
	if r.ids != nil && r.ids.index != nil {
		r.ids.index.put(id, c)
	} else if r.liveIDs() >= indexFrom {
		r.makeIndex()
	}
}

// uniqueIDs reports whether no two live ids are equal, and makes the index of a record that is large enough for one.
func (r *Record) uniqueIDs() bool {
	if r.liveIDs() >= indexFrom {
		return r.makeIndex()
	}
	ids := make([]uint64, 0, indexFrom)
	for e := range r.moves.all {
		ids = append(ids, e.id)
	}
	for e := range r.looks().all {
		ids = append(ids, e.id)
	}
	for _, l := range r.late() {
		ids = append(ids, l.id)
	}
	slices.Sort(ids)
	return len(slices.Compact(ids)) == r.liveIDs()
}

// makeIndex indexes all live ids, and reports whether they differ from each other.
func (r *Record) makeIndex() (unique bool) {
	x := newIndex(r.liveIDs())
	r.own().index = x
	unique = true
	put := func(id uint64, c content) {
		if _, ok := x.get(id); ok {
			unique = false
			return
		}
		x.put(id, c)
	}
	for e := range r.moves.all {
		put(e.id, e.content())
	}
	for e := range r.looks().all {
		put(e.id, e.content())
	}
	for _, l := range r.late() {
		put(l.id, l.content)
	}
	return unique
}

// forget drops an id that was just removed from its place.
func (r *Record) forget(id uint64) {
	if r.ids == nil || r.ids.index == nil {
		return
	}
	r.ids.index.remove(id)
	if r.ids.index.n < indexFrom/2 {
		r.ids.index = nil
	}
}

// expireLate forgets the late ids whose time is over.
func (r *Record) expireLate(floor int64) {
	if r.ids == nil {
		return
	}
	late := r.ids.late
	for len(late) > 0 && late[0].keep < floor {
		r.forget(late[0].id)
		late = late[1:]
	}
	r.ids.late = late
	r.tidy()
}

// ExpireLooks forgets the ids of looks and cart adds that are older than 24 hours.
func (r *Record) ExpireLooks(nowMs int64) {
	if r.ids != nil {
		r.ids.looks.popBefore(nowMs-DayMs, func(e entry) { r.forget(e.id) })
		r.tidy()
	}
}

// tidy lets go of the identities when nothing is left in them.
func (r *Record) tidy() {
	if r.ids.index == nil && r.ids.looks.len() == 0 && len(r.ids.late) == 0 {
		r.ids = nil
	}
}
