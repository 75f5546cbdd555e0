package retail

import (
	"fmt"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// basketSizes is how many baskets of a hundred have 1, 2, ... lines.
var basketSizes = [...]int{40, 25, 15, 10, 6, 4}

// The share of baskets that are published as one message with items, and the share that are
// returns.
const (
	itemsChance  = 0.5
	returnChance = 0.03
)

func linesPerBasket() float64 {
	mean := 0.0
	for i, weight := range basketSizes {
		mean += float64((i+1)*weight) / 100
	}
	return mean
}

func messagesPerBasket() float64 { return itemsChance + (1-itemsChance)*linesPerBasket() }

// startShops starts the arrival of customers and the failures of tills.
func (w *World) startShops() {
	baskets := w.cfg.EventsPerSecond * tillShare / messagesPerBasket()
	w.poisson(baskets*w.footfall.peak/w.footfall.mean, w.footfall.share, func() {
		w.basket(w.openShop(), w.customerLines())
	})
	const outageEvery = 12 * time.Minute // over all shops, when they are full
	w.poisson(1/outageEvery.Seconds(), w.footfall.share, func() {
		s := w.openShop()
		if t := &s.tills[w.rng.IntN(len(s.tills))]; t.offlineUntil <= w.now {
			t.offlineUntil = w.now + w.between(8*time.Minute, 5*time.Hour)
		}
	})
}

// line is one product of a basket; units are negative for a return.
type line struct {
	product int
	units   int64
}

func (w *World) customerLines() []line {
	if w.chance(returnChance) {
		return []line{{w.popularity.draw(w.rng), -1}}
	}
	x, size := w.rng.IntN(100), 0
	for x >= 0 {
		x -= basketSizes[size]
		size++
	}
	lines := make([]line, size)
	for i := range lines {
		lines[i] = line{w.popularity.draw(w.rng), w.units()}
	}
	return lines
}

// units returns how many units of one product a customer buys. Their mean is unitsPerLine.
func (w *World) units() int64 {
	if w.chance(0.13) {
		return 2 + w.rng.Int64N(2)
	}
	return 1
}

// basket sells the lines of which there is enough on the shelves.
func (w *World) basket(s *store, asked []line) {
	t := &s.tills[w.rng.IntN(len(s.tills))]
	var lines []line
	for _, l := range asked {
		if w.take(s, l.product, l.units) {
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		return
	}
	order := s.nextOrder(t)
	sent, online := w.now+w.network(), true
	if t.offlineUntil > w.now {
		sent, online = t.offlineUntil+w.between(0, 20*time.Second), false
	}
	if w.chance(itemsChance) {
		w.post(sent, w.itemsSale(s, order, lines, sent))
		return
	}
	for i, l := range lines {
		w.singleSale(s, order, i+1, l, w.now, sent, online)
	}
}

// itemsSale returns one message for the whole basket. It has no line, so it has an event id.
func (w *World) itemsSale(s *store, order string, lines []line, sent int64) letter {
	message := posMessage{OrderNumber: order, StoreID: s.ID}
	message.setTimes(s.style, w.now, sent)
	l := letter{Publication: Publication{Topic: POS}}
	for _, line := range lines {
		p := w.products[line.product]
		message.Items = append(message.Items, posItem{s.style.article(p.ID), s.style.quantity(line.units),
			price(p.Cents)})
		l.events = append(l.events, w.event(event.Sale, s, line.product, line.units))
	}
	if id := "basket-" + order; s.style == styleUTC {
		l.Attributes = eventID(id)
	} else {
		message.EventID = id
	}
	l.Data = encode(message)
	return l
}

// nextOrder returns the order number of the next basket of a till.
func (s *store) nextOrder(t *till) string {
	t.orders++
	return fmt.Sprintf("%s-%d-%06d", s.ID, t.number, t.orders)
}

// singleSale posts one line of a basket as a message of its own, which its order number and line
// identify. It was sold at the time sold, epoch ms.
func (w *World) singleSale(s *store, order string, number int, l line, sold, sent int64, online bool) {
	p := w.products[l.product]
	message := posMessage{
		OrderNumber: order, Line: number, StoreID: s.ID, ProductID: s.style.article(p.ID),
		ProductCount: s.style.quantity(l.units), Price: price(p.Cents),
	}
	message.setTimes(s.style, sold, sent)
	sale := w.event(event.Sale, s, l.product, l.units)
	sale.OccurredAt = sold
	w.post(sent, letter{
		Publication: Publication{Topic: POS, Data: encode(message)},
		events:      []truth.Event{sale},
	})
	if online && w.chance(0.02) {
		w.remember(sent, POS, func() []byte {
			other := l.units + 1
			if l.units < 0 {
				other = l.units - 1 // still a return: a sale would have another natural key
			}
			message.ProductCount = other
			return encode(message)
		})
	}
}
