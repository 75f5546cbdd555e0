package event

import (
	"strings"
	"testing"
)

// FuzzMapped checks that no message makes a mapped decode panic, and that a program that passes
// messages on leads to the same events and refusals as none.
func FuzzMapped(f *testing.F) {
	for _, seed := range []string{validUnified.String(), validPOS.String(), validECOM.String(), "{", "[]",
		`{"a":{"b":[1,-0,1e400,"\u00e9",null,true,{}]}}`,
		validUnified.with("type", `"VIEW"`, "quantity", "1.0e0", "sku", `"s"`).String(),
		validUnified.with("quantity", `"+0002"`, "event_id", "", "product_id", "0", "sku", "7").String()} {
		f.Add([]byte(seed), "m1")
	}
	programs := []string{likePOS, `.. | objects`, `.items[]? // .`, `[..] | tojson, add`, `keys[] as $k | .[$k]`,
		`.[] |= (tostring | gsub("[a-z]"; "") | tonumber? // 1)`, `with_entries(.value |= . * 2)`,
		`.a - .b, .a * .b, .a / .b`}
	f.Fuzz(func(t *testing.T, data []byte, id string) {
		m := Message{Channel: POS, Format: FormatUnified, Data: data, ID: id}
		for _, p := range programs {
			fuzzMapped(t, p, &m)
		}
		mapped := fuzzMapped(t, ".", &m)
		native := fuzzDecode(t, &m, true)
		for i := range mapped.Events {
			e := &mapped.Events[i]
			e.Item = NoItem
			if i < len(native.Events) && e.ID == native.Events[i].ID+"#0" {
				e.ID = native.Events[i].ID
			}
		}
		for i, r := range mapped.Refusals {
			if strings.Contains(r.Detail, "digits") {
				return
			}
			mapped.Refusals[i].Item = NoItem
		}
		if !sameEvents(mapped, native) {
			t.Fatalf("%q becomes %q, and passed on %q", data, summary(native), summary(mapped))
		}
	})
}

// fuzzMapped decodes m twice by a program and checks properties that hold for every message.
func fuzzMapped(t *testing.T, program string, m *Message) *Decoded {
	d := Decoder{Rules: Rules{Maps: Maps{POS: program}}}
	var out, again Decoded
	d.Decode(m, testNow, true, &out)
	d.Decode(m, testNow, true, &again)
	if !sameEvents(&out, &again) {
		t.Fatalf("%q, the second time %q", summary(&out), summary(&again))
	}
	for _, e := range out.Events {
		if err := checkMappedEvent(e, m); err != nil {
			t.Fatal(err)
		}
	}
	if badJSON := len(out.Refusals) == 1 && out.Refusals[0].Reason == BadJSON; badJSON && strictObject(m.Data) {
		t.Fatalf("%q is strict JSON: %+v", m.Data, out.Refusals)
	}
	if len(out.Events)+len(out.Refusals)+out.Ignored == 0 {
		t.Fatal("neither events, refusals nor ignored")
	}
	return &out
}
