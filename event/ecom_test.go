package event

import (
	"fmt"
	"slices"
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
		{`"page_view"`, "ignored 1"},
		{`"View_Item"`, "ignored 1"},
		{`""`, "ignored 1"},
		{``, "MISSING_FIELD event"},
		{`null`, "MISSING_FIELD event"},
		{`7`, "BAD_FIELD event"},
		{`["purchase"]`, "BAD_FIELD event"},
	} {
		check(t, message(FormatECOM, soundECOM.with("event", c.name).String()), c.want)
	}
}

func TestECOMIgnoresWhatIsOfNoProduct(t *testing.T) {
	check(t, message(FormatECOM, `{"event":"scroll","timestamp":"never","store_id":":"}`), "ignored 1")
	for _, e := range []string{``, `null`, `{}`, `{"items":null}`, `{"items":[]}`, `{"purchase":7}`} {
		check(t, message(FormatECOM, raw{"event": `"browse"`, "ecommerce": e}.String()), "ignored 1")
	}
	check(t, message(FormatECOM, soundECOM.with("event", `"browse"`, "ecommerce", `{"items":"p1"}`).String()), "BAD_FIELD ecommerce.items")
	check(t, message(FormatECOM, soundECOM.with("event", `"browse"`, "ecommerce", `"p1"`).String()), "BAD_FIELD ecommerce")
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
		{"ecommerce", `{"items":[{"item_id":0}]}`, "BAD_ID 0 ecommerce.items[0].item_id"},
		{"ecommerce", `{"purchase":{"items":[{"item_id":"p1"}]}}`, "MISSING_FIELD ecommerce.items"},
		{"ecommerce", `{"purchase":"unused","items":[{"item_id":"p1"}]}`, "VIEW online/p1 1 m1#0"},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			check(t, message(FormatECOM, soundECOM.with(c.name, c.value).String()), c.want)
		})
	}
}

func TestECOMPurchase(t *testing.T) {
	purchase := func(ecommerce string) *Message {
		return message(FormatECOM, soundECOM.with("event", `"purchase"`, "ecommerce", ecommerce, "client_id", "5", "user_id", `"u"`).String())
	}
	for _, c := range []struct {
		ecommerce string
		want      []string
	}{
		{`{"purchase":{"transaction_id":"T","items":[{"item_id":"a","quantity":1},{"item_id":"b","quantity":2}]}}`, []string{"SALE online/a 1 T#0", "SALE online/b 2 T#0"}},
		{`{"purchase":{"transaction_id":5,"items":[{"item_id":"a","quantity":1}]},"items":[{"item_id":"x"}]}`, []string{"SALE online/a 1 5#0"}},
		{`{"purchase":{"transaction_id":"T"},"items":[{"item_id":"a","quantity":1}]}`, []string{"SALE online/a 1 T#0"}},
		{`{"purchase":{"transaction_id":"T","items":null},"items":[{"item_id":"a","quantity":1}]}`, []string{"SALE online/a 1 T#0"}},
		{`{"purchase":{"transaction_id":"T","items":[]},"items":[{"item_id":"a","quantity":1}]}`, []string{"MISSING_FIELD ecommerce.purchase.items"}},
		{`{"purchase":{"transaction_id":"","items":[{"item_id":"a","quantity":1}]}}`, []string{"SALE online/a 1 m1#0"}},
		{`{"purchase":null,"items":[{"item_id":"a","quantity":1}]}`, []string{"SALE online/a 1 m1#0"}},
		{`{"transaction_id":"T","items":[{"item_id":"a","quantity":1}]}`, []string{"SALE online/a 1 T#0"}},
		{`{"transaction_id":"U","purchase":{"transaction_id":"T","items":[{"item_id":"a"}]}}`, []string{"SALE online/a 1 T#0"}},
		{`{"transaction_id":"U","purchase":{"transaction_id":"(not set)","items":[{"item_id":"a"}]}}`, []string{"SALE online/a 1 U#0"}},
		{`{"transaction_id":" None ","items":[{"item_id":"a"}]}`, []string{"SALE online/a 1 m1#0"}},
		{`{"transaction_id":0,"items":[{"item_id":"a"}]}`, []string{"SALE online/a 1 m1#0"}},
		{`{"transaction_id":{},"items":[{"item_id":"a"}]}`, []string{"BAD_FIELD ecommerce.transaction_id"}},
		{`{"purchase":{"items":[{"item_id":"a"},{"item_id":"b","quantity":1}]}}`, []string{"SALE online/a 1 m1#0", "SALE online/b 1 m1#0"}},
		{`{"purchase":{}}`, []string{"MISSING_FIELD ecommerce.purchase.items"}},
		{`{"purchase":{"items":7}}`, []string{"BAD_FIELD ecommerce.purchase.items"}},
		{`{"purchase":7,"items":[{"item_id":"a","quantity":1}]}`, []string{"BAD_FIELD ecommerce.purchase"}},
		{`{"purchase":{"transaction_id":1.5,"items":[{"item_id":"a","quantity":1}]}}`, []string{"BAD_FIELD ecommerce.purchase.transaction_id"}},
		{`{"purchase":{"transaction_id":[],"items":[{"item_id":"a","quantity":1}]}}`, []string{"BAD_FIELD ecommerce.purchase.transaction_id"}},
	} {
		check(t, purchase(c.ecommerce), c.want...)
	}
	m := purchase(`{"purchase":{"transaction_id":"T","items":[{"item_id":"a","quantity":1,"price":2e0}]}}`)
	want := Event{ID: "T#0", Type: Sale, StoreID: "online", ProductID: "a", Quantity: 1, OccurredAt: testNow, Source: ECOM,
		OrderNumber: "T", ClientID: "5", UserID: "u", Price: "2e0", Item: 0, Message: m}
	if e := one(t, m); e != want {
		t.Errorf("\n got %+v\nwant %+v", e, want)
	}
}

