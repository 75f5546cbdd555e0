package sinks

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/fakebigquery"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks/sinktest"
)

// storedRow is what the suite's records have become, in the terms of the tables below.
type storedRow struct {
	Store   string `json:"store_id"`
	Product string `json:"product_id"`

	EventID  string `json:"event_id"` // events
	Quantity int64  `json:"quantity"`
	OnHand   int64  `json:"on_hand"` // stock_changes
	Version  int64  `json:"version"`

	Raw        []byte            `json:"raw"` // dead_letters
	Attributes map[string]string `json:"attributes"`
	MessageID  string            `json:"message_id"`
	Detail     string            `json:"detail"`
}

// number is a number that the suite's record had, and that became text.
func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64) // else a version that is found missing
	return n
}

func TestBigQueryConformance(t *testing.T) {
	for _, table := range []struct {
		name    Table
		write   func(context.Context, *BigQuery, []sinktest.Record) error
		key     func(storedRow) sinktest.Key
		version func(storedRow) int64
		value   func(storedRow) int64
	}{
		{
			TableEvents,
			appendRecords(TableEvents, func(r *row, x sinktest.Record) {
				r.event(&event.Event{ID: strconv.FormatInt(x.Version, 10), Type: event.Sale, StoreID: x.Store, ProductID: x.Product, Quantity: x.Value}, 0)
			}),
			func(r storedRow) sinktest.Key { return sinktest.Key{Store: r.Store, Product: r.Product} },
			func(r storedRow) int64 { return number(r.EventID) },
			func(r storedRow) int64 { return r.Quantity },
		},
		{
			TableStockChanges,
			appendRecords(TableStockChanges, func(r *row, x sinktest.Record) {
				r.stock(&signal.Stock{StoreID: x.Store, ProductID: x.Product, OnHand: x.Value, Version: x.Version})
			}),
			func(r storedRow) sinktest.Key { return sinktest.Key{Store: r.Store, Product: r.Product} },
			func(r storedRow) int64 { return r.Version },
			func(r storedRow) int64 { return r.OnHand },
		},
		{
			TableDeadLetters,
			func(ctx context.Context, b *BigQuery, records []sinktest.Record) error {
				letters := make([]event.DeadLetter, len(records))
				for i, x := range records {
					letters[i] = event.DeadLetter{
						Refusal: event.Refusal{Reason: event.BadField, Detail: strconv.FormatInt(x.Value, 10), Item: event.NoItem}, Stage: event.StageDecode,
						Message: &event.Message{Data: []byte(x.Store), Attributes: map[string]string{"product": x.Product}, ID: strconv.FormatInt(x.Version, 10)},
					}
				}
				return NewDeadLetters(nil, b).Write(ctx, letters)
			},
			func(r storedRow) sinktest.Key {
				return sinktest.Key{Store: string(r.Raw), Product: r.Attributes["product"]}
			},
			func(r storedRow) int64 { return number(r.MessageID) },
			func(r storedRow) int64 { return number(r.Detail) },
		},
	} {
		t.Run(string(table.name), func(t *testing.T) {
			sinktest.Run(t, func(t *testing.T) sinktest.Target {
				s := newBigQueryStand(t, 0)
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
						{Name: "service unavailable", Down: inject(fakebigquery.Faults{Deny: codes.Unavailable}), Up: inject(fakebigquery.Faults{})},
						{Name: "permission denied", Down: inject(fakebigquery.Faults{Deny: codes.PermissionDenied}), Up: inject(fakebigquery.Faults{})},
						{Name: "requests fail", Down: inject(fakebigquery.Faults{FailAppends: 1 << 30}), Up: inject(fakebigquery.Faults{})},
					},
					Write: func(ctx context.Context, records []sinktest.Record) error {
						return table.write(ctx, s.BigQuery, records)
					},
					Read: func(tb testing.TB, _ []sinktest.Key) map[sinktest.Key]int64 {
						values, versions := map[sinktest.Key]int64{}, map[sinktest.Key]int64{}
						for _, line := range s.server.Rows(s.config.path(table.name)) {
							var r storedRow
							if err := json.Unmarshal(line, &r); err != nil {
								tb.Fatal(fmt.Errorf("%s: %w", line, err))
							}
							k := table.key(r)
							if old, ok := versions[k]; !ok || table.version(r) >= old {
								versions[k], values[k] = table.version(r), table.value(r)
							}
						}
						return values
					},
				}
			})
		})
	}
}

func appendRecords(table Table, describe func(*row, sinktest.Record)) func(context.Context, *BigQuery, []sinktest.Record) error {
	return func(ctx context.Context, b *BigQuery, records []sinktest.Record) error {
		rows := make([][]byte, len(records))
		for i, x := range records {
			r := protoRow(nil, table)
			describe(&r, x)
			rows[i] = r.end()
		}
		return b.Append(ctx, table, rows)
	}
}
