package event

import (
	"strings"
	"testing"
)

func TestPOSLabels(t *testing.T) {
	m := message(FormatPOS, `{"order_number":77,"line":2.0,"store_id":12,"product_id":555,"product_count":-1,
		"price":19.990,"user_id":"u","client_id":"c","department_id":4,"timestamp":"2026-03-01T12:00:00Z",
		"time_of_sale":"2026-03-01T12:30:00.1239+01:00",
		"event_datetime":"2026-03-01 12:00:00","till":{"model":[1,2]}}`)
	want := UnifiedInventoryEvent{ID: "77:2:return", Type: Sale, StoreID: "12", ProductID: "555", Quantity: -1,
		OccurredAt: testNow - 30*60*1000 + 123, Source: POS,
		OrderNumber: "77", Line: "2", UserID: "u", ClientID: "c", DepartmentID: "4", Price: "19.990", Item: NoItem,
		Message: m}
	if e := one(t, m); e != want {
		t.Errorf("\n got %+v\nwant %+v", e, want)
	}
}

// posFields are changes of one field of validPOS, with the summary of the result.
var posFields = []struct{ name, value, want string }{
	{"order_number", ``, "MISSING_FIELD order_number"},
	{"order_number", `null`, "MISSING_FIELD order_number"},
	{"order_number", `1.5`, "BAD_FIELD order_number"},
	{"order_number", `1e999999999`, "BAD_FIELD order_number"},
	{"order_number", `[]`, "BAD_FIELD order_number"},
	{"order_number", `""`, "SALE s1/p1 2 m1"},
	{"line", `1`, "SALE s1/p1 2 o1:1"},
	{"line", `"A"`, "SALE s1/p1 2 o1:A"},
	{"line", `""`, "SALE s1/p1 2 m1"},
	{"line", `0.1`, "BAD_FIELD line"},
	{"line", `true`, "BAD_FIELD line"},
	{"line", `"` + strings.Repeat("x", 254) + `"`, "BAD_ID event_id"},
	{"user_id", `{}`, "BAD_FIELD user_id"},
	{"client_id", `false`, "BAD_FIELD client_id"},
	{"department_id", `3.3`, "BAD_FIELD department_id"},
	{"department_id", `null`, "SALE s1/p1 2 m1"},
	{"price", `"9.99"`, "SALE s1/p1 2 m1"},
	{"price", `{"amount":1}`, "SALE s1/p1 2 m1"},
	{"product_count", `"-1"`, "SALE s1/p1 -1 m1"},
	{"product_count", `"+007"`, "SALE s1/p1 7 m1"},
	{"product_count", `""`, "BAD_FIELD product_count"},
	{"product_count", `"2.0"`, "BAD_FIELD product_count"},
	{"product_count", `"1e2"`, "BAD_FIELD product_count"},
	{"product_count", `" 2"`, "BAD_FIELD product_count"},
	{"product_count", `"1.000"`, "BAD_FIELD product_count"},
	{"product_count", `1.000`, "SALE s1/p1 1 m1"},
	{"product_count", `0.35`, "BAD_FIELD product_count"},
	{"terminal_id", `7`, "SALE s1/p1 2 m1"},
	{"terminal_id", `[]`, "BAD_FIELD terminal_id"},
	{"price", `null`, "SALE s1/p1 2 m1"},
	{"product_count", ``, "MISSING_FIELD product_count"},
	{"product_count", `"2"`, "SALE s1/p1 2 m1"},
	{"product_count", `"２"`, "BAD_FIELD product_count"},
	{"quantity", `"ignored"`, "SALE s1/p1 2 m1"},
	{"product_id", ``, "MISSING_FIELD product_id"},
	{"event_id", `"x"`, "SALE s1/p1 2 x"},
	{"timestamp", ``, "MISSING_FIELD timestamp"},
	{"timestamp", `"yesterday"`, "BAD_TIME timestamp"},
	{"timestamp", `1772366700000`, "SALE s1/p1 2 m1"},
	{"timestamp", `1772366700001`, "FUTURE timestamp"},
	{"type", `42`, "BAD_FIELD type"},
	{"type", `null`, "SALE s1/p1 2 m1"},
	{"type", `"SALE"`, "SALE s1/p1 2 m1"},
	{"type", `"RETURN"`, "SALE s1/p1 -2 m1"},
	{"type", `"REF\u0055ND"`, "SALE s1/p1 -2 m1"},
	{"type", `"return"`, "UNKNOWN_TYPE type"},
	{"type", `"RECEIPT"`, "UNKNOWN_TYPE type"},
	{"type", `""`, "UNKNOWN_TYPE type"},
	{"ecommerce", `[]`, "SALE s1/p1 2 m1"},
	{"items", `null`, "SALE s1/p1 2 m1"},
	{"items", `{}`, "BAD_FIELD items"},
	{"items", `"x"`, "BAD_FIELD items"},
	{"items", `[]`, "MISSING_FIELD items"},
}

