package event

import (
	"strings"
	"testing"
)

func TestUnifiedInEveryFormat(t *testing.T) {
	for f := range formatChannels {
		m := message(f, validUnified.String())
		check(t, m, "SALE s1/p1 2 e1")
		e := one(t, m)
		want := UnifiedInventoryEvent{ID: "e1", Type: Sale, StoreID: "s1", ProductID: "p1",
			Quantity: 2, OccurredAt: testNow,
			Source: m.Channel, Item: NoItem, Message: m}
		if e != want {
			t.Errorf("format %d: %+v", f, e)
		}
	}
	m := message(FormatWMS, validUnified.String())
	m.Channel, m.File, m.Line = FILE, "a.jsonl", 1
	if e := one(t, m); e.Source != FILE {
		t.Errorf("source of a line of a file: %v", e.Source)
	}
}

func TestUnifiedRecognition(t *testing.T) {
	check(t, message(FormatWMS, validWMS.with("type", `"RECEIPT"`, "occurred_at", "null").String()),
		"RECEIPT s1/p1 2 e1")
	check(t, message(FormatWMS, validWMS.with("type", `null`, "occurred_at", "1772366400000").String()),
		"RECEIPT s1/p1 2 e1")
	check(t, message(FormatWMS, validWMS.with("type", `"RECEIPT"`, "occurred_at", "1772366400000").String()),
		"MISSING_FIELD quantity")
	check(t, message(FormatUnified, `{}`), "MISSING_FIELD type")
	check(t, message(FormatUnified, validUnified.with("type", `null`).String()), "MISSING_FIELD type")
	check(t, message(FormatUnified, validUnified.with("occurred_at", ``).String()), "MISSING_FIELD occurred_at")
	check(t, message(FormatUnified, validWMS.String()), "MISSING_FIELD type")
	check(t, message(FormatUnified, validUnified.with("Type", `"VIEW"`, "items", `[{"quantity":"x"}]`).String()),
		"SALE s1/p1 2 e1")
}

