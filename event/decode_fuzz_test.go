package event

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"
)

func FuzzUnified(f *testing.F) {
	fuzzJSON(f, FormatUnified, validUnified.String(), validUnified.with("type", `"VIEW"`, "quantity", "", "occurred_at",
		`"2030-01-01T00:00:00Z"`).String())
}

func FuzzPOS(f *testing.F) {
	fuzzJSON(f, FormatPOS, validPOS.with("line", "1", "price", "1.50", "time_of_sale", "0").String(),
		validPOS.with("items", `[{"product_id":1e2,"quantity":1,"price":2},{"product_id":"a b"},null,[]]`).String(),
		validPOS.with("type", `"RETURN"`, "terminal_id", "7", "items",
			`[{"product_id":0,"sku":"0","quantity":"+2","price":"1.0"},{"product_id":" a","quantity":1}]`).String())
}

func FuzzECOM(f *testing.F) {
	fuzzJSON(f, FormatECOM, validECOM.String(), `{"event":"browse"}`, `{"event":"scroll"}`,
		validECOM.with("event", `"purchase"`, "ecommerce", `{"purchase":{"transaction_id":"T",`+
			`"items":[{"item_id":"p","quantity":-1}]},"items":[]}`).String())
}

func FuzzWMS(f *testing.F) {
	fuzzJSON(f, FormatWMS, validWMS.String(), validReset.String(),
		validWMS.with("product_id", "", "sku", `"k\u00e9"`, "count", "1e1").String())
}

// fuzzJSON checks properties that hold for every JSON message.
func fuzzJSON(f *testing.F, format Format, seeds ...string) {
	inputs, err := filepath.Glob("testdata/golden/*/input.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range inputs {
		seeds = append(seeds, string(read(f, name)))
	}
	for _, s := range append(seeds, "", "[]", "\ufeff{}", `{"a":{"a":1,"a":2}}`, `{"type":"\ud800"}`) {
		f.Add([]byte(s), "m1", true)
	}
	f.Fuzz(func(t *testing.T, data []byte, id string, wallClock bool) {
		m := message(format, "")
		m.Data, m.ID = data, id
		got := fuzzDecode(t, m, wallClock)
		badJSON := len(got.Refusals) == 1 && got.Refusals[0].Reason == BadJSON
		if strict := strictObject(data); strict == badJSON {
			t.Fatalf("strict JSON: %v, result %q", strict, summary(got))
		}
		if badJSON {
			return
		}
		other := *m
		other.Data = rewritten(t, data)
		if again := fuzzDecode(t, &other, wallClock); !sameEvents(got, again) {
			t.Fatalf("%q\nrewritten as\n%s\nbecomes %q", summary(got), other.Data, summary(again))
		}
	})
}

// mangled matches the details of refusals that only CSV has.
var mangled = regexp.MustCompile(`has rewritten as a number|has rounded|is ambiguous`)

// FuzzCSV checks that a CSV record yields the same events as the equivalent JSON.
func FuzzCSV(f *testing.F) {
	f.Add([]byte("store_id,product_id,count,timestamp,event_id,type,counted_at,note"),
		[]byte("s1,p1,2,1772366400000,e1,,,x"))
	f.Add([]byte("event_id,type,store_id,product_id,quantity,occurred_at"),
		[]byte("e1,SALE,s1,p1,-1,2026-03-01T12:00:00Z"))
	f.Add([]byte("sku,store_id,count,counted_at,type,event_id"), []byte(`"a""b",12,1e1,"2026-03-01",RESET,7`))
	f.Add([]byte("\ufeffa,items,ecommerce,store_id,sku,count,timestamp"), []byte("\xff,\"\n\",1,s1,k,1,1772366400000"))
	f.Add([]byte("product_id,sku,store_id,count,timestamp,event_id"), []byte("0,12.0,s 1,\"1,000\",1.77E12,4e5"))
	f.Fuzz(func(t *testing.T, header, record []byte) {
		columns, err := ParseCSVHeader(header)
		if err != nil {
			return
		}
		m := csvMessage(columns, string(record))
		got := fuzzDecode(t, m, true)
		if len(got.Refusals) == 1 && (got.Refusals[0].Reason == BadJSON ||
			mangled.MatchString(got.Refusals[0].Detail)) {
			return
		}
		asJSON := *m
		asJSON.Columns, asJSON.Data = nil, csvToJSON(t, columns, record)
		if again := fuzzDecode(t, &asJSON, true); !sameEvents(got, again) {
			t.Fatalf("%q\nas JSON\n%s\nbecomes %q", summary(got), asJSON.Data, summary(again))
		}
	})
}

