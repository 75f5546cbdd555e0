package rows

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"pgregory.net/rapid"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/signal"
)

// anyText has every kind of byte: plain, to be quoted, beyond ASCII, not UTF-8, empty.
var anyText = rapid.OneOf(
	rapid.StringMatching(`[a-z0-9]{0,12}`),
	rapid.SampledFrom([]string{"", `"q"`, `a\b`, "\x00\n\x7f", "Zürich", "東京", "🛒", "\u2028", "\xff", "a\xc3(\xe2\x82",
		"<&>", "null"}),
	rapid.String(),
)

var anyTime = rapid.Int64Range(-62_135_596_800_000, 253_402_300_799_999) // years 1 to 9999

var anyPrice = rapid.StringMatching(`-?(0|[1-9][0-9]{0,31})(\.[0-9]{1,14})?([eE][+-]?[0-9]{1,2})?`)

// anyRow draws a row of a table and encodes it both ways.
func anyRow(t *rapid.T) (table Table, line, message []byte) {
	table = rapid.SampledFrom(Tables[:]).Draw(t, "table")
	add := drawRow(t, table)
	lines, messages := NewLines(), NewMessages(1<<20)
	add(lines)
	add(messages)
	return table, lines.Lines(table), messages.Messages(table)[0]
}

func drawRow(t *rapid.T, table Table) func(*Batch) {
	text := func(name string) string { return anyText.Draw(t, name) }
	at := func(name string) int64 { return anyTime.Draw(t, name) }
	n := func(name string) int64 { return rapid.Int64().Draw(t, name) }
	yes := func(name string) bool { return rapid.Bool().Draw(t, name) }
	item := rapid.IntRange(event.NoItem, 3)
	message := rapid.Custom(func(t *rapid.T) *event.Message {
		return &event.Message{
			Channel: rapid.SampledFrom(event.Channels[:]).Draw(t, "channel"), Data: []byte(anyText.Draw(t, "data")),
			Attributes: rapid.MapOf(rapid.StringMatching(`["a-z\n]{1,3}`), anyText).Draw(t, "attributes"),
			ID:         anyText.Draw(t, "message_id"),
			PublishedAt: rapid.SampledFrom([]int64{0, 1_790_000_000_123}).Draw(t,
				"published_at"),
		}
	})
	switch table {
	case Events:
		e := event.UnifiedInventoryEvent{
			ID: text("event_id"), Type: rapid.SampledFrom(event.Types[:]).Draw(t, "type"), StoreID: text("store_id"),
			ProductID: text("product_id"),
			Quantity:  n("quantity"), OccurredAt: at("occurred_at"),
			Source: rapid.SampledFrom(event.Channels[:]).Draw(t,
				"source"),
			OrderNumber: text("order_number"), Line: text("line"), UserID: text("user_id"), ClientID: text("client_id"),
			DepartmentID: text("department_id"),
			Item:         item.Draw(t, "item"), Message: message.Draw(t, "message"),
		}
		if yes("has price") {
			e.Price = anyPrice.Draw(t, "price")
		}
		if yes("no message") {
			e.Message = nil
		}
		ingested := at("ingested_at")
		return func(b *Batch) { b.Event(&e, ingested) }
	case StockChanges:
		s := signal.Stock{
			StoreID: text("store_id"), ProductID: text("product_id"), OnHand: n("on_hand"), Version: n("version"),
			Known:   yes("known"),
			Barrier: at("barrier"), AsOf: at("as_of"), Badge: text("badge"),
		}
		return func(b *Batch) { b.Stock(&s) }
	case VelocitySignals:
		v := signal.Velocity{
			StoreID: text("store_id"), ProductID: text("product_id"),
			Window: rapid.SampledFrom([]string{signal.WindowHour,
				signal.WindowDay}).Draw(t, "window"),
			UnitsHour: n("units_1h"), UnitsDay: n("units_24h"), ViewsHour: n("views_1h"), ViewsDay: n("views_24h"),
			CartsHour: n("cart_adds_1h"),
			CartsDay:  n("cart_adds_24h"), HighDemand: yes("badge"), AsOf: at("as_of"), Gone: yes("gone"),
		}
		return func(b *Batch) { b.Velocity(&v) }
	case BadgeChanges:
		c := signal.BadgeChange{
			Badge: rapid.SampledFrom([]string{signal.LowStock, signal.HighDemand}).Draw(t, "badge"), On: yes("on"),
			StoreID:   text("store_id"),
			ProductID: text("product_id"), At: at("changed_at"), Score: n("score"), Views: n("views"),
			CartAdds: n("cart_adds"), Units: n("units"),
			OnHand: n("on_hand"), Enter: n("enter"), Exit: n("exit"),
		}
		var k clock.Clock
		if yes("has a clock") {
			k = clock.Clock{OriginMs: at("clock_origin"), StartMs: at("clock_started"),
				Speed: rapid.Float64Range(0.1, 3600).Draw(t, "clock_speed")}
		}
		return func(b *Batch) { b.Badge(&c, k) }
	default:
		l := event.DeadLetter{
			Refusal: event.Refusal{Reason: rapid.SampledFrom(event.Reasons[:]).Draw(t, "reason"),
				Detail: text("detail"),
				Item:   item.Draw(t, "item")},
			Stage: event.StageStock, Message: message.Draw(t, "message"), FailedAt: at("failed_at"),
		}
		return func(b *Batch) { b.DeadLetter(l) }
	}
}

