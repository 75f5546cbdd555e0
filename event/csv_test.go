package event

import (
	"reflect"
	"strings"
	"testing"
)

var wmsColumns = []string{"store_id", "product_id", "count", "timestamp", "event_id", "type", "counted_at", "note"}

func csvMessage(columns []string, record string) *Message {
	return &Message{Channel: FILE, Format: FormatWMS, Data: []byte(record), Columns: columns, File: "stock.csv",
		Line: 2}
}

func TestCSVRecords(t *testing.T) {
	for _, c := range []struct{ name, record, want string }{
		{"receipt", "s1,p1,2,2026-03-01T12:00:00Z,e1,,,", "RECEIPT s1/p1 2 e1"},
		{"with its line end", "s1,p1,2,2026-03-01T12:00:00Z,e1,,,\r", "RECEIPT s1/p1 2 e1"},
		{"epoch", "s1,p1,2,1772366400000,e1,RECEIPT,,", "RECEIPT s1/p1 2 e1"},
		{"reset", "s1,p1,0,,e1,RESET,2026-03-01T12:00:00Z,", "RESET s1/p1 0 e1"},
		{"reset of a date", "s1,p1,0,,e1,RESET,2026-03-01,", "BAD_TIME counted_at"},
		{"numbers as in JSON", "12,2,1e2,1772366400000.0,7,,,", "RECEIPT 12/2 100 7"},
		{"count of a data frame", "s1,p1,20.0,1772366400000,e1,,,", "RECEIPT s1/p1 20 e1"},
		{"count with a sign", "s1,p1,+3,1772366400000,e1,,,", "RECEIPT s1/p1 3 e1"},
		{"quotes", `"s1","p""1","2","1772366400000","e,1",,,"a note, with ""quotes"""`, `RECEIPT s1/p"1 2 e,1`},
		{"line break in quotes", "s1,p1,2,1772366400000,e1,,,\"a\nb\"", "RECEIPT s1/p1 2 e1"},
		{"null is a text", "null,p1,2,1772366400000,e1,,,", "RECEIPT null/p1 2 e1"},
		{"no store", ",p1,2,1772366400000,e1,,,", "MISSING_FIELD store_id"},
		{"no count", "s1,p1,,1772366400000,e1,,,", "MISSING_FIELD count"},
		{"count is text", "s1,p1,two,1772366400000,e1,,,", "BAD_FIELD count"},
		{"count is padded", "s1,p1, 2,1772366400000,e1,,,", "BAD_FIELD count"},
		{"count has a leading zero", "s1,p1,02,1772366400000,e1,,,", "RECEIPT s1/p1 2 e1"},
		{"time in scientific notation", "s1,p1,2,1.772366400000E+12,e1,,,", "RECEIPT s1/p1 2 e1"},
		{"rounded time", "s1,p1,2,1.77237E+12,e1,,,", "BAD_TIME timestamp"},
		{"count is a fraction", "s1,p1,2.5,1772366400000,e1,,,", "BAD_FIELD count"},
		{"store is padded", " s1,p1,2,1772366400000,e1,,,", "BAD_ID store_id"},
		{"fractional time", "s1,p1,2,1772366400000.5,e1,,,", "BAD_TIME timestamp"},
		{"no event id", "s1,p1,2,1772366400000,,,,", "MISSING_FIELD event_id"},
		{"unknown type", "s1,p1,2,1772366400000,e1,SALE,,", "UNKNOWN_TYPE type"},
		{"future", "s1,p1,2,1772366700001,e1,,,", "FUTURE timestamp"},
		{"one cell missing", "s1,p1,2,1772366400000,e1,,", "BAD_JSON CSV"},
		{"one cell extra", "s1,p1,2,1772366400000,e1,,,,", "BAD_JSON CSV"},
		{"bare quote", `s1,p"1,2,1772366400000,e1,,,`, "BAD_JSON CSV"},
		{"open quote", `s1,"p1,2,1772366400000,e1,,,`, "BAD_JSON CSV"},
		{"invalid UTF-8", "s1,p\xff,2,1772366400000,e1,,,", "BAD_JSON CSV"},
		{"two records", "s1,p1,2,1772366400000,e1,,,\ns1,p1,2,1772366400000,e2,,,", "BAD_JSON CSV"},
		{"empty", "", "BAD_JSON CSV"},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, csvMessage(wmsColumns, c.record), c.want) })
	}
}

