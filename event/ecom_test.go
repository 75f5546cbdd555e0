package event

import (
	"fmt"
	"strings"
	"testing"
)

func TestECOMEventNames(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{`"view_item"`, "VIEW online/p1 2 m1#0"},
		{`"browse"`, "VIEW online/p1 2 m1#0"},
		{`"add_to_cart"`, "CART_ADD online/p1 2 m1#0"},
		{`"add-to-cart"`, "CART_ADD online/p1 2 m1#0"},
		{`"purchase"`, "SALE online/p1 2 m1#0"},
		{`"\u0070urchase"`, "SALE online/p1 2 m1#0"},
		{`"page_view"`, "ignored 1 page_view"},
		{`"View_Item"`, "ignored 1 View_Item"},
		{`"Purchase"`, "ignored 1 Purchase"},
		{`"refund"`, "ignored 1 refund"},
		{`""`, "ignored 1 (empty)"},
		{``, "MISSING_FIELD event"},
		{`null`, "MISSING_FIELD event"},
		{`7`, "BAD_FIELD event"},
		{`["purchase"]`, "BAD_FIELD event"},
	} {
		check(t, message(FormatECOM, validECOM.with("event", c.name).String()), c.want)
	}
}

func TestECOMIgnoresBrowseWithoutItems(t *testing.T) {
	check(t, message(FormatECOM, `{"event":"scroll","timestamp":"never","store_id":":"}`), "ignored 1 scroll")
	for _, e := range []string{``, `null`, `{}`, `{"items":null}`, `{"items":[]}`, `{"purchase":7}`} {
		check(t, message(FormatECOM, raw{"event": `"browse"`, "ecommerce": e}.String()), "ignored 1 browse")
	}
	check(t, message(FormatECOM, validECOM.with("event", `"browse"`, "ecommerce", `{"items":"p1"}`).String()),
		"BAD_FIELD ecommerce.items")
	check(t, message(FormatECOM, validECOM.with("event", `"browse"`, "ecommerce", `"p1"`).String()),
		"BAD_FIELD ecommerce")
	check(t, message(FormatECOM, `{"event":"scroll","a":1,"a":2}`), "BAD_JSON JSON")
}

func TestECOMFields(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"store_id", `"s9"`, "VIEW s9/p1 2 m1#0"},
		{"store_id", `9`, "VIEW 9/p1 2 m1#0"},
		{"store_id", `null`, "VIEW online/p1 2 m1#0"},
		{"store_id", `""`, "BAD_ID store_id"},
		{"store_id", `"global"`, "BAD_ID store_id"},
		{"timestamp", ``, "MISSING_FIELD timestamp"},
		{"timestamp", `"x"`, "BAD_TIME timestamp"},
		{"client_id", `{}`, "BAD_FIELD client_id"},
		{"user_id", `1.5`, "BAD_FIELD user_id"},
		{"event_id", `"e"`, "VIEW online/p1 2 e#0"},
		{"event_id", `""`, "BAD_ID event_id"},
		{"order_number", `{}`, "VIEW online/p1 2 m1#0"},
		{"ecommerce", ``, "MISSING_FIELD ecommerce.items"},
		{"ecommerce", `null`, "MISSING_FIELD ecommerce.items"},
		{"ecommerce", `7`, "BAD_FIELD ecommerce"},
		{"ecommerce", `[]`, "BAD_FIELD ecommerce"},
		{"ecommerce", `{}`, "MISSING_FIELD ecommerce.items"},
		{"ecommerce", `{"items":[]}`, "MISSING_FIELD ecommerce.items"},
		{"ecommerce", `{"items":{}}`, "BAD_FIELD ecommerce.items"},
		{"ecommerce", `{"items":[{"item_id":"p1"}]}`, "VIEW online/p1 1 m1#0"},
		{"ecommerce", `{"items":[{"item_id":"p1","quantity":null}]}`, "VIEW online/p1 1 m1#0"},
		{"ecommerce", `{"items":[{"item_id":"p1","quantity":-1}]}`, "BAD_FIELD 0 ecommerce.items[0].quantity"},
		{"ecommerce", `{"items":[{"product_id":"p1"}]}`, "MISSING_FIELD 0 ecommerce.items[0].item_id"},
		{"ecommerce", `{"items":[{"item_id":"p1","price":"1"}]}`, "VIEW online/p1 1 m1#0"},
		{"ecommerce", `{"items":[{"item_id":"p1"},{"item_id":"p2","quantity":3}]}`,
			"VIEW online/p1 1 m1#0; VIEW online/p2 3 m1#0"},
		{"ecommerce", `{"purchase":{"items":[{"item_id":"p1"}]}}`, "MISSING_FIELD ecommerce.items"},
		{"ecommerce", `{"purchase":"unused","items":[{"item_id":"p1"}]}`, "VIEW online/p1 1 m1#0"},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			check(t, message(FormatECOM, validECOM.with(c.name, c.value).String()), strings.Split(c.want, "; ")...)
		})
	}
}

