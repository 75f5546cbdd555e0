package retail

import (
	"fmt"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// rotation is the number of nights in which everything is counted once.
const rotation = 3

// scheduleFirstCounts schedules a count of everything before the start. Some shops send their
// counts only after trade has begun, and the newest products of the web shop are not counted before
// its first night.
func (w *World) scheduleFirstCounts() {
	late := w.cfg.Shops / 10
	newest := len(w.products) - len(w.products)/50
	for i, s := range w.stores {
		counted := w.start - w.between(2*time.Hour, 9*time.Hour)
		sent := w.start
		if i < late {
			sent += w.between(6*time.Minute, 20*time.Minute)
		}
		for p := range w.products {
			if s == w.online && p >= newest {
				continue
			}
			w.postCount(count{s, p, s.shelves[p].onHand, counted + w.intoCount(p), "a"}, sent)
		}
	}
}

// scheduleNightlyCounts schedules in every store a count of a part of its products each night.
func (w *World) scheduleNightlyCounts() {
	for _, s := range w.stores {
		const day = int64(24 * time.Hour / time.Millisecond)
		night := w.start - w.start%day + w.between(2*time.Hour, 4*time.Hour)
		if night <= w.start {
			night += day
		}
		var tonight func()
		tonight = func() {
			sent := w.now + w.between(4*time.Hour, 9*time.Hour)
			for p := s.counts % rotation; p < len(w.products); p += rotation {
				sent += w.rng.Int64N(200)
				w.at(w.now+w.intoCount(p), func() { w.countShelf(s, p, sent) })
			}
			s.counts++
			w.at(w.now+day, tonight)
		}
		w.at(night, tonight)
	}
}

// intoCount returns how long after the beginning of a count, which takes an hour, a product is
// counted, ms.
func (w *World) intoCount(product int) int64 {
	return int64(product) * time.Hour.Milliseconds() / int64(len(w.products))
}

// count is the number of units of a product that a store found at a time.
type count struct {
	store   *store
	product int
	units   int64
	at      int64  // epoch ms
	suffix  string // of the id; between counts of one time, the greater one holds
}

// countShelf counts one product now. The result is sent at the given time.
func (w *World) countShelf(s *store, product int, sent int64) {
	sh := &s.shelves[product]
	if w.chance(0.05) {
		sh.onHand -= 1 + w.rng.Int64N(2) // stolen or broken, which only a count reveals
	}
	sh.onHand = max(0, sh.onHand) // oversold units cannot be counted
	found := count{s, product, sh.onHand, w.now, "a"}
	switch x := w.rng.Float64(); {
	case x < 0.02: // two people counted at once, and one of them was wrong
		second := found
		second.suffix = "b"
		found.units++
		w.postCount(second, sent+w.rng.Int64N(2000)-1000)
	case x < 0.04: // counted again, and the second count arrives before the first
		w.at(w.now+w.between(5*time.Minute, 10*time.Minute), func() {
			sh.onHand = max(0, sh.onHand)
			w.postCount(count{s, product, sh.onHand, w.now, "c"}, sent-w.between(time.Minute, time.Hour))
		})
	case x < 0.06: // a delivery is booked at the time of the count, which does not include it
		w.receive(s, product, 1+w.rng.Int64N(6))
	}
	w.postCount(found, sent)
}

func (w *World) postCount(c count, sent int64) {
	article := w.products[c.product].ID
	id := fmt.Sprintf("count-%s-%s-%d-%s", c.store.ID, article, c.at/60_000, c.suffix)
	message := wmsMessage{
		EventID: id, Type: event.Reset.String(), StoreID: c.store.ID, Count: c.store.style.quantity(c.units),
		CountedAt: c.store.style.time(c.at), Timestamp: sent,
	}
	if c.store.style == styleOffset {
		message.SKU = article
	} else {
		message.ProductID = c.store.style.article(article)
	}
	w.post(sent, letter{
		Publication: Publication{Topic: WMS, Data: encode(message)},
		events: []truth.Event{{
			ID: id, Type: event.Reset.String(), Store: c.store.ID, Product: article,
			Quantity: c.units, OccurredAt: c.at,
		}},
	})
}
