package bigquery

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/sinks/sinktest"
	"github.com/beamlytics/streamlytics/test/fakes/fakebigquery"
)

// storedRow is a row that the service has.
type storedRow map[string]any

// text is a value that is text; of raw it is base64.
func (r storedRow) text(column string) string {
	s, _ := r[column].(string) // else empty, and found to be wrong
	return s
}

// number is a value that is a number, or a number that the suite's record had and that became text.
func (r storedRow) number(column string) int64 {
	n, _ := strconv.ParseInt(fmt.Sprint(r[column]), 10, 64) // else 0, and found to be wrong
	return n
}

func keyOfEvent(r storedRow) sinktest.Key {
	return sinktest.Key{Store: r.text("store_id"), Product: r.text("product_id")}
}

func keyOfLetter(r storedRow) sinktest.Key {
	store, _ := base64.StdEncoding.DecodeString(r.text("raw"))
	attributes, _ := r["attributes"].(map[string]any)
	return sinktest.Key{Store: string(store), Product: fmt.Sprint(attributes["product"])}
}

// suiteTable is a table that the suite writes to.
type suiteTable struct {
	name    rows.Table
	add     func(*rows.Batch, sinktest.Record)
	key     func(storedRow) sinktest.Key
	version string // column
	value   string // column
}

var suiteTables = []suiteTable{
	{
		rows.Events,
		func(b *rows.Batch, x sinktest.Record) {
			id := strconv.FormatInt(x.Version, 10)
			b.Event(&event.UnifiedInventoryEvent{ID: id, Type: event.Sale, StoreID: x.Store,
				ProductID: x.Product, Quantity: x.Value}, 0)
		},
		keyOfEvent, "event_id", "quantity",
	},
	{
		rows.StockChanges,
		func(b *rows.Batch, x sinktest.Record) {
			b.Stock(&signal.Stock{StoreID: x.Store, ProductID: x.Product, OnHand: x.Value, Version: x.Version})
		},
		keyOfEvent, "version", "on_hand",
	},
	{
		rows.DeadLetters,
		func(b *rows.Batch, x sinktest.Record) {
			detail, id := strconv.FormatInt(x.Value, 10), strconv.FormatInt(x.Version, 10)
			b.DeadLetter(event.DeadLetter{
				Refusal: event.Refusal{Reason: event.BadField, Detail: detail, Item: event.NoItem},
				Stage:   event.StageDecode,
				Message: &event.Message{Data: []byte(x.Store),
					Attributes: map[string]string{"product": x.Product}, ID: id},
			})
		},
		keyOfLetter, "message_id", "detail",
	},
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, table := range suiteTables {
		t.Run(string(table.name), func(t *testing.T) {
			t.Parallel()
			sinktest.Run(t, table.target)
		})
	}
}

func (table suiteTable) target(t *testing.T) sinktest.Target {
	s := newStand(t)
	inject := func(f fakebigquery.Faults) func() {
		return func() { s.server.Inject(func(old *fakebigquery.Faults) { *old = f }) }
	}
	return sinktest.Target{
		Versioned: true,
		Faults: []sinktest.Fault{
			{Name: "service gone", Down: s.server.Stop, Up: func() {
				if err := s.server.Restart(); err != nil {
					t.Error(err)
				}
			}},
			{Name: "service hangs", Down: inject(fakebigquery.Faults{Hang: true}), Up: inject(fakebigquery.Faults{})},
			{Name: "service unavailable", Down: inject(fakebigquery.Faults{Deny: codes.Unavailable}),
				Up: inject(fakebigquery.Faults{})},
			{Name: "permission denied", Down: inject(fakebigquery.Faults{Deny: codes.PermissionDenied}),
				Up: inject(fakebigquery.Faults{})},
			{Name: "requests fail", Down: inject(fakebigquery.Faults{FailAppends: 1 << 30}),
				Up: inject(fakebigquery.Faults{})},
		},
		Write: func(ctx context.Context, records []sinktest.Record) error {
			b := s.NewBatch()
			for _, r := range records {
				table.add(b, r)
			}
			_, err := s.Write(ctx, b)
			return err
		},
		Read: func(tb testing.TB, _ []sinktest.Key) map[sinktest.Key]int64 {
			values, versions := map[sinktest.Key]int64{}, map[sinktest.Key]int64{}
			for _, line := range s.server.Rows(s.config.path(table.name)) {
				var r storedRow
				d := json.NewDecoder(bytes.NewReader(line))
				d.UseNumber()
				if err := d.Decode(&r); err != nil {
					tb.Fatal(fmt.Errorf("%s: %w", line, err))
				}
				k := table.key(r)
				if old, ok := versions[k]; !ok || r.number(table.version) >= old {
					versions[k], values[k] = r.number(table.version), r.number(table.value)
				}
			}
			return values
		},
	}
}
