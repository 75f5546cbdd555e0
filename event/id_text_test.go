package event

import (
	"strings"
	"testing"
)

func TestProductZero(t *testing.T) {
	formats := map[Format]raw{FormatUnified: validUnified, FormatPOS: validPOS.with("line", "1"), FormatWMS: validWMS}
	wants := map[Format]string{FormatUnified: "SALE s1/k 2 e1", FormatPOS: "SALE s1/k 2 o1:1",
		FormatWMS: "RECEIPT s1/k 2 e1"}
	for f, valid := range formats {
		for _, zero := range []string{`0`, `0.0`, `-0`, `0e5`, `"0"`, `null`} {
			check(t, message(f, valid.with("product_id", zero, "sku", `"k"`).String()), wants[f])
			check(t, message(f, valid.with("product_id", zero, "sku", `" k"`).String()), "BAD_ID sku")
			if zero != `null` {
				check(t, message(f, valid.with("product_id", zero).String()), "BAD_ID product_id")
				check(t, message(f, valid.with("product_id", zero, "sku", `null`).String()), "BAD_ID product_id")
				check(t, message(f, valid.with("product_id", zero, "sku", zero).String()), "BAD_ID sku")
			}
		}
		check(t, message(f, valid.with("product_id", `""`, "sku", `"k"`).String()), "BAD_ID product_id")
	}
	check(t, message(FormatPOS, validPOS.with("items", `[{"product_id":0,"sku":7,"quantity":1},{"product_id":"0",`+
		`"quantity":1},{"sku":8,"quantity":1}]`).String()),
		"SALE s1/7 1 o1#0", "SALE s1/8 1 o1#0", "BAD_ID 1 items[1].product_id")
	check(t, message(FormatECOM, validECOM.with("ecommerce",
		`{"items":[{"item_id":"0","sku":"k"},{"item_id":0}]}`).String()),
		"VIEW online/k 1 m1#0", "BAD_ID 1 ecommerce.items[1].item_id")
	columns := []string{"store_id", "product_id", "sku", "count", "timestamp", "event_id"}
	check(t, csvMessage(columns, "0,0,k,1,1772366400000,e1"), "RECEIPT 0/k 1 e1")
	check(t, csvMessage(columns, "1,0,,1,1772366400000,e1"), "BAD_ID product_id")
	check(t, csvMessage(columns, "1,0,0,1,1772366400000,e1"), "BAD_ID sku")
}

func TestStripLeadingZeros(t *testing.T) {
	for sent, want := range map[string]string{
		`"00555"`: "555", `"555"`: "555", `555`: "555", `"0a5"`: "0a5", `"-05"`: "-05", `"0.5"`: "0.5",
		`"05 5"`: "05 5", `"\u0030\u0030\u0031"`: "1",
		`"` + strings.Repeat("0", 127) + `5"`: "5",
	} {
		d := Decoder{Rules: Rules{StripLeadingZeros: true}}
		var out Decoded
		for _, data := range []string{validUnified.with("product_id", sent).String(),
			validWMS.with("product_id", ``, "sku", sent).String()} {
			d.Decode(message(FormatWMS, data), testNow, true, &out)
			if len(out.Events) != 1 || out.Events[0].ProductID != want {
				t.Errorf("%s is %q, want %s", sent, summary(&out), want)
			}
		}
		d.Decode(message(FormatPOS, validPOS.with("store_id", `"007"`, "items",
			`[{"product_id":`+sent+`,"quantity":1},{"product_id":"000","quantity":1}]`).String()), testNow, true, &out)
		if len(out.Events) != 1 || out.Events[0].ProductID != want || out.Events[0].StoreID != "007" ||
			len(out.Refusals) != 1 || out.Refusals[0].Reason != BadID {
			t.Errorf("items of %s: %q", sent, summary(&out))
		}
	}
	d := Decoder{Rules: Rules{StripLeadingZeros: true}}
	var out Decoded
	m := csvMessage([]string{"store_id", "sku", "count", "timestamp", "event_id"}, "1,00012,1,1772366400000,01")
	d.Decode(m, testNow, true, &out)
	if got := summary(&out); len(got) != 1 || got[0] != "RECEIPT 1/12 1 01" {
		t.Errorf("%q", got)
	}
	if string(m.Data) != "1,00012,1,1772366400000,01" {
		t.Errorf("the payload became %q", m.Data)
	}
}

func TestRewrittenIDs(t *testing.T) {
	for id, want := range map[string]struct{ key, event bool }{
		"12.0": {true, true}, "12.": {true, true}, "12,00": {true, true}, "-12.0": {true, true},
		"4.00638E+12": {true, true}, "4,00638e+12": {true, true},
		"1.2E5": {true, true}, "1E+05": {true, true}, "1e-05": {true, true}, "1e5": {true, false},
		"12E4": {true, false}, "0.0": {true, true},
		"12": {}, "12.5": {}, "1.2.0": {}, "a12.0": {}, "12.0a": {}, "1e5a": {}, "e5": {}, ".0": {}, "1e": {},
		"1e+": {}, "--1.0": {}, "12-0": {}, "1.0-2": {}, "٣.0": {},
	} {
		if got := isRewritten([]byte(id), rewrittenKey); got != want.key {
			t.Errorf("%s as a key: %v", id, got)
		}
		if got := isRewritten([]byte(id), rewrittenEvent); got != want.event {
			t.Errorf("%s as an event id: %v", id, got)
		}
	}
}

func TestThousands(t *testing.T) {
	for count, want := range map[string]bool{
		"1.000": true, "1,000": true, "-1.000": true, "+12.000": true, "1.234.000": true, "1,234.567": true,
		"0.000": true, "1.250": true,
		"20.0": false, "1.00": false, "1.0000": false, "1000": false, "1.000e3": false, ".000": false, "-.000": false,
		"1.00a": false, "a.000": false, "": false, "-": false,
	} {
		if got := hasAmbiguousSeparator([]byte(count)); got != want {
			t.Errorf("%q: %v", count, got)
		}
	}
}
