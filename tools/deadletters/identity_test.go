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

// pipeline decodes messages as the real one does, and keeps the events.
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
			ID: e.ID, Type: e.Type.String(), Store: e.StoreID, Product: e.ProductID,
			Quantity: e.Quantity, OccurredAt: e.OccurredAt,
		})
	}
	for i, r := range out.Refusals {
		l := letter{N: i + 1, Record: deadletters.Record{
			Raw: m.Data, Attributes: attributes, Reason: r.Reason, Detail: r.Detail,
			Stage: event.StageDecode, Source: p.channel.String(),
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

// TestARepairedMessageCountsOnce replays the first dead letter of a message twice, with the
// repaired payload, and expects what the repaired message alone would have led to.
func TestARepairedMessageCountsOnce(t *testing.T) {
	const good, bad = "1700000000000", `"yesterday"`
	sale := func(line, timestamp string) string {
		return `{"order_number":"A",` + line + `"store_id":"12","product_id":"1","product_count":6,"timestamp":` +
			timestamp + `}`
	}
	order := func(line, quantity string) string {
		return `{"order_number":"A",` + line + `"store_id":"12","timestamp":` + good +
			`,"items":[{"product_id":"1","quantity":1},{"product_id":"2","quantity":` + quantity +
			`},{"product_id":"1","quantity":5}]}`
	}
	purchase := func(ecommerce string) string {
		return `{"event":"purchase","store_id":"12","timestamp":` + good + `,"ecommerce":{` + ecommerce + `}}`
	}
	stock := func(id, timestamp string) string {
		return `{` + id + `"store_id":"12","product_id":"1","count":-6,"timestamp":` + timestamp + `}`
	}
	unified := func(occurredAt string) string {
		return `{"type":"SALE","store_id":"12","product_id":"1","quantity":6,"occurred_at":` + occurredAt +
			`,"order_number":"A","line":1}`
	}
	one, both := map[string]int64{"12:1": -6}, map[string]int64{"12:1": -6, "12:2": -2}
	for _, c := range []struct {
		name             string
		source           string
		original         string
		repaired         string
		attributes       map[string]string
		alsoSentAnew     bool // the till itself sends the repaired message too
		wantedAttributes map[string]string
		want             map[string]int64
	}{
		{name: "nothing identifies the message", source: "POS",
			original: sale(``, bad), repaired: sale(``, good),
			wantedAttributes: map[string]string{"event_id": "m1"}, want: one},
		{name: "one item of a message that its order identifies", source: "POS", alsoSentAnew: true,
			original: order(``, `"two"`), repaired: order(``, `2`),
			attributes:       map[string]string{"till": "7"},
			wantedAttributes: map[string]string{"till": "7"}, want: both},
		{name: "one item of a message that nothing identifies", source: "ECOM",
			original: purchase(`"transaction_id":"(not set)","items":[` +
				`{"item_id":"1","quantity":6},{"item_id":"2","quantity":2.5}]`),
			repaired: purchase(`"transaction_id":"(not set)","items":[` +
				`{"item_id":"2","quantity":2},{"item_id":"1","quantity":6}]`),
			attributes:       map[string]string{"till": "7"},
			wantedAttributes: map[string]string{"event_id": "m1", "till": "7"}, want: both},
		{name: "one item of a message with a natural key", source: "POS", alsoSentAnew: true,
			original: order(`"line":1,`, `"two"`), repaired: order(`"line":1,`, `2`), want: both},
		{name: "the natural key was completed where nothing counted", source: "POS", alsoSentAnew: true,
			original: sale(``, bad), repaired: sale(`"line":1,`, good), want: one},
		{name: "the natural key was lost", source: "POS",
			original: order(`"line":1,`, `"two"`), repaired: order(``, `2`),
			wantedAttributes: map[string]string{"event_id": "A:1"}, want: both},
		{name: "a broken payload with a natural key", source: "POS", alsoSentAnew: true,
			original: strings.TrimSuffix(sale(`"line":1,`, good), "}"), repaired: sale(`"line":1,`, good), want: one},
		{name: "a purchase", source: "ECOM", alsoSentAnew: true,
			original: purchase(`"purchase":{"transaction_id":"T","items":[` +
				`{"item_id":"1","quantity":6},{"item_id":"2","quantity":2.5}]}`),
			repaired: purchase(`"purchase":{"transaction_id":"T","items":[` +
				`{"item_id":"1","quantity":6},{"item_id":"2","quantity":2}]}`),
			want: both},
		{name: "an event id in the payload", source: "WMS", alsoSentAnew: true,
			original: stock(`"event_id":9,`, bad), repaired: stock(`"event_id":9,`, good), want: one},
		{name: "an event id in the attributes", source: "WMS", alsoSentAnew: true,
			original: stock(``, bad), repaired: stock(``, good),
			attributes:       map[string]string{"event_id": "9"},
			wantedAttributes: map[string]string{"event_id": "9"}, want: one},
		{name: "an attribute that was itself the fault", source: "WMS",
			original: stock(``, good), repaired: stock(``, good),
			attributes:       map[string]string{"event_id": ""},
			wantedAttributes: map[string]string{"event_id": "m1"}, want: one},
		{name: "a unified event", source: "POS",
			original: unified(bad), repaired: unified(good),
			wantedAttributes: map[string]string{"event_id": "m1"}, want: one},
		{name: "from the future, which it no longer is", source: "POS",
			original:         sale(``, "1700001000000"),
			wantedAttributes: map[string]string{"event_id": "m1"}, want: one},
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
				data, attributes, err := newDecoding(event.Maps{}).prepare(letters[0],
					replayOptions{repaired: repaired})
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
