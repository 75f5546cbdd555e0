package faults

import (
	"fmt"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// bad is a value that does not belong into a field, and what it is refused with.
type bad struct {
	value  string // JSON
	reason event.Reason
}

func all(reason event.Reason, values ...string) []bad {
	var list []bad
	for _, v := range values {
		list = append(list, bad{v, reason})
	}
	return list
}

func join(lists ...[]bad) (list []bad) {
	for _, l := range lists {
		list = append(list, l...)
	}
	return list
}

// What is bad in each kind of field.
var (
	absent     = all(event.MissingField, "null")
	badKey     = all(event.BadID, `""`, `1.5`, `true`, `[]`, `{}`, `"a "`, `"a\u200bb"`, `"\u00a0a"`, `"a\n"`, `"`+strings.Repeat("x", 129)+`"`, strings.Repeat("9", 129))
	badStore   = join(badKey, all(event.BadID, `"global"`))
	badProduct = join(badKey, all(event.BadID, `0`, `"0"`)) // 0 says that there is none
	badEventID = all(event.BadID, `""`, `1.5`, `true`, `[]`, `{}`, `"`+strings.Repeat("x", 257)+`"`)
	zero       = all(event.BadTime, `0`) // but for time_of_sale, where it says that the till does not know
	badTime    = all(event.BadTime, `"yesterday"`, `"2026-11-23"`, `"2026-11-23T10:00:00"`, `1795600000000.5`, `true`, `{}`, `-1`, `"1999-12-31T23:59:59Z"`, strings.Repeat("9", 20))
	future     = all(event.Future, `"2999-01-01T00:00:00Z"`, `32472144000000`)
	badNumber  = all(event.BadField, `"two"`, `"2.0"`, `2.5`, `true`, `[]`, `{}`, `1000000001`, `-1000000001`, `1e30`)
	negative   = all(event.BadField, `-1`)
	badLabel   = all(event.BadField, `1.5`, `true`, `[]`, `{}`)
	badType    = join(all(event.UnknownType, `"GIFT"`, `"sale"`, `""`), all(event.BadField, `7`, `true`, `{}`))
	badItem    = all(event.BadField, `7`, `"x"`, `[]`)
	badItems   = join(all(event.MissingField, `[]`), all(event.BadField, `7`, `"x"`, `{}`))
)

// form is a message of a wire format with every field that the format knows.
type form struct {
	name    string
	channel string
	// text has <name> for each field. <id> is an id, and <at> a time (epoch ms), of the message's own.
	text   string
	fields []formField
	events []truth.Event // of the sound message, without id and time; by item, where it has items
	items  bool
}

// formField is a field of a form.
type formField struct {
	name string // as it stands between < and >
	good string // JSON
	bad  []bad
	item int // the item that a bad value spoils; whole: the message
}

// whole is the item of a field that concerns the whole message.
const whole = event.NoItem

// forms are all formats that come over Pub/Sub, with and without items.
func forms() []form {
	id := formField{"event_id", `"<id>"`, badEventID, whole}
	store := formField{"store_id", `"7"`, join(absent, badStore), whole}
	key := func(name, good string, item int) formField {
		return formField{name, good, join(absent, badProduct), item}
	}
	units := func(name, good string, item int, moreBad ...bad) formField {
		return formField{name, good, join(absent, badNumber, moreBad), item}
	}
	when := func(name string, moreBad ...bad) formField {
		return formField{name, "<at>", join(absent, zero, badTime, moreBad), whole}
	}
	label := func(name, good string, moreBad ...bad) formField {
		return formField{name, good, join(badLabel, moreBad), whole}
	}
	sold := func(product string, n int64) truth.Event {
		return truth.Event{Type: "SALE", Store: "7", Product: product, Quantity: n}
	}
	unified := func(channel, typ string, n int64, moreBad ...bad) form {
		quantity := join(absent, badNumber)
		if typ == "VIEW" || typ == "CART_ADD" {
			quantity = badNumber // one
		}
		// Without its type or its time, the message would be one of the channel's own format.
		return form{"unified " + typ, channel, `{"event_id":<event_id>,"type":<type>,"store_id":<store_id>,"product_id":<product_id>,"quantity":<quantity>,"occurred_at":<occurred_at>}`,
			[]formField{id, {"type", `"` + typ + `"`, badType, whole}, store, key("product_id", `"u"`, whole),
				{"quantity", fmt.Sprint(n), join(quantity, moreBad), whole}, {"occurred_at", "<at>", join(zero, badTime, future), whole}},
			[]truth.Event{{Type: typ, Store: "7", Product: "u", Quantity: n}}, false}
	}
	return []form{
		unified("pos", "SALE", 2),
		unified("wms", "RECEIPT", 9),
		unified("wms", "RESET", 50, negative...),
		unified("ecom", "VIEW", 1, negative...),
		unified("ecom", "CART_ADD", 2, negative...),
		{"POS", "pos", `{"event_id":<event_id>,"type":<type>,"terminal_id":<terminal_id>,"order_number":<order_number>,"line":<line>,"store_id":<store_id>,"product_id":<product_id>,"product_count":<product_count>,"price":"none","timestamp":<timestamp>,"time_of_sale":<time_of_sale>,"user_id":<user_id>,"department_id":<department_id>}`,
			[]formField{id, {"type", `"SALE"`, badType, whole}, label("terminal_id", "4"), label("order_number", `"o-1"`, absent...), label("line", "3"), store, key("product_id", "555", whole),
				units("product_count", "2", whole), when("timestamp"),
				{"time_of_sale", "<at>", join(badTime, future), whole}, label("user_id", `"u"`), label("department_id", "7")},
			[]truth.Event{sold("555", 2)}, false},
		{"POS items", "pos", `{"event_id":<event_id>,"order_number":"o-2","store_id":<store_id>,"timestamp":<timestamp>,"items":[{"product_id":"a","quantity":1},{"product_id":<product_id>,"quantity":<quantity>,"price":"1,50"},{"product_id":"c","quantity":3}]}`,
			[]formField{id, store, when("timestamp", future...), key("product_id", `"b"`, 1), units("quantity", "2", 1)},
			[]truth.Event{sold("a", 1), sold("b", 2), sold("c", 3)}, true},
		{"POS list", "pos", `{"event_id":"<id>","order_number":"o-3","store_id":"7","timestamp":<at>,"items":<items>}`,
			[]formField{{"items", `[{"product_id":"a","quantity":1}]`, badItems, whole}},
			[]truth.Event{sold("a", 1)}, true},
		{"POS item", "pos", `{"event_id":"<id>","order_number":"o-3","store_id":"7","timestamp":<at>,"items":[<item>,{"product_id":"b","quantity":1}]}`,
			[]formField{{"item", `{"product_id":"a","quantity":1}`, join(absent, badItem), 0}},
			[]truth.Event{sold("a", 1), sold("b", 1)}, true},
		{"ECOM", "ecom", `{"event_id":<event_id>,"event":<event>,"timestamp":<timestamp>,"client_id":<client_id>,"user_id":<user_id>,"store_id":<store_id>,"ecommerce":{"items":[{"item_id":<item_id>,"quantity":<quantity>,"price":{}},{"item_id":"c","quantity":3}]}}`,
			[]formField{id, {"event", `"add_to_cart"`, join(absent, all(event.BadField, `7`, `true`, `{}`)), whole}, when("timestamp", future...),
				label("client_id", `"c"`), label("user_id", `"u"`), {"store_id", `"7"`, badStore, whole},
				key("item_id", `"a"`, 0), {"quantity", "2", join(badNumber, negative), 0}},
			[]truth.Event{{Type: "CART_ADD", Store: "7", Product: "a", Quantity: 2}, {Type: "CART_ADD", Store: "7", Product: "c", Quantity: 3}}, true},
		{"ECOM list", "ecom", `{"event_id":"<id>","event":"view_item","timestamp":<at>,"store_id":"7","ecommerce":{"items":<items>}}`,
			[]formField{{"items", `[{"item_id":"a"}]`, join(absent, badItems), whole}},
			[]truth.Event{{Type: "VIEW", Store: "7", Product: "a", Quantity: 1}}, true},
		{"ECOM commerce", "ecom", `{"event_id":"<id>","event":"view_item","timestamp":<at>,"store_id":"7","ecommerce":<ecommerce>}`,
			[]formField{{"ecommerce", `{"items":[{"item_id":"a"}]}`, join(absent, all(event.BadField, `7`, `"x"`, `[]`)), whole}},
			[]truth.Event{{Type: "VIEW", Store: "7", Product: "a", Quantity: 1}}, true},
		{"ECOM purchase", "ecom", `{"event_id":<event_id>,"event":"purchase","timestamp":<timestamp>,"store_id":"7","ecommerce":{"purchase":{"transaction_id":<transaction_id>,"items":[{"item_id":<item_id>,"quantity":<quantity>},{"item_id":"c","quantity":1}]}}}`,
			[]formField{id, when("timestamp", future...), label("transaction_id", `"t-1"`), key("item_id", `"a"`, 0), {"quantity", "2", badNumber, 0}},
			[]truth.Event{sold("a", 2), sold("c", 1)}, true},
		{"ECOM bought", "ecom", `{"event_id":"<id>","event":"purchase","timestamp":<at>,"store_id":"7","ecommerce":{"purchase":<purchase>}}`,
			[]formField{{"purchase", `{"items":[{"item_id":"a","quantity":1}]}`, join(absent, all(event.BadField, `7`, `"x"`, `[]`), all(event.MissingField, `{}`)), whole}},
			[]truth.Event{sold("a", 1)}, true},
		{"WMS receipt", "wms", `{"event_id":<event_id>,"type":<type>,"store_id":<store_id>,"product_id":<product_id>,"count":<count>,"timestamp":<timestamp>}`,
			[]formField{id, {"type", `"RECEIPT"`, join(badType, all(event.UnknownType, `"SALE"`)), whole}, store, key("product_id", `"w"`, whole), units("count", "6", whole), when("timestamp", future...)},
			[]truth.Event{{Type: "RECEIPT", Store: "7", Product: "w", Quantity: 6}}, false},
		{"WMS count", "wms", `{"event_id":<event_id>,"type":"RESET","store_id":<store_id>,"sku":<sku>,"count":<count>,"counted_at":<counted_at>}`,
			[]formField{id, store, key("sku", `"w"`, whole), units("count", "20", whole, negative...), when("counted_at", future...)},
			[]truth.Event{{Type: "RESET", Store: "7", Product: "w", Quantity: 20}}, false},
	}
}

// message fills a form in: every field is good but for one, which has the value given. The events are those that must count.
func (f form) message(id string, at int64, spoilt *formField, value string) (text string, events []truth.Event) {
	text = f.text
	for i := range f.fields {
		x := &f.fields[i]
		v := x.good
		if spoilt == x {
			v = value
		}
		text = strings.Replace(text, "<"+x.name+">", v, 1)
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "<id>", id), "<at>", fmt.Sprint(at))
	if spoilt != nil && spoilt.item == whole {
		return text, nil
	}
	for i, e := range f.events {
		if spoilt != nil && spoilt.item == i {
			continue
		}
		e.ID, e.OccurredAt = id, at
		if f.items {
			e.ID = id + "#0" // each is the only one of its product
		}
		events = append(events, e)
	}
	return text, events
}

