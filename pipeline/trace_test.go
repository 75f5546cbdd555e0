package pipeline

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// trace is a random history of shops in all wire formats, with the expected results.
type trace struct {
	messages []traced
	events   []truth.Event // all that must count, each once
}

type traced struct {
	topic      string
	data       string
	attributes map[string]string
	refused    []event.Reason
}

func (t *trace) add(topic, data string, events ...truth.Event) {
	t.messages = append(t.messages, traced{topic: topic, data: data})
	t.events = append(t.events, events...)
}

func (t *trace) bad(topic, data string, reasons ...event.Reason) {
	t.messages = append(t.messages, traced{topic: topic, data: data, refused: reasons})
}

// newTrace returns n messages of the last hours before now, in a random order, some of them
// repeated and some invalid.
func newTrace(seed uint64, n int, now time.Time) *trace {
	r := rand.New(rand.NewPCG(seed, 0))
	t := &trace{}
	for i := range n {
		store, product := fmt.Sprint(r.IntN(5)), fmt.Sprintf("p%d", r.IntN(40))
		at := now.Add(-time.Duration(r.Int64N(int64(30 * time.Hour))))
		ms, rfc := at.UnixMilli(), at.UTC().Format("2006-01-02T15:04:05.000Z07:00")
		q := r.Int64N(9) - 1
		ev := func(id, typ string, quantity int64) truth.Event {
			return truth.Event{ID: id, Type: typ, Store: store, Product: product, Quantity: quantity, OccurredAt: ms}
		}
		id := fmt.Sprintf("e%d", i)
		switch r.IntN(9) {
		case 0:
			t.add("pos", fmt.Sprintf(`{"event_id":%q,"type":"SALE","store_id":%s,"product_id":%q,"quantity":%d.0,`+
				`"occurred_at":%q}`, id, store, product, q, rfc), ev(id, "SALE", q))
		case 1:
			t.add("pos", fmt.Sprintf(`{"order_number":%q,"line":1,"store_id":%q,"product_id":%q,"product_count":%d,`+
				`"timestamp":%d,"price":2.50}`, id, store, product, q, ms),
				ev(id+map[bool]string{false: ":1", true: ":1:return"}[q < 0], "SALE", q))
		case 2:
			other := truth.Event{ID: id + "#0", Type: "SALE", Store: store, Product: "other",
				Quantity: 2, OccurredAt: ms}
			t.add("pos", fmt.Sprintf(`{"event_id":%q,"order_number":7,"store_id":%q,"timestamp":%q,`+
				`"items":[{"product_id":%q,"quantity":%d},{"product_id":"other","quantity":2}]}`, id, store, rfc,
				product, q), ev(id+"#0", "SALE", q), other)
		case 3:
			t.add("ecom", fmt.Sprintf(`{"event":"purchase","timestamp":%d,"client_id":"c","store_id":%q,`+
				`"ecommerce":{"purchase":{"transaction_id":%q,"items":[{"item_id":%q,"quantity":2}]}}}`, ms, store, id,
				product), ev(id+"#0", "SALE", 2))
		case 4:
			store = "online"
			t.add("ecom", fmt.Sprintf(`{"event_id":%q,"event":"view_item","timestamp":%d,`+
				`"ecommerce":{"items":[{"item_id":%q}]}}`, id, ms, product), ev(id+"#0", "VIEW", 1))
		case 5:
			t.add("ecom", fmt.Sprintf(`{"event_id":%q,"event":"add-to-cart","timestamp":%d,"store_id":%q,`+
				`"ecommerce":{"items":[{"item_id":%q,"quantity":3}]}}`, id, ms, store, product),
				ev(id+"#0", "CART_ADD", 3))
		case 6:
			t.add("wms", fmt.Sprintf(`{"event_id":%q,"store_id":%q,"sku":%q,"count":%d,"timestamp":%d}`, id, store,
				product, 5*q, ms), ev(id, "RECEIPT", 5*q))
		case 7:
			t.add("wms", fmt.Sprintf(`{"event_id":%q,"type":"RESET","store_id":%q,"product_id":%q,"count":%d,`+
				`"counted_at":%q}`, id, store, product, q+1, rfc), ev(id, "RESET", q+1))
		case 8:
			t.broken(r.IntN(9), id, store, product, ms, ev)
		}
	}
	// Repetitions come after the shuffle puts them anywhere: they change nothing wherever they are.
	for range n / 10 {
		if m := t.messages[r.IntN(n)]; m.refused == nil {
			t.messages = append(t.messages, m)
		}
	}
	r.Shuffle(len(t.messages), func(i, j int) { t.messages[i], t.messages[j] = t.messages[j], t.messages[i] })
	return t
}

// broken adds a message of which something is refused.
func (t *trace) broken(kind int, id, store, product string, ms int64, ev func(id, typ string, q int64) truth.Event) {
	switch kind {
	case 0:
		t.bad("pos", `{"event_id":"`+id+`"`, event.BadJSON)
	case 1:
		t.bad("pos", fmt.Sprintf(`{"order_number":1,"line":2,"store_id":%q,"product_id":%q,"product_count":"three",`+
			`"timestamp":%d}`, store, product, ms), event.BadField)
	case 2:
		t.bad("wms", fmt.Sprintf(`{"event_id":%q,"store_id":"global","product_id":%q,"count":1,"timestamp":%d}`,
			id, product, ms), event.BadID)
	case 3:
		t.bad("wms", fmt.Sprintf(`{"event_id":%q,"type":"RESET","store_id":%q,"product_id":%q,"count":1,`+
			`"counted_at":"2026-11-23"}`, id, store, product), event.BadTime)
	case 4:
		t.bad("pos", fmt.Sprintf(`{"event_id":%q,"type":"SALE","store_id":%q,"product_id":%q,"quantity":1,`+
			`"occurred_at":%d}`, id, store, product, ms+400*24*3600*1000), event.Future)
	case 5:
		t.bad("wms", fmt.Sprintf(`{"event_id":%q,"type":"GIFT","store_id":%q,"product_id":%q,"count":1,`+
			`"timestamp":%d}`, id, store, product, ms), event.UnknownType)
	case 6:
		t.bad("ecom", `{"event":"purchase","timestamp":1795000000000,"ecommerce":{"items":[]}}`, event.MissingField)
	case 7: // two of three items count
		t.messages = append(t.messages, traced{topic: "pos", refused: []event.Reason{event.MissingField},
			data: fmt.Sprintf(`{"event_id":%q,"order_number":7,"store_id":%q,"timestamp":%d,`+
				`"items":[{"product_id":%q,"quantity":1},{"product_id":"x"},{"product_id":%q,"quantity":2}]}`, id,
				store, ms, product, product)})
		t.events = append(t.events, ev(id+"#0", "SALE", 1), ev(id+"#1", "SALE", 2))
	case 8:
		t.bad("wms", fmt.Sprintf(`{"event_id":%q,"store_id":%q,"product_id":%q,"count":1000000001,"timestamp":%d}`, id,
			store, product, ms), event.BadField)
	}
}
