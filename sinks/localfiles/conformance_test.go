//go:build unix

package localfiles

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/sinks/sinktest"
)

// row has the columns that the records of the suite become in the tables below.
type row struct {
	Store   string `json:"store_id"`
	Product string `json:"product_id"`

	EventID    int64             `json:"event_id,string"` // events
	Quantity   int64             `json:"quantity"`
	OnHand     int64             `json:"on_hand"` // stock_changes
	Version    int64             `json:"version"`
	Units      int64             `json:"units_sold"` // velocity_signals
	AsOf       any               `json:"as_of"`      // a number there, and a time in stock_changes
	Raw        []byte            `json:"raw"`        // dead_letters
	Attributes map[string]string `json:"attributes"`
	Detail     int64             `json:"detail,string"`
	MessageID  int64             `json:"message_id,string"`
}

func keyOfRow(r row) sinktest.Key { return sinktest.Key{Store: r.Store, Product: r.Product} }

// suiteTable is a table that the suite writes to.
type suiteTable struct {
	name    rows.Table
	add     func(*rows.Batch, sinktest.Record)
	key     func(row) sinktest.Key
	version func(row) int64
	value   func(row) int64
}

var suiteTables = []suiteTable{
	{
		rows.Events,
		func(b *rows.Batch, r sinktest.Record) {
			id := strconv.FormatInt(r.Version, 10)
			b.Event(&event.UnifiedInventoryEvent{ID: id, Type: event.Sale, StoreID: r.Store,
				ProductID: r.Product, Quantity: r.Value}, 0)
		},
		keyOfRow,
		func(r row) int64 { return r.EventID },
		func(r row) int64 { return r.Quantity },
	},
	{
		rows.StockChanges,
		func(b *rows.Batch, r sinktest.Record) {
			b.Stock(&signal.Stock{StoreID: r.Store, ProductID: r.Product, OnHand: r.Value, Version: r.Version})
		},
		keyOfRow,
		func(r row) int64 { return r.Version },
		func(r row) int64 { return r.OnHand },
	},
	{
		rows.VelocitySignals,
		func(b *rows.Batch, r sinktest.Record) {
			b.Velocity(&signal.Velocity{
				StoreID: r.Store, ProductID: r.Product, Window: signal.WindowDay,
				UnitsDay: r.Value, AsOf: r.Version % 1e12,
			})
		},
		keyOfRow,
		func(r row) int64 { return int64(r.AsOf.(float64)) },
		func(r row) int64 { return r.Units },
	},
	{
		rows.DeadLetters,
		func(b *rows.Batch, r sinktest.Record) {
			detail, id := strconv.FormatInt(r.Value, 10), strconv.FormatInt(r.Version, 10)
			b.DeadLetter(event.DeadLetter{
				Refusal: event.Refusal{Reason: event.BadField, Detail: detail, Item: event.NoItem},
				Stage:   event.StageDecode,
				Message: &event.Message{Data: []byte(r.Store),
					Attributes: map[string]string{"product": r.Product}, ID: id},
			})
		},
		func(r row) sinktest.Key { return sinktest.Key{Store: string(r.Raw), Product: r.Attributes["product"]} },
		func(r row) int64 { return r.MessageID },
		func(r row) int64 { return r.Detail },
	},
}

func TestConformance(t *testing.T) {
	for _, table := range suiteTables {
		t.Run(string(table.name), func(t *testing.T) {
			sinktest.Run(t, table.target)
		})
	}
}

func (table suiteTable) target(t *testing.T) sinktest.Target {
	dir := t.TempDir()
	s := openSink(t, dir, Options{})
	filler := fmt.Appendf(nil, `{"as_of":0,"filler":"%s"}`+"\n", strings.Repeat("x", fillerBytes))
	return sinktest.Target{
		Versioned: true,
		Faults: []sinktest.Fault{diskFull(t, dir, table.name, func() error {
			return appendLines(context.Background(), s, table.name, filler)
		})},
		Write: func(ctx context.Context, records []sinktest.Record) error {
			b := s.NewBatch()
			for _, r := range records {
				table.add(b, r)
			}
			_, err := s.Write(ctx, b)
			return err
		},
		Read: func(tb testing.TB, _ []sinktest.Key) map[sinktest.Key]int64 {
			newest := newestRows{}
			for _, line := range tableLines(tb, dir, table.name) {
				var r row
				if err := json.Unmarshal([]byte(line), &r); err != nil {
					tb.Fatalf("%s: %v", line, err)
				}
				newest.add(table.key(r), table.version(r), table.value(r))
			}
			return newest.values()
		},
	}
}

// newestRows is what a view over a table that only grows shows: the newest version of each key.
type newestRows map[sinktest.Key]versioned

type versioned struct{ version, value int64 }

func (n newestRows) add(k sinktest.Key, version, value int64) {
	if old, ok := n[k]; !ok || version >= old.version {
		n[k] = versioned{version, value}
	}
}

func (n newestRows) values() map[sinktest.Key]int64 {
	values := make(map[sinktest.Key]int64, len(n))
	for k, v := range n {
		values[k] = v.value
	}
	return values
}