// brokenTexts are no JSON objects in the strict sense, or none at all.
var brokenTexts = map[string]string{
	"cut short": `{"event_id":"x","type":"SALE"`, "no object": `["x"]`, "a number": `7`, "a word": `hello`, "spaces": "   ",
	"trailing data": `{"a":1}{}`, "a name twice": `{"event":"x","event":"y"}`, "a byte order mark": "\xef\xbb\xbf{}",
	"invalid UTF-8": "{\"a\":\"\xff\"}", "a lone surrogate": `{"a":"\ud800"}`, "a comment": `{/**/}`, "a trailing comma": `{"a":1,}`,
	"too deep": strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65), "a bad number": `{"a":01}`, "a control character": "{\"a\":\"\x00\"}",
}

// TestFormsAreComplete finds every field of a form in its text, so that none is spoilt in vain.
func TestFormsAreComplete(t *testing.T) {
	for _, f := range forms() {
		text, _ := f.message("id", 1, nil, "")
		if strings.ContainsAny(text, "<>") {
			t.Errorf("%s: a field is not known: %s", f.name, text)
		}
		for i := range f.fields {
			x := &f.fields[i]
			if !strings.Contains(f.text, "<"+x.name+">") || len(x.bad) == 0 {
				t.Errorf("%s: field %s is nowhere, or nothing is bad in it", f.name, x.name)
			}
		}
	}
}