// unifiedFields are changes of one field of validUnified, with the summary of the result.
var unifiedFields = []struct{ name, value, want string }{
	{"type", `"RECEIPT"`, "RECEIPT s1/p1 2 e1"},
	{"type", `"RESET"`, "RESET s1/p1 2 e1"},
	{"type", `"VIEW"`, "VIEW s1/p1 2 e1"},
	{"type", `"CART_ADD"`, "CART_ADD s1/p1 2 e1"},
	{"type", `"SA\u004cE"`, "SALE s1/p1 2 e1"},
	{"type", `"sale"`, "UNKNOWN_TYPE type"},
	{"type", `""`, "UNKNOWN_TYPE type"},
	{"type", `1`, "BAD_FIELD type"},
	{"type", `["SALE"]`, "BAD_FIELD type"},
	{"type", `{}`, "BAD_FIELD type"},
	{"type", `true`, "BAD_FIELD type"},

	{"store_id", ``, "MISSING_FIELD store_id"},
	{"store_id", `null`, "MISSING_FIELD store_id"},
	{"store_id", `""`, "BAD_ID store_id"},
	{"store_id", `"global"`, "BAD_ID store_id"},
	{"store_id", `"glob\u0061l"`, "BAD_ID store_id"},
	{"store_id", `"Global"`, "SALE Global/p1 2 e1"},
	{"store_id", `12`, "SALE 12/p1 2 e1"},
	{"product_id", `"global"`, "SALE s1/global 2 e1"},
	{"product_id", `null`, "MISSING_FIELD product_id"},
	{"product_id", `"Größe-42"`, "SALE s1/Größe-42 2 e1"},
	{"product_id", `"a\/b\"c"`, `SALE s1/a/b"c 2 e1`},
	{"product_id", `2.0`, "SALE s1/2 2 e1"},
	{"product_id", `1e2`, "SALE s1/100 2 e1"},
	{"product_id", `-0`, "BAD_ID product_id"},
	{"product_id", `0`, "BAD_ID product_id"},
	{"product_id", `0.0`, "BAD_ID product_id"},
	{"product_id", `"0"`, "BAD_ID product_id"},
	{"product_id", `"\u0030"`, "BAD_ID product_id"},
	{"product_id", `"00"`, "SALE s1/00 2 e1"},
	{"product_id", `"-0"`, "SALE s1/-0 2 e1"},
	{"store_id", `0`, "SALE 0/p1 2 e1"},
	{"product_id", `12.0`, "SALE s1/12 2 e1"},
	{"product_id", `"12.0"`, "SALE s1/12.0 2 e1"},
	{"product_id", `"4.00638E+12"`, "SALE s1/4.00638E+12 2 e1"},
	{"product_id", `-7`, "SALE s1/-7 2 e1"},
	{"product_id", `12345678901234567890123`, "SALE s1/12345678901234567890123 2 e1"},
	{"product_id", `0.5`, "BAD_ID product_id"},
	{"product_id", `true`, "BAD_ID product_id"},
	{"product_id", `[]`, "BAD_ID product_id"},
	{"product_id", `{}`, "BAD_ID product_id"},
	{"product_id", `"a b"`, "SALE s1/a b 2 e1"},
	{"product_id", `"a:b"`, "SALE s1/a:b 2 e1"},
	{"product_id", `"{a"`, "SALE s1/{a 2 e1"},
	{"product_id", `"a}%2F/\\"`, `SALE s1/a}%2F/\ 2 e1`},
	{"product_id", `" a"`, "BAD_ID product_id"},
	{"product_id", `"a "`, "BAD_ID product_id"},
	{"product_id", `" "`, "BAD_ID product_id"},
	{"product_id", `"a\u00a0"`, "BAD_ID product_id"},
	{"product_id", `"\u2003a"`, "BAD_ID product_id"},
	{"product_id", `"a\u3000"`, "BAD_ID product_id"},
	{"product_id", `"a\u2028b"`, "BAD_ID product_id"},
	{"product_id", `"a\u2029b"`, "BAD_ID product_id"},
	{"product_id", `"a\u00adb"`, "BAD_ID product_id"},
	{"product_id", `"\ufeffa"`, "BAD_ID product_id"},
	{"product_id", `"a\u200e"`, "BAD_ID product_id"},
	{"product_id", `"\ud83d\ude00"`, "SALE s1/\U0001F600 2 e1"},
	{"store_id", `"s:1 \u00e9"`, "SALE s:1 é/p1 2 e1"},
	{"store_id", `"s1\u200b"`, "BAD_ID store_id"},
	{"product_id", `"a\n"`, "BAD_ID product_id"},
	{"product_id", `"a\u0000"`, "BAD_ID product_id"},
	{"product_id", `"a\u007f"`, "BAD_ID product_id"},
	{"product_id", `"a\u0085"`, "BAD_ID product_id"},
	{"product_id", `"a\u0081"`, "BAD_ID product_id"},
	{"product_id", `"a\u200bb"`, "BAD_ID product_id"},
	{"product_id", `"a\u00a0b"`, "SALE s1/a\u00a0b 2 e1"},
	{"product_id", `"a　b"`, "SALE s1/a　b 2 e1"},
	{"product_id", `1e999999999`, "BAD_ID product_id"},
	{"product_id", `1e-999999999`, "BAD_ID product_id"},
	{"product_id", `0e999999999`, "BAD_ID product_id"},

	{"quantity", ``, "MISSING_FIELD quantity"},
	{"quantity", `null`, "MISSING_FIELD quantity"},
	{"quantity", `0`, "SALE s1/p1 0 e1"},
	{"quantity", `-3`, "SALE s1/p1 -3 e1"},
	{"quantity", `-0`, "SALE s1/p1 0 e1"},
	{"quantity", `2.0`, "SALE s1/p1 2 e1"},
	{"quantity", `1e2`, "SALE s1/p1 100 e1"},
	{"quantity", `1.5E+1`, "SALE s1/p1 15 e1"},
	{"quantity", `1000000000`, "SALE s1/p1 1000000000 e1"},
	{"quantity", `-1000000000`, "SALE s1/p1 -1000000000 e1"},
	{"quantity", `1000000001`, "BAD_FIELD quantity"},
	{"quantity", `-1000000001`, "BAD_FIELD quantity"},
	{"quantity", `9223372036854775808`, "BAD_FIELD quantity"},
	{"quantity", `1e999999999`, "BAD_FIELD quantity"},
	{"quantity", `1.5`, "BAD_FIELD quantity"},
	{"quantity", `1e-1`, "BAD_FIELD quantity"},
	{"quantity", `"2"`, "SALE s1/p1 2 e1"},
	{"quantity", `"-1000000001"`, "BAD_FIELD quantity"},
	{"quantity", `"` + strings.Repeat("9", 40) + `"`, "BAD_FIELD quantity"},
	{"quantity", `"` + strings.Repeat("0", 40) + `3"`, "SALE s1/p1 3 e1"},
	{"quantity", `"+"`, "BAD_FIELD quantity"},
	{"quantity", `"--1"`, "BAD_FIELD quantity"},
	{"quantity", `true`, "BAD_FIELD quantity"},
	{"quantity", `[2]`, "BAD_FIELD quantity"},

	{"event_id", `7`, "SALE s1/p1 2 7"},
	{"event_id", `""`, "BAD_ID event_id"},
	{"event_id", `1.5`, "BAD_ID event_id"},
	{"event_id", `false`, "BAD_ID event_id"},
	{"event_id", `{}`, "BAD_ID event_id"},
	{"event_id", `"a : {b}"`, "SALE s1/p1 2 a : {b}"},
	{"event_id", `1e300`, "BAD_ID event_id"},
	{"event_id", ``, "SALE s1/p1 2 m1"},
	{"event_id", `null`, "SALE s1/p1 2 m1"},

	{"occurred_at", `"2026-03-01"`, "BAD_TIME occurred_at"},
	{"occurred_at", `1772366400000.5`, "BAD_TIME occurred_at"},
	{"occurred_at", `true`, "BAD_TIME occurred_at"},
	{"occurred_at", `"1772366400000"`, "BAD_TIME occurred_at"},
	{"occurred_at", `9223372036854775808`, "BAD_TIME occurred_at"},
	{"occurred_at", `1e999999999`, "BAD_TIME occurred_at"},
	{"occurred_at", `946684799999`, "BAD_TIME occurred_at"},
	{"occurred_at", `0`, "BAD_TIME occurred_at"},
	{"occurred_at", `-1`, "BAD_TIME occurred_at"},
	{"occurred_at", `946684800000`, "SALE s1/p1 2 e1"},
	{"occurred_at", `1.7723664e12`, "SALE s1/p1 2 e1"},
	{"occurred_at", `"2026-03-01T12:00:00\u005a"`, "SALE s1/p1 2 e1"},
	{"occurred_at", `9223372036854775807`, "FUTURE occurred_at"},
}