func TestPOSFields(t *testing.T) {
	for _, c := range posFields {
		t.Run(c.name+"="+clip(c.value), func(t *testing.T) {
			check(t, message(FormatPOS, validPOS.with(c.name, c.value).String()), c.want)
		})
	}
}

func TestTimeOfSale(t *testing.T) {
	for _, c := range []struct {
		sold, sent string
		want       int64 // 0 if refused
		reason     string
	}{
		{`1772366399000`, `1772366400000`, testNow - 1000, ""},
		{`0`, `1772366400000`, testNow, ""},
		{`-0.0e7`, `1772366400000`, testNow, ""},
		{`null`, `1772366400000`, testNow, ""},
		{`1772366399000`, `1872366400000`, testNow - 1000, ""}, // the timestamp may be ahead
		{`1`, `1772366400000`, 0, "BAD_TIME time_of_sale"},
		{`"0"`, `1772366400000`, 0, "BAD_TIME time_of_sale"},
		{`""`, `1772366400000`, 0, "BAD_TIME time_of_sale"},
		{`false`, `1772366400000`, 0, "BAD_TIME time_of_sale"},
		{`1772366700001`, `1772366400000`, 0, "FUTURE time_of_sale"},
		{`1772366399000`, `"bad"`, 0, "BAD_TIME timestamp"},
		{`1772366399000`, `null`, 0, "MISSING_FIELD timestamp"},
	} {
		m := message(FormatPOS, validPOS.with("time_of_sale", c.sold, "timestamp", c.sent).String())
		if c.reason != "" {
			check(t, m, c.reason)
		} else if e := one(t, m); e.OccurredAt != c.want {
			t.Errorf("%s: %d, want %d", m.Data, e.OccurredAt, c.want)
		}
	}
}

func TestPOSItems(t *testing.T) {
	items := func(list string) raw {
		return validPOS.with("items", list, "product_id", "", "product_count", `"unused"`, "price", `"unused"`)
	}
	check(t, message(FormatPOS, items(`[{"product_id":"a","quantity":1}]`).String()), "SALE s1/a 1 o1#0")
	check(t, message(FormatPOS, items(`[{"product_id":"a","quantity":1}]`).with("line", "3").String()),
		"SALE s1/a 1 o1:3#0")
	check(t, message(FormatPOS, validPOS.with("order_number", `""`, "line", "3").String()), "SALE s1/p1 2 m1")
	check(t, message(FormatPOS, items(`[{"product_id":"a","quantity":1,"price":1.0},{"product_id":"b",`+
		`"quantity":-2}]`).with("event_id", `"e"`).String()),
		"SALE s1/a 1 e#0", "SALE s1/b -2 e#0")
	check(t, message(FormatPOS, items(`[{"product_id":"a","quantity":"one"},{"product_id":"b","quantity":2},7,null,
		[{}],{},{"product_id":"a ","quantity":1},
		{"product_id":"c","quantity":1,"price":"x"},{"product_id":"d"}]`).String()),
		"SALE s1/b 2 o1#0", "SALE s1/c 1 o1#0",
		"BAD_FIELD 0 items[0].quantity", "BAD_FIELD 2 items[2]", "MISSING_FIELD 3 items[3]", "BAD_FIELD 4 items[4]",
		"MISSING_FIELD 5 items[5].product_id", "BAD_ID 6 items[6].product_id", "MISSING_FIELD 8 items[8].quantity")
	check(t, message(FormatPOS, items(`[{"product_id":"a","quantity":1},{"product_id":"b"}]`).with("store_id",
		`""`).String()), "BAD_ID store_id")
	check(t, message(FormatPOS, items(`[{"product_id":"a","quantity":1},{"product_id":"b"}]`).with("timestamp",
		`1782366400000`).String()), "FUTURE timestamp")

	out := check(t, message(FormatPOS, items(`[{"product_id":"a","quantity":1,"price":1.50}]`).String()),
		"SALE s1/a 1 o1#0")
	if e := out.Events[0]; e.Price != "1.50" || e.Item != 0 || e.OrderNumber != "o1" {
		t.Errorf("%+v", e)
	}
}
