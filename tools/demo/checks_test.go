package demo

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/test/truth"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// playedWorld returns a small world after its first hours, and a Redis that holds what a correct
// pipeline would have written.
func playedWorld(t *testing.T) (*store, *retail.World) {
	t.Helper()
	s, sink := openTestStore(t)
	start := time.Date(2024, time.May, 13, 10, 0, 0, 0, time.UTC)
	w := retail.New(retail.Config{Seed: 2, Shops: 3, Products: 60, EventsPerSecond: 0.2}, start.UnixMilli())
	w.Advance(start.Add(3 * time.Hour).UnixMilli())
	stock := w.Truth().Ledger.Stock()
	for product, onHand := range truth.Global(stock) {
		stock[truth.Key{Product: product}] = truth.Result{OnHand: onHand, Known: true}
	}
	var stocks []signal.Stock
	for key, r := range stock {
		stocks = append(stocks, signal.Stock{StoreID: key.Store, ProductID: key.Product, OnHand: r.OnHand, Version: 1,
			Known: r.Known, Barrier: r.Barrier})
	}
	if err := sink.WriteStock(t.Context(), stocks); err != nil {
		t.Fatal(err)
	}
	return s, w
}

func TestStockIsComparedWithTheTruth(t *testing.T) {
	s, w := playedWorld(t)
	c := &checks{rdb: s.client, ledger: w.Truth().Ledger}
	check := func(wrong int64) {
		t.Helper()
		if err := c.stock(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		if c.verdict.Keys < 4*60 || c.verdict.Wrong != wrong {
			t.Errorf("%+v, want %d wrong; %q", c.verdict, wrong, c.samples)
		}
	}
	check(0)
	product := w.Products()[0].ID
	global := signal.StockKey("", product)
	right, err := s.client.Get(t.Context(), global).Result()
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{global: right + "0", "stock:nowhere:" + product: "1"} {
		if err := s.client.Set(t.Context(), key, value, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.client.Del(t.Context(), signal.StockKey("online", product)).Err(); err != nil {
		t.Fatal(err)
	}
	check(3)
	if len(c.samples) != 3 {
		t.Errorf("samples %q", c.samples)
	}
	// A key that was wrong once stays counted.
	if err := s.client.Set(t.Context(), global, right, 0).Err(); err != nil {
		t.Fatal(err)
	}
	check(3)
	s.close()
	if err := c.stock(t.Context(), false); err == nil {
		t.Error("a Redis that is gone was compared")
	}
}

func TestDeadLettersAreComparedWithTheTruth(t *testing.T) {
	dir, start := t.TempDir(), time.Now()
	if err := os.MkdirAll(filepath.Join(dir, "dead_letters"), 0o755); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for _, l := range []struct {
		reason event.Reason
		at     time.Time
	}{
		{event.BadJSON, start.Add(-time.Hour)}, // of an earlier run
		{event.BadJSON, start.Add(time.Second)}, {event.BadJSON, start.Add(time.Minute)},
		{event.BadID, start.Add(time.Minute)},
	} {
		line, err := json.Marshal(map[string]any{"reason": l.reason, "failed_at": l.at})
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	if err := os.WriteFile(filepath.Join(dir, "dead_letters", "1.jsonl"), []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		truth           map[event.Reason]int64
		redelivered     bool
		compared, wrong int
	}{
		{map[event.Reason]int64{event.BadJSON: 2, event.BadID: 1}, false, 3, 0},
		{map[event.Reason]int64{event.BadJSON: 4, event.BadID: 1}, false, 5, 2},
		{map[event.Reason]int64{event.BadJSON: 2, event.Future: 1}, false, 3, 2},
		{map[event.Reason]int64{event.BadJSON: 1}, false, 1, 2},
		{map[event.Reason]int64{event.BadJSON: 1}, true, 1, 0},
		{map[event.Reason]int64{event.BadJSON: 3}, true, 3, 1},
	} {
		got, err := checkDeadLetters(dir, start, c.truth, c.redelivered)
		if err != nil || got.Keys != c.compared || got.Count() != c.wrong {
			t.Errorf("%v, redelivered %v: %+v, %v; want %d compared, %d wrong", c.truth, c.redelivered, got, err,
				c.compared, c.wrong)
		}
	}
}
