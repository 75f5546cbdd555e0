package soak

import "github.com/beamlytics/streamlytics/test/truth"

// Times of the program's clock in ms.
const (
	minute = int64(60_000)
	hour   = 60 * minute
	day    = 24 * hour

	// latest is how long after it occurred an event may be made up.
	latest = hour
	// movesKept is how long moves are kept, so that a count that is made up late finds all that occurred since.
	movesKept = 2 * hour
)

// pair is the truth about one product in one store. The zero value is one of which nothing is known.
type pair struct {
	onHand  int64
	stocked bool // it had a sale, a receipt or a count
	known   bool // it had a count
	counted int64
	countID string
	moves   []move // of the last hours, in the order in which they were made up
	demand  int64  // time of the latest sale, view or cart add of a quantity other than 0
}

// move is what a sale or a receipt does to stock.
type move struct{ at, delta int64 }

// apply takes an event that was made up at a time of the clock. No event may be older than latest then.
func (p *pair) apply(e truth.Event, now int64) {
	switch e.Type {
	case "RESET":
		p.count(e)
	case "RECEIPT":
		p.move(move{e.OccurredAt, e.Quantity}, now)
	case "SALE":
		p.move(move{e.OccurredAt, -e.Quantity}, now)
	}
	if e.Type != "RESET" && e.Type != "RECEIPT" && e.Quantity != 0 {
		p.demand = max(p.demand, e.OccurredAt)
	}
}

func (p *pair) count(e truth.Event) {
	p.stocked = true
	if p.known && (e.OccurredAt < p.counted || e.OccurredAt == p.counted && e.ID <= p.countID) {
		return
	}
	p.known, p.counted, p.countID, p.onHand = true, e.OccurredAt, e.ID, e.Quantity
	for _, m := range p.moves {
		if m.at >= p.counted {
			p.onHand += m.delta
		}
	}
}

func (p *pair) move(m move, now int64) {
	p.stocked = true
	if !p.known || m.at >= p.counted {
		p.onHand += m.delta
	}
	if len(p.moves) == cap(p.moves) { // a good moment, because each costs as much as the growing that it saves
		kept := p.moves[:0]
		for _, old := range p.moves {
			if old.at >= now-movesKept {
				kept = append(kept, old)
			}
		}
		p.moves = kept
	}
	p.moves = append(p.moves, m)
}
