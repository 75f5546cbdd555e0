package event_test

import (
	"fmt"
	"time"

	"github.com/beamlytics/streamlytics/event"
)

// A till transaction of two items, one of which cannot be used: the other counts.
func ExampleDecoder_Decode() {
	m := event.Message{Channel: event.POS, Format: event.FormatPOS, ID: "1", Data: []byte(`{
		"order_number": "4712", "store_id": 12, "timestamp": "2026-11-27T12:21:40+01:00",
		"items": [{"product_id": 555, "quantity": 2, "price": 19.95}, {"product_id": "A-9", "quantity": "two"}]}`)}
	now := time.Date(2026, 11, 27, 11, 21, 41, 0, time.UTC).UnixMilli()

	var d event.Decoder
	var out event.Decoded
	d.Decode(&m, now, true, &out)
	for _, e := range out.Events {
		fmt.Println(e.Type, e.ID, e.StoreID, e.ProductID, e.Quantity, time.UnixMilli(e.OccurredAt).UTC())
	}
	for _, r := range out.Refusals {
		fmt.Println(r.Reason, r.Item, r.Detail)
	}
	// Output:
	// SALE 4712#0 12 555 2 2026-11-27 11:21:40 +0000 UTC
	// BAD_FIELD 1 items[1].quantity: "two" is neither a number nor a text of an optional sign and digits
}
