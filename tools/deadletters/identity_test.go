package deadletters

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/deadletters"
	"github.com/beamlytics/streamlytics/test/truth"
)

const nowMs = 1_700_000_100_000

// pipeline decodes messages as the real one does, and keeps what they lead to.
type pipeline struct {
	t       *testing.T
	channel event.Channel
	format  event.Format
	maps    event.Maps
	events  []truth.Event
}

func newPipeline(t *testing.T, source string) *pipeline {
	p := &pipeline{t: t}
	switch source {
	case "POS":
		p.channel, p.format = event.POS, event.FormatPOS
	case "ECOM":
		p.channel, p.format = event.ECOM, event.FormatECOM
	case "WMS":
		p.channel, p.format = event.WMS, event.FormatWMS
	case "FILE":
		p.channel, p.format = event.FILE, event.FormatWMS
	}
	return p
}

// receive takes one message and returns its dead letters.
func (p *pipeline) receive(data string, attributes map[string]string, messageID string) (letters []letter) {
	p.t.Helper()
	m := event.Message{Channel: p.channel, Format: p.format, Data: []byte(data), Attributes: attributes, ID: messageID}
	if p.channel == event.FILE {
		m.File, m.Line = "stock.jsonl", 3
	}
	decoder := event.Decoder{Rules: event.Rules{Maps: p.maps}}
	var out event.Decoded
	decoder.Decode(&m, nowMs, true, &out)
	for _, e := range out.Events {
		p.events = append(p.events, truth.Event{
			ID: e.ID, Type: e.Type.String(), Store: e.StoreID, Product: e.ProductID, Quantity: e.Quantity, OccurredAt: e.OccurredAt,
		})
	}
	for i, r := range out.Refusals {
		l := letter{N: i + 1, Record: deadletters.Record{
			Raw: m.Data, Attributes: attributes, Reason: r.Reason, Detail: r.Detail, Stage: event.StageDecode, Source: p.channel.String(),
		}}
		if messageID != "" {
			l.MessageID = &messageID
		}
		if item := r.Item; item != event.NoItem {
			l.Item = &item
		}
		letters = append(letters, l)
	}
	return letters
}

func (p *pipeline) onHand() map[string]int64 {
	units := map[string]int64{}
	for key, r := range truth.Stock(p.events) {
		units[key.Store+":"+key.Product] = r.OnHand
	}
	return units
}

