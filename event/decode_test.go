package event

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

func TestTooLargeTakesPrecedence(t *testing.T) {
	pad := func(n int) []byte {
		data := validUnified.String()
		return []byte(data + strings.Repeat(" ", n-len(data)))
	}
	m := message(FormatUnified, "")
	m.Data = pad(1 << 20)
	check(t, m, "SALE s1/p1 2 e1")
	m.Data = pad(1<<20 + 1)
	check(t, m, "TOO_LARGE the")
	m.Data = bytes.Repeat([]byte{0xff}, 1<<20+1)
	check(t, m, "TOO_LARGE the")
	m.Columns = []string{"a"}
	check(t, m, "TOO_LARGE the")
}

func TestFirstProblemIsReported(t *testing.T) {
	spoil := func(r raw, from int, names ...string) string {
		for _, n := range names[from:] {
			r = r.with(n, `[]`)
		}
		return r.String()
	}
	for f, c := range map[Format]struct {
		valid raw
		names []string // in the order in which they are checked
		want  []string
	}{
		FormatUnified: {validUnified, []string{"type", "store_id", "occurred_at", "event_id", "product_id", "quantity"},
			[]string{"BAD_FIELD type", "BAD_ID store_id", "BAD_TIME occurred_at", "BAD_ID event_id",
				"BAD_ID product_id", "BAD_FIELD quantity"}},
		FormatPOS: {validPOS, []string{"store_id", "timestamp", "time_of_sale", "user_id", "order_number", "event_id",
			"product_id", "product_count"},
			[]string{"BAD_ID store_id", "BAD_TIME timestamp", "BAD_TIME time_of_sale", "BAD_FIELD user_id",
				"BAD_FIELD order_number", "BAD_ID event_id", "BAD_ID product_id", "BAD_FIELD product_count"}},
		FormatECOM: {validECOM, []string{"event", "store_id", "timestamp", "client_id", "event_id", "ecommerce"},
			[]string{"BAD_FIELD event", "BAD_ID store_id", "BAD_TIME timestamp", "BAD_FIELD client_id",
				"BAD_ID event_id", "BAD_FIELD ecommerce"}},
		FormatWMS: {validWMS, []string{"type", "store_id", "timestamp", "event_id", "product_id", "count"},
			[]string{"BAD_FIELD type", "BAD_ID store_id", "BAD_TIME timestamp", "BAD_ID event_id", "BAD_ID product_id",
				"BAD_FIELD count"}},
	} {
		for i, want := range c.want {
			check(t, message(f, spoil(c.valid, i, c.names...)), want)
		}
		check(t, message(f, strings.TrimSuffix(spoil(c.valid, 0, c.names...), "}")), "BAD_JSON JSON")
	}
}

func TestEventIDSources(t *testing.T) {
	const noID = `{"store_id":"s1","product_id":"p1","count":1,"timestamp":1772366400000}`
	for _, c := range []struct {
		name       string
		data       string
		attributes map[string]string
		id         string
		want       string
	}{
		{"payload first", validWMS.String(), map[string]string{"event_id": "a1"}, "m1", "RECEIPT s1/p1 2 e1"},
		{"payload before attribute", validWMS.String(), map[string]string{"event_id": ""}, "m1", "RECEIPT s1/p1 2 e1"},
		{"empty id in payload is refused", validWMS.with("event_id", `""`).String(),
			map[string]string{"event_id": "a1"}, "m1", "BAD_ID event_id"},
		{"attribute", noID, map[string]string{"event_id": "a1", "other": "x"}, "m1", "RECEIPT s1/p1 1 a1"},
		{"empty attribute", noID, map[string]string{"event_id": ""}, "m1", "BAD_ID attribute"},
		{"longest attribute", noID, map[string]string{"event_id": strings.Repeat("a", 256)}, "m1",
			"RECEIPT s1/p1 1 " + strings.Repeat("a", 256)},
		{"attribute too long", noID, map[string]string{"event_id": strings.Repeat("a", 257)}, "m1", "BAD_ID attribute"},
		{"message id", noID, nil, "m1", "RECEIPT s1/p1 1 m1"},
		{"none", noID, nil, "", "MISSING_FIELD event_id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := message(FormatWMS, c.data)
			m.Attributes, m.ID = c.attributes, c.id
			check(t, m, c.want)
		})
	}
	m := message(FormatPOS, validPOS.with("line", "1").String())
	m.Attributes = map[string]string{"event_id": "a1"}
	check(t, m, "SALE s1/p1 2 a1") // takes precedence over the natural key
}

func TestFuture(t *testing.T) {
	const ahead = testNow + 5*60*1000 + 1
	for _, c := range []struct {
		kind      string
		published int64
		wall      bool
		want      int64 // 0 if refused
	}{
		{"SALE", testNow - 7, true, 0}, {"RECEIPT", testNow - 7, false, 0}, {"RESET", testNow - 7, true, 0},
		{"VIEW", testNow - 7, true, testNow - 7}, {"CART_ADD", testNow - 7, true, testNow - 7},
		{"VIEW", testNow - 7, false, testNow}, {"CART_ADD", 0, true, testNow}, {"VIEW", 0, false, testNow},
	} {
		for at, late := range map[string]bool{"1772366700000": false, "1772366700001": true,
			`"2026-03-01T12:05:00.001Z"`: true, `"2026-03-01T12:05:00.000999Z"`: false} {
			m := message(FormatUnified, validUnified.with("type", `"`+c.kind+`"`, "occurred_at", at).String())
			m.PublishedAt = c.published
			var d Decoder
			var out Decoded
			d.Decode(m, testNow, c.wall, &out)
			switch {
			case !late:
				if len(out.Events) != 1 || out.Events[0].OccurredAt != ahead-1 || out.Events[0].Adjusted {
					t.Errorf("%s at %s: %+v", c.kind, at, out)
				}
			case c.want == 0:
				if len(out.Events) != 0 || len(out.Refusals) != 1 || out.Refusals[0].Reason != Future {
					t.Errorf("%s at %s: %+v", c.kind, at, out)
				}
			default:
				if len(out.Events) != 1 || out.Events[0].OccurredAt != c.want || !out.Events[0].Adjusted {
					t.Errorf("%s at %s: %+v", c.kind, at, out)
				}
			}
		}
	}
}

