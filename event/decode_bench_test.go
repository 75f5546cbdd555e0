package event

import (
	"fmt"
	"testing"
)

// messages is the number of different messages of a benchmark.
const messages = 5000

// benchMessages make the i-th message of each format.
var benchMessages = []struct {
	name   string
	format Format
	events int // per message
	make   func(i int) string
	mapped string // the program, or empty
}{
	{"unified", FormatUnified, 1, benchUnified, ""},
	{"unified_passed_on", FormatUnified, 1, benchUnified, `.`},
	{"pos", FormatPOS, 1, benchPOS, ""},
	{"pos_mapped", FormatPOS, 1, benchPOS, `{type: "SALE", event_id: "\(.order_number):\(.line)", store_id, product_id,
		quantity: .product_count, occurred_at: (if .time_of_sale > 0 then .time_of_sale else .timestamp end)}`},
	{"pos_items", FormatPOS, 4, func(i int) string {
		item := fmt.Sprintf(`{"product_id":"sku-%06d","quantity":1,"price":4.5}`, i*7919%messages)
		return fmt.Sprintf(`{"order_number":"o-%08d","event_id":"e-%d","store_id":"store-%03d","timestamp":%d,`+
			`"items":[%s,%s,%s,%s]}`,
			i, i, i%200, testNow-int64(i), item, item, item, item)
	}, ""},
	{"ecom", FormatECOM, 2, func(i int) string {
		return fmt.Sprintf(`{"event":"view_item","event_id":"e-%d","timestamp":"2026-03-01T11:59:59.%06dZ",`+
			`"client_id":"c.%d","page":{"url":"https://shop.example/p/%d","ref":null},`+
			`"ecommerce":{"items":[{"item_id":"sku-%06d","item_name":"Shirt","price":9.5},{"item_id":"sku-%06d",`+
			`"quantity":2}]}}`,
			i, i, i, i, i%messages, i*7919%messages)
	}, ""},
	{"wms", FormatWMS, 1, func(i int) string {
		return fmt.Sprintf(`{"event_id":"w-%d","store_id":"store-%03d","sku":"sku-%06d","count":%d,`+
			`"timestamp":"2026-03-01T11:00:00+01:00"}`,
			i, i%200, i*7919%messages, i%50)
	}, ""},
	{"csv", FormatWMS, 1, func(i int) string {
		return fmt.Sprintf("store-%03d,sku-%06d,%d,2026-03-01T11:00:00Z,w-%d,RECEIPT,", i%200, i*7919%messages,
			i%50, i)
	}, ""},
}

func benchUnified(i int) string {
	return fmt.Sprintf(`{"event_id":"evt-%09d","type":"SALE","store_id":"store-%03d","product_id":"sku-%06d",`+
		`"quantity":%d,"occurred_at":%d}`,
		i, i%200, i*7919%messages, i%5+1, testNow-int64(i))
}

func benchPOS(i int) string {
	return fmt.Sprintf(`{"order_number":"o-%08d","line":%d,"store_id":%d,"product_id":%d,"product_count":%d,`+
		`"price":19.99,"user_id":%d,"department_id":7,"timestamp":%d,"time_of_sale":%d,`+
		`"event_datetime":"2026-03-01 12:00:00"}`,
		i, i%4, i%200, i*7919%messages+1, i%5+1, i, testNow, testNow-int64(i))
}

// BenchmarkDecode decodes typical messages of each format, of 200 stores and 5,000 products. An op
// is one event.
func BenchmarkDecode(b *testing.B) {
	for _, c := range benchMessages {
		b.Run(c.name, func(b *testing.B) {
			ms := make([]Message, messages)
			size := 0
			for i := range ms {
				ms[i] = Message{Channel: POS, Format: c.format, Data: []byte(c.make(i)), ID: "1"}
				if c.name == "csv" {
					ms[i].Columns = []string{"store_id", "product_id", "count", "timestamp", "event_id", "type",
						"counted_at"}
				}
				size += len(ms[i].Data)
			}
			d := Decoder{Rules: Rules{Maps: Maps{POS: c.mapped}}}
			var out Decoded
			b.ReportAllocs()
			b.SetBytes(int64(size / messages / c.events))
			i := 0
			for n := 0; n < b.N; n += c.events {
				d.Decode(&ms[i%messages], testNow, true, &out)
				if len(out.Events) != c.events {
					b.Fatalf("%s: %+v", ms[i%messages].Data, out)
				}
				i++
			}
		})
	}
}
