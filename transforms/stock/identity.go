package stock

import "slices"

// identities is what a record remembers only to recognise repetitions, besides the ids in its ledger.
type identities struct {
	looks    timeline // VIEW, CART_ADD of the last 24 hours of the clock
	late     []lateID // in the order of arrival
	lateGone int      // how many were in front of them
	index    *index   // of all live ids, those of the ledger included; nil while they are few
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

// lookup finds the content that the record holds for the id of e. It is quickest when that is e's own.
func (r *Record) lookup(e entry) (c content, ok bool) {
	if r.ids != nil && r.ids.index != nil {
		r.ids.index.touch(e.id, r.moves.oldest().id) // which is about to be folded
		for p := range r.ids.index.places(e.id) {
			if c, ok := r.contentAt(p, e); ok {
				return c, true
			}
		}
		return 0, false
	}
	for known := range r.moves.all {
		if known.id == e.id {
			return known.content(), true
		}
	}
	for known := range r.looks().all {
		if known.id == e.id {
			return known.content(), true
		}
	}
	for _, l := range r.late() {
		if l.id == e.id {
			return l.content, true
		}
	}
	return 0, false
}

// contentAt is the content that the record holds at a place for the id of e, if it stands there.
func (r *Record) contentAt(p place, e entry) (c content, ok bool) {
	if i, ok := p.late(r.ids.lateGone); ok {
		return r.ids.late[i].content, r.ids.late[i].id == e.id
	}
	for _, t := range [...]*timeline{&r.moves, &r.ids.looks} {
		if known, ok := t.get(e); ok {
			return known.content(), true
		}
	}
	from, to := p.times()
	for _, t := range [...]*timeline{&r.moves, &r.ids.looks} {
		if known, ok := t.find(e.id, from, to); ok {
			return known.content(), true
		}
	}
	return 0, false
}

// remember adds an id that was just stored at a place.
func (r *Record) remember(id uint64, p place) {
	if r.ids != nil && r.ids.index != nil {
		r.ids.index.put(id, p)
	} else if r.liveIDs() >= indexFrom {
		r.makeIndex()
	}
}

// uniqueIDs reports whether no two live ids are equal.
func (r *Record) uniqueIDs() bool {
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

// makeIndex indexes all live ids.
func (r *Record) makeIndex() {
	x := newIndex(r.liveIDs())
	for e := range r.moves.all {
		x.put(e.id, placeOf(e))
	}
	for e := range r.looks().all {
		x.put(e.id, placeOf(e))
	}
	ids := r.own()
	for i, l := range ids.late {
		x.put(l.id, placeOfLate(ids.lateGone+i))
	}
	ids.index = x
}

// forget drops an id that was just removed from its place.
func (r *Record) forget(id uint64, p place) {
	if r.ids == nil || r.ids.index == nil {
		return
	}
	r.ids.index.remove(id, p)
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
		r.forget(late[0].id, placeOfLate(r.ids.lateGone))
		r.ids.lateGone++
		late = late[1:]
	}
	r.ids.late = late
	r.tidy()
}

// ExpireLooks forgets the ids of looks and cart adds that are older than 24 hours.
func (r *Record) ExpireLooks(nowMs int64) {
	if r.ids != nil {
		r.ids.looks.popBefore(nowMs-DayMs, func(e entry) { r.forget(e.id, placeOf(e)) })
		r.tidy()
	}
}

// tidy lets go of the identities when nothing is left in them.
func (r *Record) tidy() {
	if r.ids.index == nil && r.ids.looks.len() == 0 && len(r.ids.late) == 0 {
		r.ids = nil
	}
}
