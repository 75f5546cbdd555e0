package retail

import (
	"math"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// shelf is the true stock of a product in a store, as opposed to what its messages report so far.
type shelf struct {
	onHand  int64
	ordered bool
	reorder int64 // at or below this many units, lot units are ordered
	lot     int64
}

// unitsPerLine is the mean number of units that a customer takes of one product.
const unitsPerLine = 1.2

// fillShelves gives every store the stock of about a day of its trade.
func (w *World) fillShelves() {
	perDay := w.cfg.EventsPerSecond * 86_400
	lines := perDay * tillShare / messagesPerBasket() * linesPerBasket()
	orders := perDay * (1 - tillShare) / messagesPerSession() * itemsPerSession()
	size := 0.0
	for _, s := range w.shops() {
		size += s.size
	}
	for _, s := range w.stores {
		s.shelves = make([]shelf, len(w.products))
		for p := range s.shelves {
			daily := lines * s.size / size
			if s == w.online {
				daily = orders
			}
			daily *= w.popularity.share[p] * unitsPerLine
			sh := shelf{
				onHand:  int64(daily*(0.3+1.2*w.rng.Float64())) + 4 + w.rng.Int64N(16),
				reorder: int64(math.Ceil(daily*0.12)) + 2,
				lot:     int64(daily*0.6) + 12,
			}
			if w.chance(0.06) { // about to run out
				sh.onHand = w.rng.Int64N(12)
			}
			s.shelves[p] = sh
		}
	}
}

// oversold is the most units that the web shop sells without having them, before its pages show it.
const oversold = 3

// take removes units from a shelf if there are enough, and orders more if few are left.
func (w *World) take(s *store, product int, units int64) bool {
	sh, least := &s.shelves[product], int64(0)
	if s == w.online {
		least = -oversold
	}
	if sh.onHand-units < least {
		return false
	}
	sh.onHand -= units
	if sh.onHand <= sh.reorder && !sh.ordered {
		w.order(s, product)
	}
	return true
}

// order schedules a delivery of a product.
func (w *World) order(s *store, product int) {
	sh := &s.shelves[product]
	sh.ordered = true
	lead, units := w.between(30*time.Minute, 3*time.Hour), sh.lot
	switch {
	case w.trending(product):
		lead, units = w.between(15*time.Minute, 40*time.Minute), 4*sh.lot
	case w.chance(0.15): // the supplier is out of it too
		lead = w.between(5*time.Hour, 14*time.Hour)
	}
	w.at(w.now+lead, func() {
		sh.ordered = false
		w.receive(s, product, units)
		if w.chance(0.06) {
			w.at(w.now+w.between(10*time.Minute, time.Hour), func() { w.correct(s, product, 1+w.rng.Int64N(3)) })
		}
	})
}

// receive puts a delivery onto the shelf and books it.
func (w *World) receive(s *store, product int, units int64) {
	s.shelves[product].onHand += units
	w.lastID++
	// The warehouse numbers its deliveries.
	message := wmsMessage{EventID: w.lastID, StoreID: s.ID, Count: units, Timestamp: s.style.time(w.now)}
	if w.chance(0.5) {
		message.Type = event.Receipt.String()
	}
	if id := w.products[product].ID; w.chance(0.3) {
		message.SKU = s.style.article(id)
	} else {
		message.ProductID = s.style.article(id)
	}
	sent := w.now + w.between(time.Second, 10*time.Minute)
	if w.chance(0.15) { // from a handheld scanner that is read out at the end of the shift
		sent = w.now + w.between(3*time.Hour, 12*time.Hour)
	}
	w.post(sent, letter{
		Publication: Publication{Topic: WMS, Data: encode(message)},
		events:      []truth.Event{w.event(event.Receipt, s, product, units)},
	})
	if w.chance(0.2) {
		w.remember(sent, WMS, func() []byte {
			message.Count = units + 1
			return encode(message)
		})
	}
}

// correct removes units of a delivery that were booked but never arrived. The head office books
// that, as unified events.
func (w *World) correct(s *store, product int, units int64) {
	if s.shelves[product].onHand < units {
		return
	}
	s.shelves[product].onHand -= units
	w.post(w.now+w.network(), letter{
		Publication: Publication{Topic: WMS, Data: encode(unifiedMessage{
			EventID: w.newID("fix"), Type: event.Receipt.String(), StoreID: s.ID, ProductID: w.products[product].ID,
			Quantity: -units, OccurredAt: s.style.time(w.now),
		})},
		events: []truth.Event{w.event(event.Receipt, s, product, -units)},
	})
}

// event returns an event of a product in a store, at the present time.
func (w *World) event(t event.Type, s *store, product int, units int64) truth.Event {
	id := w.products[product].ID
	return truth.Event{Type: t.String(), Store: s.ID, Product: id, Quantity: units, OccurredAt: w.now}
}
