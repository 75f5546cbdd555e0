//go:build unix

package sinks_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks"
	"github.com/beamlytics/streamlytics/sinks/sinktest"
)

// row is what the suite's records have become, in the terms of the three tables below.
type row struct {
	Store   string `json:"store_id"`
	Product string `json:"product_id"`

	EventID  string `json:"event_id"` // events
	Quantity int64  `json:"quantity"`
	OnHand   int64  `json:"on_hand"` // stock_changes
	Version  int64  `json:"version"`
	Units    int64  `json:"units_sold"` // velocity_signals
	AsOf     any    `json:"as_of"`      // a number there, and a time in stock_changes
}

func TestWarehouseConformance(t *testing.T) {
	for _, table := range []struct {
		name    sinks.Table
		encode  func([]byte, sinktest.Record) []byte
		version func(row) int64
		value   func(row) int64
	}{
		{
			sinks.TableEvents,
			func(b []byte, r sinktest.Record) []byte {
				return sinks.AppendEvent(b, event.UnifiedInventoryEvent{
					ID: strconv.FormatInt(r.Version, 10), Type: event.Sale, StoreID: r.Store, ProductID: r.Product, Quantity: r.Value,
				}, 0)
			},
			func(r row) int64 { v, _ := strconv.ParseInt(r.EventID, 10, 64); return v },
			func(r row) int64 { return r.Quantity },
		},
		{
			sinks.TableStockChanges,
			func(b []byte, r sinktest.Record) []byte {
				return sinks.AppendStockChange(b, signal.Stock{StoreID: r.Store, ProductID: r.Product, OnHand: r.Value, Version: r.Version})
			},
			func(r row) int64 { return r.Version },
			func(r row) int64 { return r.OnHand },
		},
		{
			sinks.TableVelocitySignals,
			func(b []byte, r sinktest.Record) []byte {
				return sinks.AppendVelocity(b, signal.Velocity{
					StoreID: r.Store, ProductID: r.Product, Window: signal.WindowDay, UnitsDay: r.Value, AsOf: r.Version % 1e12,
				})
			},
			func(r row) int64 { return int64(r.AsOf.(float64)) },
			func(r row) int64 { return r.Units },
		},
	} {
		t.Run(string(table.name), func(t *testing.T) {
			sinktest.Run(t, func(t *testing.T) sinktest.Target {
				dir := t.TempDir()
				w := openWarehouse(t, dir, sinks.WarehouseOptions{})
				filler := fmt.Appendf(nil, `{"as_of":0,"filler":"%s"}`+"\n", strings.Repeat("x", fillerBytes))
				return sinktest.Target{
					Versioned: true,
					Faults: []sinktest.Fault{diskFull(t, dir, table.name, func() error {
						return w.Append(context.Background(), table.name, filler)
					})},
					Write: func(ctx context.Context, records []sinktest.Record) error {
						var lines []byte
						for _, r := range records {
							lines = table.encode(lines, r)
						}
						return w.Append(ctx, table.name, lines)
					},
					Read: func(tb testing.TB, _ []sinktest.Key) map[sinktest.Key]int64 {
						newest := newestRows{}
						for _, line := range tableLines(tb, dir, table.name) {
							var r row
							if err := json.Unmarshal([]byte(line), &r); err != nil {
								tb.Fatalf("%s: %v", line, err)
							}
							newest.add(sinktest.Key{Store: r.Store, Product: r.Product}, table.version(r), table.value(r))
						}
						return newest.values()
					},
				}
			})
		})
	}
}

func TestDeadLettersConformance(t *testing.T) {
	sinktest.Run(t, func(t *testing.T) sinktest.Target {
		dir := t.TempDir()
		d := sinks.NewDeadLetters(openWarehouse(t, dir, sinks.WarehouseOptions{}), nil)
		filler := event.DeadLetter{Refusal: event.Refusal{Detail: "0"}, Message: &event.Message{ID: "0", Data: make([]byte, fillerBytes)}}
		return sinktest.Target{
			Versioned: true,
			Faults: []sinktest.Fault{diskFull(t, dir, sinks.TableDeadLetters, func() error {
				return d.Write(context.Background(), []event.DeadLetter{filler})
			})},
			Write: func(ctx context.Context, records []sinktest.Record) error {
				letters := make([]event.DeadLetter, len(records))
				for i, r := range records {
					letters[i] = event.DeadLetter{
						Refusal: event.Refusal{Reason: event.BadField, Detail: strconv.FormatInt(r.Value, 10), Item: event.NoItem},
						Stage:   event.StageDecode,
						Message: &event.Message{
							Data: []byte(r.Store), Attributes: map[string]string{"product": r.Product}, ID: strconv.FormatInt(r.Version, 10),
						},
					}
				}
				return d.Write(ctx, letters)
			},
			Read: func(tb testing.TB, _ []sinktest.Key) map[sinktest.Key]int64 {
				newest := newestRows{}
				for l, err := range sinks.ReadDeadLetters(dir) {
					if err != nil {
						tb.Fatal(err)
					}
					version, versionErr := strconv.ParseInt(*l.MessageID, 10, 64)
					value, valueErr := strconv.ParseInt(l.Detail, 10, 64)
					if versionErr != nil || valueErr != nil {
						tb.Errorf("letter %+v", l)
					}
					newest.add(sinktest.Key{Store: string(l.Raw), Product: l.Attributes["product"]}, version, value)
				}
				return newest.values()
			},
		}
	})
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
