package retail

import (
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

const (
	// defectRate is the number of broken messages per customer message.
	defectRate = 0.004
	// oversizeEvery is the time between two messages that are too large. Each of them makes a large
	// dead letter.
	oversizeEvery = 6 * time.Hour
)

// startDefects starts the defects.
func (w *World) startDefects() {
	w.poisson(w.cfg.EventsPerSecond*defectRate, func(int64) float64 { return 1 }, w.breakSomething)
	var oversize func()
	oversize = func() {
		id := w.newID("bad")
		w.refuse(ECOM, event.TooLarge, append(encode(w.soundView(id)), make([]byte, 1<<20)...))
		w.at(w.now+oversizeEvery.Milliseconds(), oversize)
	}
	w.at(w.now+w.between(10*time.Minute, 40*time.Minute), oversize)
}

// breakSomething publishes the next defect. All of them occur in random order before any occurs
// again.
func (w *World) breakSomething() {
	if w.defects == nil {
		for _, d := range wholeMessageDefects {
			w.defects = append(w.defects, func() {
				message := d.sound(w, w.newID("bad"))
				if d.spoil != nil {
					d.spoil(message, w)
				}
				data := encode(message)
				if d.mangle != nil {
					data = d.mangle(data)
				}
				w.refuse(d.topic, d.reason, data)
			})
		}
		w.defects = append(w.defects, w.badItemInBasket, w.badItemInList, w.reuse, w.reuse, w.reuse)
	}
	if w.played%len(w.defects) == 0 {
		w.rng.Shuffle(len(w.defects), func(i, j int) { w.defects[i], w.defects[j] = w.defects[j], w.defects[i] })
	}
	w.defects[w.played%len(w.defects)]()
	w.played++
}

// refuse posts a message that the pipeline refuses as a whole.
func (w *World) refuse(topic Topic, reason event.Reason, data []byte) {
	w.post(w.now+w.network(), letter{Publication: Publication{Topic: topic, Data: data}, refused: reason})
}

// badItemInBasket posts a basket with one invalid item. The other item counts.
func (w *World) badItemInBasket() {
	s := w.stores[w.rng.IntN(len(w.stores))]
	p := w.popularity.draw(w.rng)
	if !w.take(s, p, 1) {
		return
	}
	id := w.newID("bad")
	message := posMessage{EventID: id, OrderNumber: id, StoreID: s.ID, Timestamp: w.now, Items: []posItem{
		{ProductID: w.products[p].ID, Quantity: 1},
		{ProductID: "gift card ", Quantity: 1},
	}}
	w.post(w.now+w.network(), letter{
		Publication: Publication{Topic: POS, Data: encode(message)},
		events:      []truth.Event{w.event(event.Sale, s, p, 1)},
		refused:     event.BadID,
	})
}

// badItemInList posts a list of products of which one has no id. The others count.
func (w *World) badItemInList() {
	p, q := w.popularity.draw(w.rng), w.popularity.draw(w.rng)
	message := w.soundView(w.newID("bad"))
	message["event"] = "browse"
	message["ecommerce"] = object{"items": []object{
		{"item_id": w.products[p].ID}, {"item_id": nil}, {"item_id": w.products[q].ID},
	}}
	w.post(w.now+w.network(), letter{
		Publication: Publication{Topic: ECOM, Data: encode(message)},
		events: []truth.Event{
			w.webEvent(event.View, w.now, line{p, 1}), w.webEvent(event.View, w.now, line{q, 1}),
		},
		refused: event.MissingField,
	})
}

// reusable is a recent message whose id will be used again.
type reusable struct {
	topic Topic
	other func() []byte // builds a message of the same identity and other content
}

// remember keeps a message for reuse, at the time at which it is sent.
func (w *World) remember(sent int64, topic Topic, other func() []byte) {
	w.at(sent, func() { w.reusable = &reusable{topic, other} })
}

// reuse posts other content under the id of an earlier message.
func (w *World) reuse() {
	if w.reusable == nil {
		return
	}
	l := letter{
		Publication: Publication{Topic: w.reusable.topic, Data: w.reusable.other()},
		refused:     event.IDReused,
	}
	w.reusable = nil
	// Late enough that it cannot arrive before the first message.
	w.post(w.now+w.between(5*time.Minute, 90*time.Minute), l)
}