func TestECOMPurchase(t *testing.T) {
	purchase := func(ecommerce string) *Message {
		return message(FormatECOM, validECOM.with("event", `"purchase"`, "ecommerce", ecommerce, "client_id", "5",
			"user_id", `"u"`).String())
	}
	for _, c := range []struct {
		ecommerce string
		want      []string
	}{
		{`{"purchase":{"transaction_id":"T","items":[{"item_id":"a","quantity":1},{"item_id":"b","quantity":2}]}}`,
			[]string{"SALE online/a 1 T#0", "SALE online/b 2 T#0"}},
		{`{"purchase":{"transaction_id":5,"items":[{"item_id":"a","quantity":1}]},"items":[{"item_id":"x"}]}`,
			[]string{"SALE online/a 1 5#0"}},
		{`{"purchase":{"transaction_id":"T"},"items":[{"item_id":"a","quantity":1}]}`, []string{"SALE online/a 1 T#0"}},
		{`{"purchase":{"transaction_id":"T","items":null},"items":[{"item_id":"a","quantity":1}]}`,
			[]string{"SALE online/a 1 T#0"}},
		{`{"purchase":{"transaction_id":"T","items":[]},"items":[{"item_id":"a","quantity":1}]}`,
			[]string{"MISSING_FIELD ecommerce.purchase.items"}},
		{`{"purchase":{"transaction_id":"","items":[{"item_id":"a","quantity":1}]}}`, []string{"SALE online/a 1 m1#0"}},
		{`{"purchase":null,"items":[{"item_id":"a","quantity":1}]}`, []string{"SALE online/a 1 m1#0"}},
		{`{"transaction_id":"T","items":[{"item_id":"a","quantity":1}]}`, []string{"SALE online/a 1 T#0"}},
		{`{"transaction_id":"T","purchase":{"transaction_id":null,"items":[{"item_id":"a","quantity":1}]}}`,
			[]string{"SALE online/a 1 T#0"}},
		{`{"transaction_id":"T","purchase":{"transaction_id":"(not set)","items":[{"item_id":"a","quantity":1}]}}`,
			[]string{"SALE online/a 1 T#0"}},
		{`{"transaction_id":"T","purchase":{"transaction_id":"U","items":[{"item_id":"a","quantity":1}]}}`,
			[]string{"SALE online/a 1 U#0"}},
		{`{"transaction_id":"T","items":[{"item_id":"a","quantity":-1},{"item_id":"a","quantity":1}]}`,
			[]string{"SALE online/a -1 T:return#0", "SALE online/a 1 T#1"}},
		{`{"purchase":{"items":[{"item_id":"a"},{"item_id":"b","quantity":null},{"item_id":"c","quantity":""}]}}`,
			[]string{"SALE online/a 1 m1#0", "SALE online/b 1 m1#0",
				"BAD_FIELD 2 ecommerce.purchase.items[2].quantity"}},
		{`{"transaction_id":1.5,"items":[{"item_id":"a","quantity":1}]}`,
			[]string{"BAD_FIELD ecommerce.transaction_id"}},
		{`{"purchase":{}}`, []string{"MISSING_FIELD ecommerce.purchase.items"}},
		{`{"purchase":{"items":7}}`, []string{"BAD_FIELD ecommerce.purchase.items"}},
		{`{"purchase":7,"items":[{"item_id":"a","quantity":1}]}`, []string{"BAD_FIELD ecommerce.purchase"}},
		{`{"purchase":{"transaction_id":1.5,"items":[{"item_id":"a","quantity":1}]}}`,
			[]string{"BAD_FIELD ecommerce.purchase.transaction_id"}},
		{`{"purchase":{"transaction_id":[],"items":[{"item_id":"a","quantity":1}]}}`,
			[]string{"BAD_FIELD ecommerce.purchase.transaction_id"}},
	} {
		check(t, purchase(c.ecommerce), c.want...)
	}
	m := purchase(`{"purchase":{"transaction_id":"T","items":[{"item_id":"a","quantity":1,"price":2e0}]}}`)
	want := UnifiedInventoryEvent{ID: "T#0", Type: Sale, StoreID: "online", ProductID: "a",
		Quantity: 1, OccurredAt: testNow,
		Source:      ECOM,
		OrderNumber: "T", ClientID: "5", UserID: "u", Price: "2e0", Item: 0, Message: m}
	if e := one(t, m); e != want {
		t.Errorf("\n got %+v\nwant %+v", e, want)
	}
}