func TestDetailsNameFileAndLine(t *testing.T) {
	for _, data := range []string{`{`, `{}`, validUnified.with("quantity", `"x"`).String()} {
		m := message(FormatUnified, data)
		m.Channel, m.File, m.Line = FILE, "gs://bucket/in.jsonl", 17
		var d Decoder
		var out Decoded
		d.Decode(m, testNow, true, &out)
		if len(out.Refusals) != 1 || !strings.HasSuffix(out.Refusals[0].Detail, " (gs://bucket/in.jsonl:17)") {
			t.Errorf("%s: %+v", data, out)
		}
	}
}

func TestDetailsStayShort(t *testing.T) {
	long := strings.Repeat("ö", 100_000)
	for _, data := range []string{
		validUnified.with("quantity", `"`+long+`"`).String(),
		validUnified.with("store_id", `"`+long+`"`).String(),
		validUnified.with("occurred_at", strings.Repeat("9", 100_000)).String(),
		`{"` + long + `":1,"` + long + `":2}`,
		`{"` + long + `":{"x":}}`,
	} {
		var d Decoder
		var out Decoded
		d.Decode(message(FormatUnified, data), testNow, true, &out)
		if len(out.Refusals) != 1 || len(out.Refusals[0].Detail) > 400 ||
			!strings.ContainsAny(out.Refusals[0].Detail, "ö9") {
			t.Errorf("%.40s: detail of %d bytes: %.500s", data, len(out.Refusals[0].Detail), out.Refusals[0].Detail)
		}
	}
}

// TestNothingLeaksBetweenMessages checks that results stay valid when the Decoder, the Decoded and
// the memory of the payload are reused.
func TestNothingLeaksBetweenMessages(t *testing.T) {
	full := `{"order_number":"o1","line":1,"store_id":"s1","timestamp":1772366400000,"event_id":"e1","user_id":"u",` +
		`"client_id":"c",` +
		`"department_id":"d","items":[{"product_id":"a\u0062","quantity":1,"price":3},{"product_id":1}],` +
		`"ecommerce":{"items":[1],"purchase":{"transaction_id":"T","items":[2]}}}`
	var d Decoder
	var out Decoded
	m := message(FormatPOS, full)
	d.Decode(m, testNow, true, &out)
	want := []string{"SALE s1/ab 1 e1#0", "MISSING_FIELD 1 items[1].quantity"}
	if got := summary(&out); !reflect.DeepEqual(got, want) {
		t.Fatalf("%q", got)
	}
	first, refused := out.Events[0], out.Refusals[0]
	for i := range m.Data {
		m.Data[i] = 'x'
	}
	for _, next := range []*Message{
		message(FormatPOS, `{}`), message(FormatPOS, `{`), message(FormatPOS,
			`{"store_id":"s1","timestamp":1772366400000}`),
		message(FormatECOM, `{"event":"purchase","timestamp":1772366400000}`),
		message(FormatECOM, `{"event":"purchase","timestamp":1772366400000,"ecommerce":{"items":[{"item_id":"a",`+
			`"quantity":1}]}}`), message(FormatECOM, `{"event":"x"}`), message(FormatWMS, validWMS.String()),
	} {
		var fresh Decoder
		var wanted Decoded
		fresh.Decode(next, testNow, true, &wanted)
		d.Decode(message(FormatPOS, full), testNow, true, &out)
		d.Decode(next, testNow, true, &out)
		if got, want := summary(&out), summary(&wanted); !reflect.DeepEqual(got, want) {
			t.Errorf("%s after another message: %q, want %q", next.Data, got, want)
		}
	}
	if first.ProductID != "ab" || first.ID != "e1#0" || first.StoreID != "s1" || first.Price != "3" ||
		first.OrderNumber != "o1" || refused.Item != 1 {
		t.Errorf("changed afterwards: %+v %+v", first, refused)
	}
}

func TestManyItems(t *testing.T) {
	item := `{"product_id":1,"quantity":1},`
	n := 30_000
	m := message(FormatPOS, validPOS.with("items", "["+strings.Repeat(item, n-1)+item[:len(item)-1]+"]").String())
	var d Decoder
	var out Decoded
	d.Decode(m, testNow, true, &out)
	if len(out.Events) != n || out.Events[n-1].ID[:3] != "o1#" {
		t.Fatalf("%d events", len(out.Events))
	}
	d.Decode(message(FormatPOS, `{}`), testNow, true, &out)
	if cap(out.Events) > maxKeptItems || cap(d.doc.items.items) > maxKeptItems || cap(d.order) > maxKeptItems {
		t.Errorf("memory of a large message is kept: %d events, %d items", cap(out.Events), cap(d.doc.items.items))
	}
}

func TestFieldNames(t *testing.T) {
	for f := noField + 1; f < numFields; f++ {
		if got := fieldNamed([]byte(f.String())); f.String() == "" || got != f {
			t.Errorf("field %d has the name %q, which is that of field %d", f, f, got)
		}
	}
	if f := fieldNamed([]byte("Type")); f != noField {
		t.Errorf("names are not case-sensitive: Type is field %d", f)
	}
}