// TestRowsOfBothEncodingsAreEqual decodes messages by the descriptor that BigQuery gets, and
// compares them with the lines.
func TestRowsOfBothEncodingsAreEqual(t *testing.T) {
	descriptors := map[Table]protoreflect.MessageDescriptor{}
	for _, table := range Tables {
		descriptors[table] = messageDescriptor(t, table)
	}
	rapid.Check(t, func(t *rapid.T) {
		table, line, message := anyRow(t)
		m := dynamicpb.NewMessage(descriptors[table])
		if err := proto.Unmarshal(message, m); err != nil { // also when a required column is missing
			t.Fatalf("%s: %v", table, err)
		}
		if len(m.GetUnknown()) > 0 {
			t.Fatalf("%s: fields that are no columns, or of another type: %x", table, m.GetUnknown())
		}
		var want map[string]any
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		seen := 0
		for _, c := range table.Columns() {
			field := m.Descriptor().Fields().ByName(protoreflect.Name(c.Name))
			if (want[c.Name] != nil) != m.Has(field) {
				t.Fatalf("%s.%s: %v in the line, in the message: %v", table, c.Name, want[c.Name], m.Has(field))
			}
			if _, ok := want[c.Name]; ok {
				seen++
			}
			if m.Has(field) && !sameValue(c.Type, want[c.Name], m.Get(field)) {
				t.Fatalf("%s.%s: %v in the line, %v in the message", table, c.Name, want[c.Name], m.Get(field))
			}
		}
		if seen != len(want) {
			t.Fatalf("%s: the line has %d values, of which %d are columns: %s", table, len(want), seen, line)
		}
	})
}

// sameValue holds a value of a line against one of a message, as BigQuery's documents say what a
// column's type is written as.
func sameValue(typ string, line any, message protoreflect.Value) bool {
	switch typ {
	case "STRING":
		return line == message.String()
	case "INT64":
		return line.(json.Number).String() == message.String()
	case "FLOAT64":
		f, err := line.(json.Number).Float64()
		return err == nil && f == message.Float()
	case "BOOL":
		return line == message.Bool()
	case "TIMESTAMP":
		at, err := time.Parse(time.RFC3339Nano, line.(string))
		return err == nil && at.UnixMicro() == message.Int()
	case "BYTES":
		return line == base64.StdEncoding.EncodeToString(message.Bytes())
	case "NUMERIC":
		return nearest(line.(json.Number).String(), message.String())
	case "JSON":
		var m any
		err := json.Unmarshal([]byte(message.String()), &m)
		a, _ := json.Marshal(line)
		b, _ := json.Marshal(m)
		return err == nil && bytes.Equal(a, b)
	}
	return false
}

// TestMessageAsJSON: a message becomes the line that the local files have, but for what was
// rounded.
func TestMessageAsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, line, message := anyRow(t)
		again, err := table.JSON(message)
		if err != nil {
			t.Fatal(err)
		}
		var want, got map[string]any
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(again, &got); err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		for name, value := range want {
			if value != nil && name != "price" && !sameJSON(value, got[name]) {
				t.Fatalf("%s.%s: %v became %v", table, name, value, got[name])
			}
		}
		if !math.IsInf(price(want)-price(got), 0) &&
			math.Abs(price(want)-price(got)) > 1e-9*max(1, math.Abs(price(want))) {
			t.Fatalf("price %v became %v", want["price"], got["price"])
		}
	})
	for _, broken := range [][]byte{{0xff}, {0x0a}, {0x0a, 0x05, 'a'}, {0xfa, 0x07, 0x00}} {
		if line, err := Events.JSON(broken); err == nil {
			t.Errorf("%x became %s", broken, line)
		}
	}
}

func price(row map[string]any) float64 {
	f, _ := row["price"].(float64)
	return f
}

func sameJSON(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

func messageDescriptor(t testing.TB, table Table) protoreflect.MessageDescriptor {
	t.Helper()
	d := table.Descriptor()
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{Name: new("row.proto"), Syntax: new("proto2"),
		MessageType: []*descriptorpb.DescriptorProto{d}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return file.Messages().Get(0)
}

func BenchmarkWriteRows(b *testing.B) {
	e := event.UnifiedInventoryEvent{
		ID: "o-1#0", Type: event.Sale, StoreID: "12", ProductID: "555", Quantity: 2, OccurredAt: 1_790_000_000_123,
		Source:      event.POS,
		OrderNumber: "o-1", Line: "3", Price: "19.99", Item: event.NoItem, Message: &event.Message{ID: "1234567890",
			PublishedAt: 1_790_000_000_200},
	}
	for name, batch := range map[string]*Batch{"json": NewLines(), "proto": NewMessages(1 << 20)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				batch.Event(&e, 1_790_000_000_456)
				if batch.Size() > 4<<20 {
					batch.Reset()
				}
			}
		})
	}
}
