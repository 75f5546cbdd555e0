package retail

import (
	"maps"
	"testing"
	"time"
)

// morning is a Monday, when the first shops are about to open.
var morning = time.Date(2024, time.May, 13, 8, 0, 0, 0, time.UTC).UnixMilli()

func TestTruthCanBeAskedWhileTheWorldGoesOn(t *testing.T) {
	w := New(Config{Seed: 11, Shops: 3, Products: 20, EventsPerSecond: 1}, morning)
	to := morning + 2*time.Hour.Milliseconds()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for at := morning; at <= to; at += 60_000 {
			w.Advance(at)
		}
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		sum, global := map[string]int64{}, map[string]int64{}
		w.Truth().EachStock(func(_, product string, onHand int64, known bool) {
			if known {
				sum[product] += onHand
			}
		})
		for product := range sum {
			global[product], _ = w.Truth().GlobalOnHand(product)
		}
		w.Truth().Busiest(to, time.Hour, 3)
		if !running && !maps.Equal(sum, global) {
			t.Errorf("stock %v, global %v", sum, global)
		}
	}
	if _, _, ok := w.Truth().OnHand("amsterdam", "nothing"); ok {
		t.Error("there is stock of nothing")
	}
}
