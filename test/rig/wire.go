package rig

import (
	"fmt"

	"github.com/beamlytics/streamlytics/test/truth"
)

// channelOf returns the channel for events of a type.
func channelOf(typ string) string {
	switch typ {
	case "VIEW", "CART_ADD":
		return "ecom"
	case "RECEIPT", "RESET":
		return "wms"
	default:
		return "pos"
	}
}

// Unified returns the message of an event in the unified format.
func Unified(e truth.Event) Message {
	return Message{Channel: channelOf(e.Type), Data: fmt.Appendf(nil,
		`{"event_id":%q,"type":%q,"store_id":%q,"product_id":%q,"quantity":%d,"occurred_at":%d}`,
		e.ID, e.Type, e.Store, e.Product, e.Quantity, e.OccurredAt)}
}

// Native returns the message of an event in its channel's own format, and the event with the id
// that it has there.
func Native(e truth.Event) (truth.Event, Message) {
	m := Message{Channel: channelOf(e.Type)}
	switch e.Type {
	case "VIEW", "CART_ADD":
		name := "view_item"
		if e.Type == "CART_ADD" {
			name = "add_to_cart"
		}
		m.Data = fmt.Appendf(nil, `{"event_id":%q,"event":%q,"timestamp":%d,"client_id":"c","store_id":%q,`+
			`"ecommerce":{"items":[{"item_id":%q,"quantity":%d}]}}`,
			e.ID, name, e.OccurredAt, e.Store, e.Product, e.Quantity)
		e.ID += "#0" // one event per item
	case "RECEIPT":
		m.Data = fmt.Appendf(nil, `{"event_id":%q,"store_id":%q,"product_id":%q,"count":%d,"timestamp":%d}`,
			e.ID, e.Store, e.Product, e.Quantity, e.OccurredAt)
	case "RESET":
		m.Data = fmt.Appendf(nil, `{"event_id":%q,"type":"RESET","store_id":%q,"sku":%q,"count":%d,"counted_at":%d}`,
			e.ID, e.Store, e.Product, e.Quantity, e.OccurredAt)
	default:
		m.Data = fmt.Appendf(nil, `{"event_id":%q,"order_number":%q,"store_id":%q,"product_id":%q,`+
			`"product_count":%d,"timestamp":%d,"price":2.50}`,
			e.ID, "o"+e.ID, e.Store, e.Product, e.Quantity, e.OccurredAt)
	}
	return e, m
}