func TestUnifiedFields(t *testing.T) {
	for _, c := range unifiedFields {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			check(t, message(FormatUnified, validUnified.with(c.name, c.value).String()), c.want)
		})
	}
}

func TestQuantityByType(t *testing.T) {
	for _, c := range []struct{ kind, quantity, want string }{
		{"VIEW", ``, "VIEW s1/p1 1 e1"},
		{"VIEW", `null`, "VIEW s1/p1 1 e1"},
		{"CART_ADD", ``, "CART_ADD s1/p1 1 e1"},
		{"CART_ADD", `0`, "CART_ADD s1/p1 0 e1"},
		{"VIEW", `-1`, "BAD_FIELD quantity"},
		{"CART_ADD", `-1`, "BAD_FIELD quantity"},
		{"RESET", `-1`, "BAD_FIELD quantity"},
		{"RESET", `0`, "RESET s1/p1 0 e1"},
		{"RESET", ``, "MISSING_FIELD quantity"},
		{"RECEIPT", ``, "MISSING_FIELD quantity"},
		{"RECEIPT", `-1`, "RECEIPT s1/p1 -1 e1"},
	} {
		check(t, message(FormatUnified, validUnified.with("type", `"`+c.kind+`"`, "quantity", c.quantity).String()),
			c.want)
	}
}

func TestIDLengths(t *testing.T) {
	quoted := func(n int) string { return `"` + strings.Repeat("x", n) + `"` }
	digits := func(n int) string { return strings.Repeat("7", n) }
	zeros := func(n int) string { return "1" + strings.Repeat("0", n-1) }
	for _, c := range []struct {
		name, value string
		ok          bool
	}{
		{"store_id", quoted(128), true}, {"store_id", quoted(129), false},
		{"product_id", quoted(128), true}, {"product_id", quoted(129), false},
		{"product_id", digits(128), true}, {"product_id", digits(129), false},
		{"product_id", zeros(128), true}, {"product_id", zeros(129), false},
		{"product_id", "1e127", true}, {"product_id", "1e128", false},
		{"product_id", "-1e126", true}, {"product_id", "-1e127", false},
		{"product_id", `"` + strings.Repeat("ö", 64) + `"`, true},
		{"product_id", `"` + strings.Repeat("ö", 65) + `"`, false},
		{"product_id", `"` + strings.Repeat(`\u0041`, 128) + `"`, true},
		{"product_id", `"` + strings.Repeat(`\u0041`, 129) + `"`, false},
		{"event_id", quoted(256), true}, {"event_id", quoted(257), false},
		{"event_id", "1e255", true}, {"event_id", "1e256", false},
	} {
		var d Decoder
		var out Decoded
		d.Decode(message(FormatUnified, validUnified.with(c.name, c.value).String()), testNow, true, &out)
		if ok := len(out.Events) == 1; ok != c.ok || !ok && out.Refusals[0].Reason != BadID {
			t.Errorf("%s of %d characters: %q %v", c.name, len(c.value), summary(&out), out.Refusals)
		}
	}
}
