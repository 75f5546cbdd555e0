package retail

import (
	"bytes"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/event"
)

// object is a message as a map, so that any field can be spoiled. Its encoding has the names in
// order.
type object = map[string]any

// defect is a way in which a whole message can be wrong: a valid message is spoiled, its encoding
// is mangled, or both.
type defect struct {
	reason event.Reason
	topic  Topic
	sound  func(w *World, id string) object
	spoil  func(m object, w *World)
	mangle func(data []byte) []byte
}

// setField returns a spoil that sets a field.
func setField(name string, value any) func(object, *World) {
	return func(m object, _ *World) { m[name] = value }
}

// dropField returns a spoil that deletes a field.
func dropField(name string) func(object, *World) {
	return func(m object, _ *World) { delete(m, name) }
}

// wholeMessageDefects has no message that is wrong in two ways, so that each has one correct
// reason.
var wholeMessageDefects = [...]defect{
	{reason: event.BadJSON, topic: POS, sound: (*World).soundSale,
		mangle: func(b []byte) []byte { return b[:len(b)/2] }},
	{reason: event.BadJSON, topic: POS, sound: (*World).soundSale,
		mangle: func(b []byte) []byte { return append(b, b...) }},
	{reason: event.BadJSON, topic: WMS, sound: (*World).soundReceipt, mangle: func(b []byte) []byte {
		return append(b[:len(b)-1], `,"count":7}`...) // duplicate name
	}},
	{reason: event.BadJSON, topic: WMS, sound: (*World).soundReceipt, mangle: func(b []byte) []byte {
		return append([]byte("\ufeff"), b...)
	}},
	{reason: event.BadJSON, topic: ECOM, sound: (*World).soundView, mangle: func(b []byte) []byte {
		return bytes.Replace(b, []byte("web-client"), []byte("web\xffclient"), 1)
	}},
	{reason: event.BadJSON, topic: ECOM, sound: (*World).soundView, mangle: func(b []byte) []byte {
		return append(append([]byte("["), b...), ']')
	}},

	{reason: event.BadField, topic: POS, sound: (*World).soundSale, spoil: setField("product_count", "two")},
	{reason: event.BadField, topic: POS, sound: (*World).soundSale, spoil: setField("product_count", 1.5)},
	{reason: event.BadField, topic: WMS, sound: (*World).soundReceipt, spoil: setField("count", int64(5_000_000_000))},
	{reason: event.BadField, topic: WMS, sound: (*World).soundCount, spoil: setField("count", -4)},

	{reason: event.MissingField, topic: POS, sound: (*World).soundSale, spoil: dropField("product_count")},
	{reason: event.MissingField, topic: POS, sound: (*World).soundSale, spoil: setField("store_id", nil)},
	{reason: event.MissingField, topic: POS, sound: (*World).soundSale, spoil: func(m object, _ *World) {
		delete(m, "product_id")
		delete(m, "product_count")
		m["items"] = []object{}
	}},
	{reason: event.MissingField, topic: WMS, sound: (*World).soundCount, spoil: dropField("counted_at")},

	{reason: event.BadID, topic: POS, sound: (*World).soundSale, spoil: setField("store_id", "till 4 ")},
	{reason: event.BadID, topic: POS, sound: (*World).soundSale, spoil: setField("event_id", "")},
	{reason: event.BadID, topic: WMS, sound: (*World).soundReceipt, spoil: setField("store_id", "global")},
	{reason: event.BadID, topic: WMS, sound: (*World).soundReceipt,
		spoil: setField("product_id", strings.Repeat("4", 129))},

	{reason: event.BadTime, topic: POS, sound: (*World).soundSale, spoil: setField("timestamp", "yesterday")},
	{reason: event.BadTime, topic: POS, sound: (*World).soundSale, spoil: setField("timestamp", 86_400_000)},
	{reason: event.BadTime, topic: WMS, sound: (*World).soundCount, spoil: func(m object, w *World) {
		m["counted_at"] = time.UnixMilli(w.now).UTC().Format(time.DateOnly)
	}},
	{reason: event.BadTime, topic: WMS, sound: (*World).soundReceipt, spoil: func(m object, w *World) {
		m["timestamp"] = time.UnixMilli(w.now).UTC().Format("2006-01-02T15:04:05") // no offset
	}},

	{reason: event.Future, topic: POS, sound: (*World).soundSale,
		spoil: func(m object, w *World) { m["timestamp"] = w.farFuture() }},
	{reason: event.Future, topic: WMS, sound: (*World).soundCount,
		spoil: func(m object, w *World) { m["counted_at"] = w.farFuture() }},

	{reason: event.UnknownType, topic: WMS, sound: (*World).soundReceipt, spoil: setField("type", "TRANSFER")},
}

// farFuture is the time of a till with a wrong clock. It stays in the future however fast the
// world's clock runs.
func (w *World) farFuture() int64 { return w.now + 20*365*24*time.Hour.Milliseconds() }

func (w *World) anyStore() string { return w.stores[w.rng.IntN(len(w.stores))].ID }

func (w *World) anyProduct() string { return w.products[w.popularity.draw(w.rng)].ID }

func (w *World) soundSale(id string) object {
	return object{
		"event_id": id, "order_number": id, "store_id": w.anyStore(), "product_id": w.anyProduct(), "product_count": 1,
		"timestamp": w.now,
	}
}

func (w *World) soundReceipt(id string) object {
	return object{
		"event_id": id, "store_id": w.anyStore(), "product_id": w.anyProduct(), "count": 6, "timestamp": w.now,
	}
}

func (w *World) soundCount(id string) object {
	return object{
		"event_id": id, "type": "RESET", "store_id": w.anyStore(), "product_id": w.anyProduct(), "count": 6,
		"timestamp":  w.now,
		"counted_at": w.now - time.Hour.Milliseconds(),
	}
}

func (w *World) soundView(id string) object {
	return object{
		"event": "view_item", "event_id": id, "client_id": "web-client", "timestamp": w.now,
		"ecommerce": object{"items": []object{{"item_id": w.anyProduct()}}},
	}
}