// fuzzDecode decodes m twice, the second time with a used decoder, and checks properties that hold
// for every message.
func fuzzDecode(t *testing.T, m *Message, wallClock bool) *Decoded {
	data := bytes.Clone(m.Data)
	var fresh, used Decoder
	var got, again Decoded
	fresh.Decode(m, testNow, wallClock, &got)
	used.Decode(message(FormatPOS, validPOS.with("items", `[{"product_id":1},{}]`).String()), testNow, true, &again)
	used.Decode(m, testNow, wallClock, &again)
	if !bytes.Equal(m.Data, data) {
		t.Fatal("the payload was changed")
	}
	if !reflect.DeepEqual(append([]UnifiedInventoryEvent{}, got.Events...),
		append([]UnifiedInventoryEvent{}, again.Events...)) ||
		!reflect.DeepEqual(append([]Refusal{}, got.Refusals...), append([]Refusal{}, again.Refusals...)) ||
		got.Ignored != again.Ignored || got.IgnoredName != again.IgnoredName ||
		got.UnreadablePrices != again.UnreadablePrices {
		t.Fatalf("a used decoder returned %q, a new one %q", summary(&again), summary(&got))
	}
	if len(got.Events)+len(got.Refusals) == 0 && got.Ignored != 1 ||
		got.Ignored != 0 && len(got.Events)+len(got.Refusals) != 0 {
		t.Fatalf("neither events, refusals nor ignored: %+v", got)
	}
	for i := range got.Events {
		if err := checkEvent(&got.Events[i], m); err != nil {
			t.Fatalf("event %d of %q: %v", i, summary(&got), err)
		}
	}
	for _, r := range got.Refusals {
		if r.Item == NoItem && len(got.Events)+len(got.Refusals) != 1 {
			t.Fatalf("refused as a whole, but also %q", summary(&got))
		}
		if r.Detail == "" {
			t.Fatalf("no detail: %+v", r)
		}
	}
	return &got
}

// sameEvents compares everything except messages and details.
func sameEvents(a, b *Decoded) bool {
	strip := func(d *Decoded) ([]UnifiedInventoryEvent, []Refusal) {
		events, refusals := append([]UnifiedInventoryEvent{}, d.Events...), append([]Refusal{}, d.Refusals...)
		for i := range events {
			events[i].Message = nil
		}
		for i := range refusals {
			refusals[i].Detail = ""
		}
		return events, refusals
	}
	events, refusals := strip(a)
	events2, refusals2 := strip(b)
	return reflect.DeepEqual(events, events2) && reflect.DeepEqual(refusals, refusals2) &&
		a.Ignored == b.Ignored && a.IgnoredName == b.IgnoredName && a.UnreadablePrices == b.UnreadablePrices
}

var numeral = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// csvToJSON returns the JSON object that is equivalent to a record.
func csvToJSON(t *testing.T, columns []string, record []byte) []byte {
	cells, err := csv.NewReader(bytes.NewReader(record)).Read()
	if err != nil || len(cells) != len(columns) {
		t.Fatalf("the record was accepted: %q, %v", cells, err)
	}
	object := map[string]any{}
	for i, name := range columns {
		switch name {
		case "items", "ecommerce": // not supported in CSV
			continue
		case "count", "quantity", "timestamp", "counted_at", "occurred_at":
			if numeral.MatchString(cells[i]) {
				object[name] = json.Number(cells[i])
				continue
			}
		}
		if cells[i] != "" {
			object[name] = cells[i]
		}
	}
	data, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
