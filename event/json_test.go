package event

import (
	"fmt"
	"strings"
	"testing"
)

func TestStrictJSON(t *testing.T) {
	sound := soundUnified.String()
	nested := func(depth int) string { // depth counts the top object
		return soundUnified.with("x", strings.Repeat("[", depth-1)+strings.Repeat("]", depth-1)).String()
	}
	for _, c := range []struct {
		name, data string
		ok         bool
	}{
		{"plain", sound, true},
		{"white space around", " \t\r\n" + sound + "\r\n", true},
		{"unknown fields of every kind", soundUnified.with("a", `{"b":[null,true,false,1e5,"\ud83d\ude00"]}`).String(), true},
		{"name with escapes", strings.Replace(sound, `"type"`, `"\u0074ype"`, 1), true},
		{"same name in different objects", soundUnified.with("a", `{"a":1,"b":{"a":[{"a":1},{"a":1}]}}`).String(), true},
		{"depth 64", nested(64), true},
		{"depth 65", nested(65), false},
		{"brackets in strings do not nest", soundUnified.with("x", `["`+strings.Repeat(`[\"{\\`, 80)+`"]`).String(), true},
		{"depth 65 in an ignored item field", soundUnified.with("items", `[{"x":`+strings.Repeat(`{"y":`, 62)+`1`+strings.Repeat("}", 62)+`}]`).String(), false},
		{"depth 64 in an ignored item field", soundUnified.with("items", `[{"x":`+strings.Repeat(`{"y":`, 61)+`1`+strings.Repeat("}", 61)+`}]`).String(), true},
		{"depth 65 in place of a value", soundUnified.with("price", strings.Repeat("[", 64)+strings.Repeat("]", 64)).String(), false},
		{"depth 65 in ecommerce", soundUnified.with("ecommerce", `{"purchase":{"z":`+strings.Repeat("[", 62)+strings.Repeat("]", 62)+`}}`).String(), false},
		{"depth without end", strings.Repeat(`{"a":`, 100_000), false},

		{"empty", "", false},
		{"white space only", " \n", false},
		{"byte order mark", "\ufeff" + sound, false},
		{"cut", sound[:len(sound)-1], false},
		{"trailing brace", sound + "}", false},
		{"second object", sound + sound, false},
		{"trailing word", sound + " null", false},
		{"trailing comma", sound[:len(sound)-1] + ",}", false},
		{"error at the very end", sound[:len(sound)-1] + `,"x":tru}`, false},
		{"array", "[" + sound + "]", false},
		{"string", `"x"`, false},
		{"null", `null`, false},
		{"number", `1`, false},
		{"comment", sound + "// x", false},
		{"single quotes", strings.ReplaceAll(sound, `"`, `'`), false},
		{"invalid UTF-8 in a value", soundUnified.with("x", "\"\xff\"").String(), false},
		{"invalid UTF-8 in a name", soundUnified.String()[:1] + "\"\xc3\":1," + sound[1:], false},
		{"overlong UTF-8", soundUnified.with("x", "\"\xc0\xaf\"").String(), false},
		{"surrogate in UTF-8", soundUnified.with("x", "\"\xed\xa0\x80\"").String(), false},
		{"lone high surrogate", soundUnified.with("x", `"\ud800"`).String(), false},
		{"lone low surrogate", soundUnified.with("x", `"\udc00"`).String(), false},
		{"lone surrogate in a nested name", soundUnified.with("x", `{"\ud800":1}`).String(), false},
		{"unknown escape", soundUnified.with("x", `"\x41"`).String(), false},
		{"control character in a string", soundUnified.with("x", "\"a\tb\"").String(), false},
		{"NUL", "\x00" + sound, false},
		{"number with leading zero", soundUnified.with("x", `01`).String(), false},
		{"number with plus", soundUnified.with("x", `+1`).String(), false},
		{"number without digits", soundUnified.with("x", `-`).String(), false},
		{"number ending in a dot", soundUnified.with("x", `1.`).String(), false},
		{"NaN", soundUnified.with("x", `NaN`).String(), false},
		{"duplicate name", sound[:len(sound)-1] + `,"type":"SALE"}`, false},
		{"duplicate name by escape", sound[:len(sound)-1] + `,"typ\u0065":"SALE"}`, false},
		{"duplicate unknown name", sound[:len(sound)-1] + `,"x":1,"x":1}`, false},
		{"duplicate name in an ignored object", soundUnified.with("x", `[{"a":{"b":1,"b":2}}]`).String(), false},
		{"duplicate name in an item", soundUnified.with("items", `[{"quantity":1,"quantity":1}]`).String(), false},
		{"duplicate name in ecommerce", soundUnified.with("ecommerce", `{"items":[],"items":[]}`).String(), false},
		{"duplicate name in purchase", soundUnified.with("ecommerce", `{"purchase":{"transaction_id":1,"transaction_id":1}}`).String(), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.ok {
				check(t, message(FormatUnified, c.data), "SALE s1/p1 2 e1")
			} else {
				check(t, message(FormatUnified, c.data), "BAD_JSON JSON")
			}
		})
	}
}

// A message that breaks off anywhere is no message.
func TestEveryPrefixIsBadJSON(t *testing.T) {
	for f, data := range map[Format]string{
		FormatUnified: soundUnified.String(),
		FormatPOS:     soundPOS.with("items", `[{"product_id":"\u00e9","quantity":1.0},null,[{}]]`).String(),
		FormatECOM:    soundECOM.with("event", `"purchase"`, "ecommerce", `{"purchase":{"transaction_id":"T","x":{},"items":[{"item_id":1,"quantity":2}]}}`).String(),
		FormatWMS:     soundReset.String(),
	} {
		for n := range data {
			check(t, message(f, data[:n]), "BAD_JSON JSON")
		}
	}
}

func TestJSONDetailSaysWhere(t *testing.T) {
	var d Decoder
	var out Decoded
	d.Decode(message(FormatPOS, `{"items":[{"quantity":1},{"quantity":1,"quantity":2}]}`), testNow, true, &out)
	if detail := out.Refusals[0].Detail; !strings.Contains(detail, "duplicate") || !strings.Contains(detail, "/items/1") || !strings.Contains(detail, "byte 39") {
		t.Error(detail)
	}
	out.Refusals = nil
	d.Decode(message(FormatPOS, fmt.Sprintf(`{"x":%s%s}`, strings.Repeat("[", 64), strings.Repeat("]", 64))), testNow, true, &out)
	if detail := out.Refusals[0].Detail; !strings.Contains(detail, "deeper than 64") {
		t.Error(detail)
	}
}