func TestOnlineStoreIsTheDecoders(t *testing.T) {
	d := Decoder{Rules: Rules{OnlineStore: "web"}}
	var out Decoded
	d.Decode(message(FormatECOM, soundECOM.String()), testNow, true, &out)
	if len(out.Events) != 1 || out.Events[0].StoreID != "web" {
		t.Errorf("%q", summary(&out))
	}
}

// TestRefunds: a refund is ignored by name, or a return of each item under an id of its own.
func TestRefunds(t *testing.T) {
	m := message(FormatECOM, soundECOM.with("event", `"refund"`, "ecommerce", `{"transaction_id":"T","items":[{"item_id":"a","quantity":2},{"item_id":"b"}]}`).String())
	var out Decoded
	d := Decoder{}
	if d.Decode(m, testNow, true, &out); out.Ignored != 1 || out.IgnoredName != "refund" || len(out.Events)+len(out.Refusals) > 0 {
		t.Errorf("a refund is %+v", out)
	}
	d.ReturnRefunds = true
	d.Decode(m, testNow, true, &out)
	if got, want := summary(&out), []string{"SALE online/a -2 T:return#0", "SALE online/b -1 T:return#0"}; !slices.Equal(got, want) {
		t.Errorf("a refund is %q, want %q", got, want)
	}
}

func TestIgnoredNames(t *testing.T) {
	var d Decoder
	var out Decoded
	name := func(sent string) string {
		d.Decode(message(FormatECOM, raw{"event": fmt.Sprintf("%q", sent)}.String()), testNow, true, &out)
		return out.IgnoredName
	}
	for sent, want := range map[string]string{"page_view": "page_view", "": "(empty)", "a\tb": "a_b", strings.Repeat("é", 40): strings.Repeat("é", 32)} {
		if got := name(sent); got != want {
			t.Errorf("%q is counted as %q, want %q", sent, got, want)
		}
	}
	for i := range 2 * maxIgnoredNames {
		name(fmt.Sprint("event", i))
	}
	if got := name("one more"); got != otherName {
		t.Errorf("a name beyond the bound is %q", got)
	}
	if got := name("page_view"); got != "page_view" {
		t.Errorf("a name within the bound is %q", got)
	}
}
