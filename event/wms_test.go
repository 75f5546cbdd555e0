package event

import "testing"

func TestWMSReceipt(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"type", ``, "RECEIPT s1/p1 2 e1"},
		{"type", `null`, "RECEIPT s1/p1 2 e1"},
		{"type", `"RECEIPT"`, "RECEIPT s1/p1 2 e1"},
		{"type", `"SALE"`, "UNKNOWN_TYPE type"},
		{"type", `"receipt"`, "UNKNOWN_TYPE type"},
		{"type", `""`, "UNKNOWN_TYPE type"},
		{"type", `1`, "BAD_FIELD type"},
		{"store_id", ``, "MISSING_FIELD store_id"},
		{"sku", `"other"`, "RECEIPT s1/p1 2 e1"},
		{"sku", `[]`, "RECEIPT s1/p1 2 e1"},
		{"count", ``, "MISSING_FIELD count"},
		{"count", `-2`, "RECEIPT s1/p1 -2 e1"},
		{"count", `"2"`, "RECEIPT s1/p1 2 e1"},
		{"timestamp", ``, "MISSING_FIELD timestamp"},
		{"timestamp", `"2026-03-01"`, "BAD_TIME timestamp"},
		{"counted_at", `"ignored"`, "RECEIPT s1/p1 2 e1"},
		{"event_id", ``, "RECEIPT s1/p1 2 m1"},
		{"product_id", ``, "MISSING_FIELD product_id"},
		{"product_id", `""`, "BAD_ID product_id"},
		{"price", `"ignored"`, "RECEIPT s1/p1 2 e1"},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			check(t, message(FormatWMS, validWMS.with(c.name, c.value).String()), c.want)
		})
	}
	check(t, message(FormatWMS, validWMS.with("product_id", `null`, "sku", `"k"`).String()), "RECEIPT s1/k 2 e1")
	check(t, message(FormatWMS, validWMS.with("product_id", ``, "sku", `" :"`).String()), "BAD_ID sku")
	check(t, message(FormatWMS, validWMS.with("product_id", `""`, "sku", `"k"`).String()), "BAD_ID product_id")
}

func TestWMSReset(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"timestamp", `"ignored"`, "RESET s1/p1 2 e1"},
		{"counted_at", `"2026-03-01T12:00:00Z"`, "RESET s1/p1 2 e1"},
		{"counted_at", `"2026-03-01"`, "BAD_TIME counted_at"},
		{"counted_at", ``, "MISSING_FIELD counted_at"},
		{"counted_at", `1772366700000`, "RESET s1/p1 2 e1"},
		{"counted_at", `1772366700001`, "FUTURE counted_at"},
		{"count", `0`, "RESET s1/p1 0 e1"},
		{"count", `-1`, "BAD_FIELD count"},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			check(t, message(FormatWMS, validReset.with(c.name, c.value).String()), c.want)
		})
	}
	if e := one(t, message(FormatWMS, validReset.with("counted_at",
		`"2026-03-01T11:00:00+01:00"`).String())); e.OccurredAt != testNow-2*3600_000 || e.Source != WMS {
		t.Errorf("%+v", e)
	}
}
