package event

import (
	"fmt"
	"strings"
	"testing"
)

// nested returns a valid message whose depth, including the top object, is depth.
func nested(depth int) string {
	return validUnified.with("x", strings.Repeat("[", depth-1)+strings.Repeat("]", depth-1)).String()
}

// unified is validUnified as JSON.
var unified = validUnified.String()

// strictJSON are changes of validUnified, and whether the result is strict JSON.
var strictJSON = []struct {
	name, data string
	ok         bool
}{
	{"plain", unified, true},
	{"white space around", " \t\r\n" + unified + "\r\n", true},
	{"unknown fields of every kind", validUnified.with("a", `{"b":[null,true,false,1e5,"\ud83d\ude00"]}`).String(),
		true},
	{"name with escapes", strings.Replace(unified, `"type"`, `"\u0074ype"`, 1), true},
	{"same name in different objects", validUnified.with("a", `{"a":1,"b":{"a":[{"a":1},{"a":1}]}}`).String(),
		true},
	{"depth 64", nested(64), true},
	{"depth 65", nested(65), false},
	{"brackets in strings do not nest", validUnified.with("x", `["`+strings.Repeat(`[\"{\\`, 80)+`"]`).String(),
		true},
	{"depth 65 in an ignored item field", validUnified.with("items",
		`[{"x":`+strings.Repeat(`{"y":`, 62)+`1`+strings.Repeat("}", 62)+`}]`).String(), false},
	{"depth 64 in an ignored item field", validUnified.with("items",
		`[{"x":`+strings.Repeat(`{"y":`, 61)+`1`+strings.Repeat("}", 61)+`}]`).String(), true},
	{"depth 65 in place of a value", validUnified.with("price",
		strings.Repeat("[", 64)+strings.Repeat("]", 64)).String(), false},
	{"depth 65 in ecommerce", validUnified.with("ecommerce",
		`{"purchase":{"z":`+strings.Repeat("[", 62)+strings.Repeat("]", 62)+`}}`).String(), false},
	{"depth without end", strings.Repeat(`{"a":`, 100_000), false},

	{"empty", "", false},
	{"white space only", " \n", false},
	{"byte order mark", "\ufeff" + unified, false},
	{"cut", unified[:len(unified)-1], false},
	{"trailing brace", unified + "}", false},
	{"second object", unified + unified, false},
	{"trailing word", unified + " null", false},
	{"trailing comma", unified[:len(unified)-1] + ",}", false},
	{"error at the very end", unified[:len(unified)-1] + `,"x":tru}`, false},
	{"array", "[" + unified + "]", false},
	{"string", `"x"`, false},
	{"null", `null`, false},
	{"number", `1`, false},
	{"comment", unified + "// x", false},
	{"single quotes", strings.ReplaceAll(unified, `"`, `'`), false},
	{"invalid UTF-8 in a value", validUnified.with("x", "\"\xff\"").String(), false},
	{"invalid UTF-8 in a name", validUnified.String()[:1] + "\"\xc3\":1," + unified[1:], false},
	{"overlong UTF-8", validUnified.with("x", "\"\xc0\xaf\"").String(), false},
	{"surrogate in UTF-8", validUnified.with("x", "\"\xed\xa0\x80\"").String(), false},
	{"lone high surrogate", validUnified.with("x", `"\ud800"`).String(), false},
	{"lone low surrogate", validUnified.with("x", `"\udc00"`).String(), false},
	{"lone surrogate in a nested name", validUnified.with("x", `{"\ud800":1}`).String(), false},
	{"unknown escape", validUnified.with("x", `"\x41"`).String(), false},
	{"control character in a string", validUnified.with("x", "\"a\tb\"").String(), false},
	{"NUL", "\x00" + unified, false},
	{"number with leading zero", validUnified.with("x", `01`).String(), false},
	{"number with plus", validUnified.with("x", `+1`).String(), false},
	{"number without digits", validUnified.with("x", `-`).String(), false},
	{"number ending in a dot", validUnified.with("x", `1.`).String(), false},
	{"NaN", validUnified.with("x", `NaN`).String(), false},
	{"duplicate name", unified[:len(unified)-1] + `,"type":"SALE"}`, false},
	{"duplicate name by escape", unified[:len(unified)-1] + `,"typ\u0065":"SALE"}`, false},
	{"duplicate unknown name", unified[:len(unified)-1] + `,"x":1,"x":1}`, false},
	{"duplicate name in an ignored object", validUnified.with("x", `[{"a":{"b":1,"b":2}}]`).String(), false},
	{"duplicate name in an item", validUnified.with("items", `[{"quantity":1,"quantity":1}]`).String(), false},
	{"duplicate name in ecommerce", validUnified.with("ecommerce", `{"items":[],"items":[]}`).String(), false},
	{"duplicate name in purchase", validUnified.with("ecommerce",
		`{"purchase":{"transaction_id":1,"transaction_id":1}}`).String(), false},
}

func TestStrictJSON(t *testing.T) {
	for _, c := range strictJSON {
		t.Run(c.name, func(t *testing.T) {
			if c.ok {
				check(t, message(FormatUnified, c.data), "SALE s1/p1 2 e1")
			} else {
				check(t, message(FormatUnified, c.data), "BAD_JSON JSON")
			}
		})
	}
}

// TestEveryPrefixIsBadJSON checks that truncated messages are refused.
func TestEveryPrefixIsBadJSON(t *testing.T) {
	for f, data := range map[Format]string{
		FormatUnified: validUnified.String(),
		FormatPOS:     validPOS.with("items", `[{"product_id":"\u00e9","quantity":1.0},null,[{}]]`).String(),
		FormatECOM: validECOM.with("event", `"purchase"`, "ecommerce",
			`{"purchase":{"transaction_id":"T","x":{},"items":[{"item_id":1,"quantity":2}]}}`).String(),
		FormatWMS: validReset.String(),
	} {
		for n := range data {
			check(t, message(f, data[:n]), "BAD_JSON JSON")
		}
	}
}

func TestJSONDetailHasPosition(t *testing.T) {
	var d Decoder
	var out Decoded
	d.Decode(message(FormatPOS, `{"items":[{"quantity":1},{"quantity":1,"quantity":2}]}`), testNow, true, &out)
	if detail := out.Refusals[0].Detail; !strings.Contains(detail, "duplicate") ||
		!strings.Contains(detail, "/items/1") || !strings.Contains(detail, "byte 39") {
		t.Error(detail)
	}
	out.Refusals = nil
	d.Decode(message(FormatPOS, fmt.Sprintf(`{"x":%s%s}`, strings.Repeat("[", 64), strings.Repeat("]", 64))), testNow,
		true, &out)
	if detail := out.Refusals[0].Detail; !strings.Contains(detail, "deeper than 64") {
		t.Error(detail)
	}
}