func TestCSVColumns(t *testing.T) {
	check(t, csvMessage([]string{"event_id", "sku", "count", "timestamp", "store_id"}, "e1,k,2,1772366400000,s1"),
		"RECEIPT s1/k 2 e1")
	check(t, csvMessage([]string{"event_id", "sku", "product_id", "count", "timestamp", "store_id"},
		"e1,k,,2,1772366400000,s1"), "RECEIPT s1/k 2 e1")
	check(t, csvMessage([]string{"event_id", "SKU", "count", "timestamp", "store_id"}, "e1,k,2,1772366400000,s1"),
		"MISSING_FIELD product_id")
	check(t, csvMessage([]string{"event_id", "items", "ecommerce", "sku", "count", "timestamp", "store_id"},
		"e1,x,y,k,2,1772366400000,s1"), "RECEIPT s1/k 2 e1")
	unified := []string{"event_id", "type", "store_id", "product_id", "quantity", "occurred_at", "count"}
	check(t, csvMessage(unified, "e1,SALE,s1,p1,-1,2026-03-01T12:00:00Z,"), "SALE s1/p1 -1 e1")
	check(t, csvMessage(unified, "e1,VIEW,s1,p1,,2026-03-01T12:00:00Z,5"), "VIEW s1/p1 1 e1")
	check(t, csvMessage(unified, "e1,,s1,p1,1,2026-03-01T12:00:00Z,5"), "MISSING_FIELD timestamp")
	if e := one(t, csvMessage(unified, "e1,SALE,s1,p1,-1,2026-03-01T12:00:00Z,")); e.Source != FILE {
		t.Errorf("source %v", e.Source)
	}
}

// TestCSVReaderRecovers checks that a malformed record affects neither later records nor the memory
// of earlier ones.
func TestCSVReaderRecovers(t *testing.T) {
	var d Decoder
	var out Decoded
	var kept []UnifiedInventoryEvent
	for _, record := range []string{
		"s1,p1,2,1772366400000,e1,,,", `x"`, "s1,p2,2,1772366400000,e2,,,", "a\nb\nc", "s1,p3,2,1772366400000,e3,,,",
		"", "s1,p4,2,1772366400000,e4,,,",
		"a,b", "s1,p5,2,1772366400000,e5,,,", `"`, "s1,p6,2,1772366400000,e6,,,",
	} {
		d.Decode(csvMessage(wmsColumns, record), testNow, true, &out)
		kept = append(kept, out.Events...)
		if len(out.Events)+len(out.Refusals) != 1 {
			t.Errorf("%q: %q", record, summary(&out))
		}
	}
	want := []string{"RECEIPT s1/p1 2 e1", "RECEIPT s1/p2 2 e2", "RECEIPT s1/p3 2 e3", "RECEIPT s1/p4 2 e4",
		"RECEIPT s1/p5 2 e5", "RECEIPT s1/p6 2 e6"}
	if got := summary(&Decoded{Events: kept}); !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
}

func TestParseCSVHeader(t *testing.T) {
	for line, want := range map[string][]string{
		"store_id,sku,count,timestamp":                   {"store_id", "sku", "count", "timestamp"},
		"\ufeffcounted_at,count,product_id,store_id\r":   {"counted_at", "count", "product_id", "store_id"},
		"\ufeff\"store_id\",sku,count,timestamp,\"a,b\"": {"store_id", "sku", "count", "timestamp", "a,b"},
		"store_id,sku,count,timestamp,Größe,größe, sku,\ufeffsku": {"store_id", "sku", "count", "timestamp", "Größe",
			"größe", " sku", "\ufeffsku"},
		"type,store_id,product_id,quantity,occurred_at": {"type", "store_id", "product_id", "quantity",
			"occurred_at"},
	} {
		if got, err := ParseCSVHeader([]byte(line)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, %v", line, got, err)
		}
	}
	for line, want := range map[string]string{
		"": "empty", "\ufeff": "empty", "a,,b": "column 2", "a,": "column 2", "a,b,a": `"a"`, `a,"b`: "quote",
		"a,\xff": "UTF-8",
		"store_id": "no column product_id or sku, and none count, " +
			"and none timestamp or counted_at",
		"store_id;product_id;count;timestamp":       "no column store_id,",
		"store_id, sku,count,timestamp":             "no column product_id or sku",
		"store_id,SKU,count,timestamp":              "no column product_id or sku",
		"store_id,sku,quantity,timestamp":           "no column count",
		"store_id,sku,count,occurred_at":            "no column timestamp or counted_at",
		"type,store_id,product_id,occurred_at":      "no column quantity",
		"r1,RECEIPT,12,555,20,2026-03-01T06:00Z":    "no column store_id",
		`{"event_id":1},"store_id"`:                 "quote",
		strings.Repeat("é", 1000) + ",store_id,sku": "no column count",
	} {
		if got, err := ParseCSVHeader([]byte(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v", line, got, err)
		}
	}
}

// TestUnreadable checks that a line below an invalid header is refused with the error of the
// header.
func TestUnreadable(t *testing.T) {
	_, err := ParseCSVHeader([]byte("r1,RECEIPT,12,555,20,2026-03-01T06:00:00Z"))
	for _, data := range []string{"r1,RECEIPT,12,555,20,2026-03-01T06:00:00Z", validWMS.String(), "", "\xff"} {
		m := csvMessage(nil, data)
		m.Unreadable = err.Error()
		out := check(t, m, "BAD_JSON reading")
		if got, want := out.Refusals[0].Detail, err.Error()+" (stock.csv:2)"; got != want {
			t.Errorf("%q: %q, want %q", data, got, want)
		}
	}
}
