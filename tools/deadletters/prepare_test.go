package deadletters

import (
	"fmt"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

func TestPrepareRefuses(t *testing.T) {
	const head = `{"event_id":"%s","order_number":"A","store_id":"12","timestamp":1700000000000,"items":[`
	const sale = head + `{"product_id":"1","quantity":1},{"product_id":"2","quantity":%s}]}`
	items := func(list string) string { return fmt.Sprintf(head, "a") + list + "]}" }
	partly := newPipeline(t, "POS").receive(fmt.Sprintf(sale, "a", `"two"`), nil, "m1")[0]
	reused := partly
	reused.Item, reused.Reason, reused.Raw = nil, event.IDReused, fmt.Appendf(nil, sale, "a", "2")
	inWarehouse := reused
	inWarehouse.Reason, inWarehouse.Stage = event.BadField, event.StageWarehouse
	view := newPipeline(t, "ECOM").receive(`{"event":"view_item"}`, nil, "m1")[0]
	for _, c := range []struct {
		name     string
		letter   letter
		repaired string
		newID    bool
		want     string // empty: it is published
	}{
		{"what was not repaired", partly, "", false, "would be refused again, BAD_FIELD: items[1].quantity"},
		{"a repair that is none", partly, fmt.Sprintf(sale, "a", "null"), false,
			"would be refused again, MISSING_FIELD"},
		{"a repair that broke it", partly, "{", false, "would be refused again, BAD_JSON"},
		{"another id while the other item counts", partly, fmt.Sprintf(sale, "b", "2"), false,
			`count already under the event id "a", and would count again under "b"`},
		{"another id on demand", partly, fmt.Sprintf(sale, "b", "2"), true, ""},
		{"a reused id", reused, "", false, "another event came first"},
		{"a reused id that was replaced", reused, fmt.Sprintf(sale, "b", "2"), false, ""},
		{"another id while stock counts", inWarehouse, fmt.Sprintf(sale, "b", "2"), false, "count already"},
		{"what the warehouse refused", inWarehouse, "", false, ""},
		{"another quantity of an item that counts", partly,
			items(`{"product_id":"1","quantity":3},{"product_id":"2","quantity":2}`), false,
			`1 of product "1" count already under the event id "a#0"`},
		{"a repaired item in front of one that counts", partly,
			items(`{"product_id":"1","quantity":1},{"product_id":"1","quantity":0}`), false,
			"as a message of its own"},
		{"a repaired item behind one that counts", partly,
			items(`{"product_id":"1","quantity":2},{"product_id":"1","quantity":1}`), false, ""},
		{"a repair that concerns no product", view, `{"event":"page_view"}`, false, "would be ignored"},
		{"another fault of another item", partly,
			items(`{"product_id":"1","quantity":"1"},{"product_id":"2","quantity":2}`), false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var repaired []byte
			if c.repaired != "" {
				repaired = []byte(c.repaired)
			}
			_, _, err := newDecoding(event.Maps{}).prepare(c.letter, replayOptions{repaired: repaired, newID: c.newID})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want %q", err, c.want)
			}
		})
	}
}

// TestEventID checks that the list has the id under which the message counts once it is repaired.
func TestEventID(t *testing.T) {
	for _, c := range []struct{ source, data, attribute, want string }{
		{"FILE", `{"event_id":"s4","type":"SALE","store_id":"12","product_id":"1","quantity":"two",` +
			`"occurred_at":1700000000000}`, "", "s4"},
		{"WMS", `{"event_id":9,"store_id":"12","sku":"1","count":"many","timestamp":1700000000000}`, "a", "9"},
		{"WMS", `{"store_id":"12","sku":"1","count":"many","timestamp":1700000000000}`, "a", "a"},
		{"POS", `{"order_number":"A","line":2,"store_id":"","product_id":"1","product_count":"two",` +
			`"timestamp":"yesterday"}`, "", "A:2"},
		{"POS", `{"order_number":"A","store_id":"12","items":[{"product_id":"1","quantity":"x"},` +
			`{"product_id":"2"}],"timestamp":1700000000000}`, "", "A"},
		{"POS", `{"order_number":"A","store_id":"12","product_id":"1","product_count":"two",` +
			`"timestamp":1700000000000}`, "", "m1"},
		{"POS", `{"order_number":"A","line":2`, "", ""},
		{"FILE", `12,1,5,yesterday`, "", ""},
	} {
		p := newPipeline(t, c.source)
		var attributes map[string]string
		if c.attribute != "" {
			attributes = map[string]string{"event_id": c.attribute}
		}
		letters := p.receive(c.data, attributes, "m1")
		if len(letters) == 0 {
			t.Fatalf("%s is no letter", c.data)
		}
		if got := newDecoding(event.Maps{}).eventID(letters[0]); got != c.want {
			t.Errorf("%s: event id %q, want %q", c.data, got, c.want)
		}
	}
}