// TestARepairedMessageCountsOnce replays the first dead letter of a message twice, with the repaired payload, and expects
// what the repaired message alone would have led to.
func TestARepairedMessageCountsOnce(t *testing.T) {
	const good, bad = "1700000000000", "yesterday"
	items := func(second string) string {
		return `"items":[{"product_id":"1","quantity":1},{"product_id":"2","quantity":` + second + `},{"product_id":"1","quantity":5}]`
	}
	whole := map[string]int64{"12:1": -6, "12:2": -2}
	for _, c := range []struct {
		name             string
		source           string
		original         string
		repaired         string
		attributes       map[string]string
		alsoSentAnew     bool // the till itself sends the repaired message, too
		wantedAttributes map[string]string
		want             map[string]int64
	}{
		{name: "nothing identifies the message", source: "POS",
			original:         `{"order_number":"A","store_id":"12","product_id":"1","product_count":6,"timestamp":"` + bad + `"}`,
			repaired:         `{"order_number":"A","store_id":"12","product_id":"1","product_count":6,"timestamp":` + good + `}`,
			wantedAttributes: map[string]string{"event_id": "m1"}, want: map[string]int64{"12:1": -6}},
		{name: "one item of a message that its order identifies", source: "POS", alsoSentAnew: true,
			original:         `{"order_number":"A","store_id":"12","timestamp":` + good + `,` + items(`"two"`) + `}`,
			repaired:         `{"order_number":"A","store_id":"12","timestamp":` + good + `,` + items(`2`) + `}`,
			attributes:       map[string]string{"till": "7"},
			wantedAttributes: map[string]string{"till": "7"}, want: whole},
		{name: "one item of a message that nothing identifies", source: "ECOM",
			original: `{"event":"purchase","store_id":"12","timestamp":` + good + `,"ecommerce":{"transaction_id":"(not set)","items":[` +
				`{"item_id":"1","quantity":6},{"item_id":"2","quantity":2.5}]}}`,
			repaired: `{"event":"purchase","store_id":"12","timestamp":` + good + `,"ecommerce":{"transaction_id":"(not set)","items":[` +
				`{"item_id":"2","quantity":2},{"item_id":"1","quantity":6}]}}`,
			attributes:       map[string]string{"till": "7"},
			wantedAttributes: map[string]string{"event_id": "m1", "till": "7"}, want: whole},
		{name: "one item of a message with a natural key", source: "POS", alsoSentAnew: true,
			original: `{"order_number":"A","line":1,"store_id":"12","timestamp":` + good + `,` + items(`"two"`) + `}`,
			repaired: `{"order_number":"A","line":1,"store_id":"12","timestamp":` + good + `,` + items(`2`) + `}`,
			want:     whole},
		{name: "the natural key was completed where nothing counted", source: "POS", alsoSentAnew: true,
			original: `{"order_number":"A","store_id":"12","product_id":"1","product_count":6,"timestamp":"` + bad + `"}`,
			repaired: `{"order_number":"A","line":1,"store_id":"12","product_id":"1","product_count":6,"timestamp":` + good + `}`,
			want:     map[string]int64{"12:1": -6}},
		{name: "the natural key was lost", source: "POS",
			original:         `{"order_number":"A","line":1,"store_id":"12","timestamp":` + good + `,` + items(`"two"`) + `}`,
			repaired:         `{"order_number":"A","store_id":"12","timestamp":` + good + `,` + items(`2`) + `}`,
			wantedAttributes: map[string]string{"event_id": "A:1"}, want: whole},
		{name: "a broken payload with a natural key", source: "POS", alsoSentAnew: true,
			original: `{"order_number":"A","line":1,"store_id":"12","product_id":"1","product_count":6,"timestamp":` + good,
			repaired: `{"order_number":"A","line":1,"store_id":"12","product_id":"1","product_count":6,"timestamp":` + good + `}`,
			want:     map[string]int64{"12:1": -6}},
		{name: "a purchase", source: "ECOM", alsoSentAnew: true,
			original: `{"event":"purchase","store_id":"12","timestamp":` + good + `,"ecommerce":{"purchase":{"transaction_id":"T","items":[` +
				`{"item_id":"1","quantity":6},{"item_id":"2","quantity":2.5}]}}}`,
			repaired: `{"event":"purchase","store_id":"12","timestamp":` + good + `,"ecommerce":{"purchase":{"transaction_id":"T","items":[` +
				`{"item_id":"1","quantity":6},{"item_id":"2","quantity":2}]}}}`,
			want: whole},
		{name: "an event id in the payload", source: "WMS", alsoSentAnew: true,
			original: `{"event_id":9,"store_id":"12","product_id":"1","count":-6,"timestamp":"` + bad + `"}`,
			repaired: `{"event_id":9,"store_id":"12","product_id":"1","count":-6,"timestamp":` + good + `}`,
			want:     map[string]int64{"12:1": -6}},
		{name: "an event id in the attributes", source: "WMS", attributes: map[string]string{"event_id": "9"}, alsoSentAnew: true,
			original:         `{"store_id":"12","product_id":"1","count":-6,"timestamp":"` + bad + `"}`,
			repaired:         `{"store_id":"12","product_id":"1","count":-6,"timestamp":` + good + `}`,
			wantedAttributes: map[string]string{"event_id": "9"}, want: map[string]int64{"12:1": -6}},
		{name: "an attribute that was itself the fault", source: "WMS", attributes: map[string]string{"event_id": ""},
			original:         `{"store_id":"12","product_id":"1","count":-6,"timestamp":` + good + `}`,
			repaired:         `{"store_id":"12","product_id":"1","count":-6,"timestamp":` + good + `}`,
			wantedAttributes: map[string]string{"event_id": "m1"}, want: map[string]int64{"12:1": -6}},
		{name: "a unified event", source: "POS",
			original:         `{"type":"SALE","store_id":"12","product_id":"1","quantity":6,"occurred_at":"` + bad + `","order_number":"A","line":1}`,
			repaired:         `{"type":"SALE","store_id":"12","product_id":"1","quantity":6,"occurred_at":` + good + `,"order_number":"A","line":1}`,
			wantedAttributes: map[string]string{"event_id": "m1"}, want: map[string]int64{"12:1": -6}},
		{name: "from the future, which it no longer is", source: "POS",
			original:         `{"order_number":"A","store_id":"12","product_id":"1","product_count":6,"timestamp":1700001000000}`,
			wantedAttributes: map[string]string{"event_id": "m1"}, want: map[string]int64{"12:1": -6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPipeline(t, c.source)
			letters := p.receive(c.original, maps.Clone(c.attributes), "m1")
			if len(letters) != 1 {
				t.Fatalf("the message made %d letters, want one", len(letters))
			}
			var repaired []byte
			if c.repaired != "" {
				repaired = []byte(c.repaired)
			}
			for _, messageID := range []string{"m2", "m3"} {
				data, attributes, err := newDecoding(event.Maps{}).prepare(letters[0], replayOptions{repaired: repaired})
				if err != nil {
					t.Fatal(err)
				}
				if !maps.Equal(attributes, c.wantedAttributes) {
					t.Errorf("attributes %v, want %v", attributes, c.wantedAttributes)
				}
				if c.repaired == "" { // only time heals it
					data = []byte(strings.Replace(string(data), "1700001000000", "1700000000000", 1))
				}
				if again := p.receive(string(data), attributes, messageID); len(again) > 0 {
					t.Fatalf("refused again: %+v", again[0])
				}
			}
			if c.alsoSentAnew {
				p.receive(c.repaired, c.attributes, "m4")
			}
			if got := p.onHand(); !maps.Equal(got, c.want) {
				t.Errorf("on-hand %v, want %v", got, c.want)
			}
		})
	}
}

