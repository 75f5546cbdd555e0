package stock

import "slices"

// identities holds the ids of a record that are not in its ledger. They serve only to recognize
// repetitions.
type identities struct {
	views    timeline // VIEW and CART_ADD of the last 24 hours of the clock
	late     []lateID // in the order of arrival
	lateGone int      // how many late ids were removed from the front
	index    *index   // of all live ids, those of the ledger included; nil while there are few
}

// lateID is the id of an accepted event that was older than the ledger when it arrived.
// It is kept for one horizon after its arrival.
type lateID struct {
	keep    int64 // time of the key's newest event at its arrival, epoch ms
	id      uint64
	content content
}

func (r *Record) views() *timeline {
	if r.ids == nil {
		return &timeline{}
	}
	return &r.ids.views
}

func (r *Record) late() []lateID {
	if r.ids == nil {
		return nil
	}
	return r.ids.late
}

// liveIDs returns the number of ids by which repetitions are recognized.
func (r *Record) liveIDs() int { return r.moves.len() + r.views().len() + len(r.late()) }

// makeIDs returns r.ids, which it makes if necessary.
func (r *Record) makeIDs() *identities {
	if r.ids == nil {
		r.ids = &identities{}
	}
	return r.ids
}

// lookup returns the content that the record has for the id of e. It is fastest if e is a
// repetition.
func (r *Record) lookup(e entry) (c content, ok bool) {
	if r.ids != nil && r.ids.index != nil {
		r.ids.index.touch(e.id, r.moves.oldest().id) // the one that is folded next
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
	for known := range r.views().all {
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

// contentAt returns the content of the event at p, if it has the id of e.
func (r *Record) contentAt(p place, e entry) (c content, ok bool) {
	if i, ok := p.late(r.ids.lateGone); ok {
		return r.ids.late[i].content, r.ids.late[i].id == e.id
	}
	for _, t := range [...]*timeline{&r.moves, &r.ids.views} {
		if known, ok := t.get(e); ok {
			return known.content(), true
		}
	}
	from, to := p.times()
	for _, t := range [...]*timeline{&r.moves, &r.ids.views} {
		if known, ok := t.find(e.id, from, to); ok {
			return known.content(), true
		}
	}
	return 0, false
}

// addID adds an id that was stored at p to the index.
func (r *Record) addID(id uint64, p place) {
	if r.ids != nil && r.ids.index != nil {
		r.ids.index.put(id, p)
	} else if r.liveIDs() >= indexFrom {
		r.makeIndex()
	}
}

// uniqueIDs reports whether all live ids differ.
func (r *Record) uniqueIDs() bool {
	ids := make([]uint64, 0, indexFrom)
	for e := range r.moves.all {
		ids = append(ids, e.id)
	}
	for e := range r.views().all {
		ids = append(ids, e.id)
	}
	for _, l := range r.late() {
		ids = append(ids, l.id)
	}
	slices.Sort(ids)
	return len(slices.Compact(ids)) == r.liveIDs()
}

// makeIndex builds the index from all live ids.
func (r *Record) makeIndex() {
	x := newIndex(r.liveIDs())
	for e := range r.moves.all {
		x.put(e.id, placeOf(e))
	}
	for e := range r.views().all {
		x.put(e.id, placeOf(e))
	}
	ids := r.makeIDs()
	for i, l := range ids.late {
		x.put(l.id, placeOfLate(ids.lateGone+i))
	}
	ids.index = x
}

// removeID removes an id that was removed from p from the index.
func (r *Record) removeID(id uint64, p place) {
	if r.ids == nil || r.ids.index == nil {
		return
	}
	r.ids.index.remove(id, p)
	if r.ids.index.n < indexFrom/2 {
		r.ids.index = nil
	}
}

// expireLate removes the late ids that arrived more than a horizon ago.
func (r *Record) expireLate(floor int64) {
	if r.ids == nil {
		return
	}
	late := r.ids.late
	for len(late) > 0 && late[0].keep < floor {
		r.removeID(late[0].id, placeOfLate(r.ids.lateGone))
		r.ids.lateGone++
		late = late[1:]
	}
	r.ids.late = late
	r.dropEmptyIDs()
}

// ExpireViews removes the ids of VIEW and CART_ADD events older than 24 hours of the clock.
func (r *Record) ExpireViews(nowMs int64) {
	if r.ids != nil {
		r.ids.views.popBefore(nowMs-DayMs, func(e entry) { r.removeID(e.id, placeOf(e)) })
		r.dropEmptyIDs()
	}
}

// dropEmptyIDs sets r.ids to nil if it holds nothing.
func (r *Record) dropEmptyIDs() {
	if r.ids.index == nil && r.ids.views.len() == 0 && len(r.ids.late) == 0 {
		r.ids = nil
	}
}
