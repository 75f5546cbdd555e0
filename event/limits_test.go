package event

import (
	"fmt"
	"strings"
	"testing"
)

// TestLabelsAreBounded checks the limit of labels. Labels are repeated in the row of each item, so
// that one message of 1 MiB could otherwise result in gigabytes.
func TestLabelsAreBounded(t *testing.T) {
	quoted := func(n int) string { return `"` + strings.Repeat("x", n) + `"` }
	for _, name := range []string{"order_number", "line", "terminal_id", "user_id", "client_id", "department_id"} {
		valid := validPOS.with("event_id", `"e1"`)
		check(t, message(FormatPOS, valid.with(name, quoted(maxLabel)).String()), "SALE s1/p1 2 e1")
		check(t, message(FormatPOS, valid.with(name, quoted(maxLabel+1)).String()), "BAD_FIELD "+name)
		check(t, message(FormatPOS, valid.with(name, `"`+strings.Repeat(`\u00f6`, maxLabel/2)+`"`).String()),
			"SALE s1/p1 2 e1")
		check(t, message(FormatPOS, valid.with(name, `"`+strings.Repeat(`\u00f6`, maxLabel/2+1)+`"`).String()),
			"BAD_FIELD "+name)
	}
	purchase := func(id string) string {
		return validECOM.with("event", `"purchase"`, "event_id", `"e1"`,
			"ecommerce", `{"purchase":{"transaction_id":`+id+`,"items":[{"item_id":"p1","quantity":2}]}}`).String()
	}
	check(t, message(FormatECOM, purchase(quoted(maxLabel))), "SALE online/p1 2 e1#0")
	check(t, message(FormatECOM, purchase(quoted(maxLabel+1))), "BAD_FIELD ecommerce.purchase.transaction_id")
}

func TestAttributesAreBounded(t *testing.T) {
	m := message(FormatUnified, validUnified.String())
	m.Attributes = map[string]string{"a": strings.Repeat("x", maxAttributes-3), "bc": ""}
	check(t, m, "SALE s1/p1 2 e1")
	m.Attributes["bc"] = "x"
	if out := check(t, m, "TOO_LARGE the"); !strings.Contains(out.Refusals[0].Detail, fmt.Sprint(maxAttributes+1)) {
		t.Errorf("detail %q has no size", out.Refusals[0].Detail)
	}
}

// TestCutLineIsTooLarge checks that a cut line is refused, whatever is left of it.
func TestCutLineIsTooLarge(t *testing.T) {
	m := message(FormatUnified, validUnified.String())
	m.Cut = 5 << 20
	out := check(t, m, "TOO_LARGE the")
	for _, want := range []string{fmt.Sprint(len(m.Data) + 5<<20),
		fmt.Sprintf("only the first %d are kept", len(m.Data))} {
		if !strings.Contains(out.Refusals[0].Detail, want) {
			t.Errorf("detail %q does not contain %q", out.Refusals[0].Detail, want)
		}
	}
}

func TestCSVHeaderIsBounded(t *testing.T) {
	columns := func(n int) []byte {
		b := []byte("store_id,sku,count,timestamp")
		for i := range n - 4 {
			b = fmt.Appendf(b, ",c%d", i)
		}
		return b
	}
	if got, err := ParseCSVHeader(columns(maxColumns)); err != nil || len(got) != maxColumns {
		t.Errorf("%d columns: %d, %v", maxColumns, len(got), err)
	}
	for name, header := range map[string][]byte{
		"columns": columns(maxColumns + 1),
		"bytes":   []byte(strings.Repeat("x", maxHeader+1)),
	} {
		if _, err := ParseCSVHeader(header); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("too many %s: %v", name, err)
		}
	}
}