func TestALineOfAFileIsIdentifiedByItsPlace(t *testing.T) {
	p := newPipeline(t, "FILE")
	first := p.receive(`12,1,5,yesterday`, nil, "")[0]
	second := first
	second.Detail = strings.Replace(first.Detail, ":3", ":4", 1)
	if first.MessageID != nil || second.Detail == first.Detail {
		t.Fatalf("the letter is %+v", first)
	}
	repaired := []byte(`{"store_id":"12","product_id":"1","count":5,"timestamp":1700000000000}`)
	wms := newPipeline(t, "WMS")
	for i, l := range []letter{first, second, first, second} {
		data, attributes, err := newDecoding(event.Maps{}).prepare(l, replayOptions{repaired: repaired})
		if err != nil {
			t.Fatal(err)
		}
		wms.receive(string(data), attributes, fmt.Sprint("m", i))
	}
	if got := wms.onHand()["12:1"]; got != 10 {
		t.Errorf("two lines of 5, each replayed twice, came to %d", got)
	}
}

func TestPrepareRefuses(t *testing.T) {
	const sale = `{"event_id":"%s","order_number":"A","store_id":"12","timestamp":1700000000000,"items":[{"product_id":"1","quantity":1},{"product_id":"2","quantity":%s}]}`
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
		{"a repair that is none", partly, fmt.Sprintf(sale, "a", "null"), false, "would be refused again, MISSING_FIELD"},
		{"a repair that broke it", partly, "{", false, "would be refused again, BAD_JSON"},
		{"another id while the other item counts", partly, fmt.Sprintf(sale, "b", "2"), false, `count already under the event id "a", and would count again under "b"`},
		{"another id on demand", partly, fmt.Sprintf(sale, "b", "2"), true, ""},
		{"a reused id", reused, "", false, "another event came first"},
		{"a reused id that was replaced", reused, fmt.Sprintf(sale, "b", "2"), false, ""},
		{"another id while stock counts", inWarehouse, fmt.Sprintf(sale, "b", "2"), false, "count already"},
		{"what the warehouse refused", inWarehouse, "", false, ""},
		{"another quantity of an item that counts", partly,
			`{"event_id":"a","order_number":"A","store_id":"12","timestamp":1700000000000,"items":[{"product_id":"1","quantity":3},{"product_id":"2","quantity":2}]}`, false,
			`1 of product "1" count already under the event id "a#0"`},
		{"a repaired item in front of one that counts", partly,
			`{"event_id":"a","order_number":"A","store_id":"12","timestamp":1700000000000,"items":[{"product_id":"1","quantity":1},{"product_id":"1","quantity":0}]}`, false,
			"as a message of its own"},
		{"a repaired item behind one that counts", partly,
			`{"event_id":"a","order_number":"A","store_id":"12","timestamp":1700000000000,"items":[{"product_id":"1","quantity":2},{"product_id":"1","quantity":1}]}`, false, ""},
		{"a repair that says nothing", view, `{"event":"page_view"}`, false, "would be ignored"},
		{"another fault of another item", partly,
			`{"event_id":"a","order_number":"A","store_id":"12","timestamp":1700000000000,"items":[{"product_id":"1","quantity":"1"},{"product_id":"2","quantity":2}]}`, false, ""},
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

// TestEventID: the list names the id under which the message counts once it is repaired.
func TestEventID(t *testing.T) {
	for _, c := range []struct{ source, data, attribute, want string }{
		{"FILE", `{"event_id":"s4","type":"SALE","store_id":"12","product_id":"1","quantity":"two","occurred_at":1700000000000}`, "", "s4"},
		{"WMS", `{"event_id":9,"store_id":"12","sku":"1","count":"many","timestamp":1700000000000}`, "a", "9"},
		{"WMS", `{"store_id":"12","sku":"1","count":"many","timestamp":1700000000000}`, "a", "a"},
		{"POS", `{"order_number":"A","line":2,"store_id":"","product_id":"1","product_count":"two","timestamp":"yesterday"}`, "", "A:2"},
		{"POS", `{"order_number":"A","store_id":"12","items":[{"product_id":"1","quantity":"x"},{"product_id":"2"}],"timestamp":1700000000000}`, "", "A"},
		{"POS", `{"order_number":"A","store_id":"12","product_id":"1","product_count":"two","timestamp":1700000000000}`, "", "m1"},
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