func TestOnlineStoreOption(t *testing.T) {
	d := Decoder{Rules: Rules{OnlineStore: "web"}}
	var out Decoded
	d.Decode(message(FormatECOM, validECOM.String()), testNow, true, &out)
	if len(out.Events) != 1 || out.Events[0].StoreID != "web" {
		t.Errorf("%q", summary(&out))
	}
}

// TestPlaceholdersAreNoID checks that purchases with a placeholder for the transaction id have
// different ids, and that the placeholder is not archived.
func TestPlaceholdersAreNoID(t *testing.T) {
	for _, id := range []string{`""`, `" "`, `0`, `0.0`, `-0`, `"0"`, `"(not set)"`, `"(NOT SET)"`, `"null"`, `"NULL"`,
		`null`, `"undefined"`, `"none"`, `"None"`, `"n\u006fne"`} {
		for _, ecommerce := range []string{
			`{"transaction_id":` + id + `,"items":[{"item_id":"a"}]}`,
			`{"purchase":{"transaction_id":` + id + `,"items":[{"item_id":"a"}]}}`,
			`{"transaction_id":` + id + `,"purchase":{"transaction_id":` + id + `,"items":[{"item_id":"a"}]}}`,
		} {
			out := check(t, message(FormatECOM, validECOM.with("event", `"purchase"`, "ecommerce", ecommerce).String()),
				"SALE online/a 1 m1#0")
			if len(out.Events) > 0 && out.Events[0].OrderNumber != "" {
				t.Errorf("%s is archived as the order number %q", id, out.Events[0].OrderNumber)
			}
		}
	}
	for id, want := range map[string]string{`"00"`: "00", `"nullify"`: "nullify", `10`: "10", `"not set"`: "not set",
		`"0 0"`: "0 0"} {
		ecommerce := `{"transaction_id":` + id + `,"items":[{"item_id":"a"}]}`
		check(t, message(FormatECOM, validECOM.with("event", `"purchase"`, "ecommerce", ecommerce).String()),
			"SALE online/a 1 "+want+"#0")
	}
}

func TestECOMRefunds(t *testing.T) {
	refund := func(ecommerce string) *Message {
		return message(FormatECOM, validECOM.with("event", `"refund"`, "ecommerce", ecommerce).String())
	}
	for _, c := range []struct {
		ecommerce string
		want      []string
	}{
		{`{"transaction_id":"T","items":[{"item_id":"a","quantity":2},{"item_id":"b"},{"item_id":"c",` +
			`"quantity":"-3"}]}`,
			[]string{"SALE online/a -2 T:return#0", "SALE online/b -1 T:return#0", "SALE online/c -3 T:return#0"}},
		{`{"purchase":{"transaction_id":"T","items":[{"item_id":"a","quantity":0}]}}`,
			[]string{"SALE online/a 0 T:return#0"}},
		{`{"transaction_id":"(not set)","items":[{"item_id":"a"}]}`, []string{"SALE online/a -1 m1#0"}},
		{`{"transaction_id":"T"}`, []string{"MISSING_FIELD ecommerce.items"}}, // a full refund does not list the goods
	} {
		d := Decoder{Rules: Rules{ReturnRefunds: true}}
		var out Decoded
		d.Decode(refund(c.ecommerce), testNow, true, &out)
		if got := summary(&out); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s\n got %q\nwant %q", c.ecommerce, got, c.want)
		}
		check(t, refund(c.ecommerce), "ignored 1 refund")
		d.Decode(message(FormatECOM, validECOM.with("event", `"purchase"`).String()), testNow, true, &out)
		if got := summary(&out); fmt.Sprint(got) != "[SALE online/p1 2 m1#0]" {
			t.Errorf("purchase after a refund: %q", got)
		}
	}
}

func TestIgnoredNames(t *testing.T) {
	var n ignoredNames
	long := strings.Repeat("é", 40)
	for sent, want := range map[string]string{"": "(empty)", "scroll": "scroll", "a\n\"b\u200b": "a_\"b_",
		long: strings.Repeat("é", 32), "page view": "page view"} {
		if got := n.name([]byte(sent)); got != want {
			t.Errorf("%q is counted as %q, want %q", sent, got, want)
		}
	}
	for i := range 100 {
		n.name(fmt.Append(nil, i))
	}
	if got := n.name([]byte("new")); got != "other" || len(n.names) != MaxIgnoredNames {
		t.Errorf("after %d names, a new one is counted as %q", len(n.names), got)
	}
	if got := n.name([]byte("scroll")); got != "scroll" {
		t.Errorf("an earlier name is counted as %q", got)
	}
	if allocs := testing.AllocsPerRun(100, func() { n.name([]byte("scroll")) }); allocs > 0 {
		t.Errorf("%v allocations for an earlier name", allocs)
	}
}
