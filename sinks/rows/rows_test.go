package rows

import (
	"bytes"
	"encoding/json"
	"maps"
	"testing"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/signal"
)

var fullEvent = event.UnifiedInventoryEvent{
	ID: `o-1"x#0`, Type: event.CartAdd, StoreID: "Zürich", ProductID: "p\\1", Quantity: -2,
	OccurredAt: 1_790_000_000_123,
	Source:     event.ECOM, OrderNumber: "o-1", Line: "3", UserID: "u\u2028", ClientID: "c<&>", DepartmentID: "d",
	Price: "19.990",
	Item:  0, Message: &event.Message{ID: "m1", PublishedAt: 1_790_000_000_200},
}

func TestRows(t *testing.T) {
	for name, test := range map[string]struct {
		line []byte
		want map[string]any
	}{
		"event": {
			eventLine(fullEvent, 1_790_000_000_456),
			map[string]any{
				"event_id": `o-1"x#0`, "type": "CART_ADD", "store_id": "Zürich", "product_id": `p\1`,
				"quantity":    json.Number("-2"),
				"occurred_at": "2026-09-21T14:13:20.123Z", "source": "ECOM", "order_number": "o-1", "line": "3",
				"price": json.Number("19.990"), "user_id": "u\u2028", "client_id": "c<&>", "department_id": "d",
				"item":       json.Number("0"),
				"message_id": "m1", "published_at": "2026-09-21T14:13:20.200Z",
				"ingested_at": "2026-09-21T14:13:20.456Z",
			},
		},
		"event of a file": {
			eventLine(event.UnifiedInventoryEvent{
				ID: "e", Type: event.Reset, StoreID: "s", ProductID: "p", OccurredAt: 946684800000, Source: event.FILE,
				Item:    event.NoItem,
				Message: &event.Message{File: "f", Line: 1},
			}, 1_790_000_000_000),
			map[string]any{
				"event_id": "e", "type": "RESET", "store_id": "s", "product_id": "p", "quantity": json.Number("0"),
				"occurred_at": "2000-01-01T00:00:00.000Z", "source": "FILE", "ingested_at": "2026-09-21T14:13:20.000Z",
			},
		},
		"stock": {
			stockLine(signal.Stock{
				StoreID: "s", ProductID: "p", OnHand: -1, Version: 1<<53 - 1, Known: true, Barrier: 1_790_000_000_000,
				AsOf: 1_790_000_000_001, Badge: signal.LowStock,
			}),
			map[string]any{
				"scope": "store", "store_id": "s", "product_id": "p", "on_hand": json.Number("-1"),
				"version": json.Number("9007199254740991"), "known": true, "barrier": "2026-09-21T14:13:20.000Z",
				"as_of": "2026-09-21T14:13:20.001Z", "badge": "LOW_STOCK",
			},
		},
		"global stock": {
			stockLine(signal.Stock{ProductID: "p", OnHand: 9, Version: 2, AsOf: 1_790_000_000_000}),
			map[string]any{
				"scope": "global", "product_id": "p", "on_hand": json.Number("9"),
				"version": json.Number("2"), "known": false,
				"as_of": "2026-09-21T14:13:20.000Z",
			},
		},
		"low stock badge": {
			badgeLine(signal.BadgeChange{
				Badge: signal.LowStock, On: true, StoreID: "s", ProductID: "p", At: 1_790_000_000_000,
				OnHand: 5, Enter: 5, Exit: 8,
			}, clock.Clock{}),
			map[string]any{
				"scope": "store", "store_id": "s", "product_id": "p", "badge": "LOW_STOCK", "is_on": true,
				"changed_at": "2026-09-21T14:13:20.000Z", "on_hand": json.Number("5"), "enter": json.Number("5"),
				"exit":        json.Number("8"),
				"clock_speed": json.Number("1"),
			},
		},
		"high demand badge": {
			badgeLine(signal.BadgeChange{
				Badge: signal.HighDemand, ProductID: "p", At: 1_790_000_000_000, Score: 49,
				Views: 4, CartAdds: 1, Units: 4,
				Enter: 100, Exit: 50,
			}, clock.Clock{OriginMs: 1_789_999_940_000, StartMs: 1_780_000_000_000, Speed: 0.5}),
			map[string]any{
				"scope": "global", "product_id": "p", "badge": "HIGH_DEMAND", "is_on": false,
				"changed_at": "2026-09-21T14:13:20.000Z",
				"score":      json.Number("49"), "views": json.Number("4"),
				"cart_adds": json.Number("1"), "units": json.Number("4"),
				"enter": json.Number("100"), "exit": json.Number("50"), "clock_origin": "2026-09-21T14:12:20.000Z",
				"clock_started": "2026-05-28T20:26:40.000Z", "clock_speed": json.Number("0.5"),
			},
		},
	} {
		if got := decodeLine(t, test.line); !maps.Equal(got, test.want) {
			t.Errorf("%s:\n%v\nwant\n%v", name, got, test.want)
		}
	}
}

// A velocity row is what Redis serves, plus what the warehouse needs.
func TestVelocityRow(t *testing.T) {
	for _, v := range []signal.Velocity{
		{StoreID: "s", ProductID: "p", Window: signal.WindowDay, UnitsHour: 1, UnitsDay: 120, AsOf: 1_790_000_000_000},
		{ProductID: "p", Window: signal.WindowDay, AsOf: 1_790_000_000_000, Gone: true},
	} {
		want := decodeLine(t, append(v.AppendJSON(nil), '\n'))
		want["evaluated_at"] = "2026-09-21T14:13:20.000Z"
		want["scope"] = "store"
		if v.StoreID == "" {
			want["scope"] = "global"
		}
		if v.Gone {
			want["gone"] = true
		}
		if got := decodeLine(t, velocityLine(v)); !maps.Equal(got, want) {
			t.Errorf("%v\nwant\n%v", got, want)
		}
	}
}

func line(table Table, add func(*Batch)) []byte {
	b := NewLines()
	add(b)
	return b.Lines(table)
}

func eventLine(e event.UnifiedInventoryEvent, ingestedAt int64) []byte {
	return line(Events, func(b *Batch) { b.Event(&e, ingestedAt) })
}

func stockLine(s signal.Stock) []byte { return line(StockChanges, func(b *Batch) { b.Stock(&s) }) }

func velocityLine(v signal.Velocity) []byte {
	return line(VelocitySignals, func(b *Batch) { b.Velocity(&v) })
}

func badgeLine(c signal.BadgeChange, k clock.Clock) []byte {
	return line(BadgeChanges, func(b *Batch) { b.Badge(&c, k) })
}

// decodeLine reads one row and checks that it is one line.
func decodeLine(t *testing.T, line []byte) map[string]any {
	t.Helper()
	if bytes.IndexByte(line, '\n') != len(line)-1 {
		t.Errorf("not one line: %q", line)
	}
	var row map[string]any
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&row); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return row
}
