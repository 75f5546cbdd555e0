package transforms

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/test/truth"
)

// TestInventoryOverFailingBundles retries bundles that fail after they have said something, loses images and lets zombies speak.
// What stands in Redis at the end is the truth about the events, and what the product stage heard adds up to it.
func TestInventoryOverFailingBundles(t *testing.T) {
	for name, cacheBytes := range map[string]int{"cached": 1 << 30, "every image evicted": 1} {
		t.Run(name, func(t *testing.T) {
			newEnv(t, nil)
			s := newStockStage(t, cacheBytes)
			r, trade := rand.New(rand.NewPCG(1, 6)), newTrade(6)
			said := stocks{}
			products := newProductImage(testLimits, testConfig())
			for range 150 {
				now := time.Now().UnixMilli()
				groups := map[string][]event.Event{}
				for _, e := range trade.draw(20, now) {
					key := "0"
					if (e.StoreID + e.ProductID)[1]%2 == 0 {
						key = "1"
					}
					groups[key] = append(groups[key], e)
				}
				for key, events := range groups {
					batch := batchOf(t, nil, events...)
					for r.IntN(4) == 0 {
						s.bundle(key, batch) // fails; what it said is not delivered either, as its bundle has no output
					}
					b, out := s.bundle(key, batch)
					if r.IntN(4) == 0 {
						s.bundle(key, batch) // a zombie is late
					}
					b.commit()
					for _, batch := range out.signals {
						said.take(t, batch)
					}
					for _, change := range out.changes {
						re := reader{b: change}
						re.tokens(nil)
						re.varint() // publish time
						if err := products.apply(&re, now); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			said.check(t, trade.taken)
			sums := truth.Global(truth.Stock(oracleEvents(trade.taken)))
			for id, want := range sums {
				if p := products.products[id]; p == nil || p.stock.OnHand != want {
					t.Errorf("over all stores %s is %+v, want %d", id, p, want)
				}
			}
		})
	}
}

// TestInventoryRestore: a process that finds nothing but the mirror goes on where the last one was, and tells the product stage
// all that it needs.
func TestInventoryRestore(t *testing.T) {
	env := newEnv(t, nil)
	env.SetState(&process.State{Log: func(context.Context, string) ([][]byte, error) { return nil, nil }})
	before := newStockStage(t, 1<<20)
	mirror := map[string][][]byte{}
	write := func(out stockOut) {
		for _, b := range out.signals {
			for _, w := range b.Logs {
				if w.Anew {
					mirror[w.Key] = nil
				}
				mirror[w.Key] = append(mirror[w.Key], slices.Clone(w.Record))
			}
		}
	}
	trade := newTrade(8)
	now := time.Now().UnixMilli()
	for range 30 {
		write(before.commit("0", trade.draw(10, now)...))
	}

	env.SetState(&process.State{Log: func(_ context.Context, key string) ([][]byte, error) { return mirror[key], nil }})
	after := newStockStage(t, 1)
	b, out := after.bundle("0", append(appendTokens(nil, nil), wakeUp...))
	b.commit()
	write(out)
	g := newProductImage(testLimits, testConfig())
	for _, change := range out.changes {
		r := reader{b: change}
		r.tokens(nil)
		r.varint() // publish time
		if err := g.apply(&r, now); err != nil {
			t.Fatal(err)
		}
	}
	g.settle(0, func(p *product) { t.Errorf("stock of %s over all stores is said before all keys are restored", p.id) })
	for id, want := range truth.Global(truth.Stock(oracleEvents(trade.taken))) {
		if p := g.products[id]; p == nil || p.stock.OnHand != want {
			t.Errorf("over all stores %s is %+v, want %d", id, p, want)
		}
	}
	for key, want := range truth.Velocity(oracleEvents(trade.taken), now) {
		p := g.products[key.Product]
		if p == nil {
			t.Fatalf("velocity of %s is not restored", key.Product)
		}
		s := &p.global
		if key.Store != "" {
			s = p.stores[key.Store]
		}
		if s == nil {
			if want.Must {
				t.Errorf("velocity of %v is not restored", key)
			}
			continue
		}
		if r, _, _ := s.Evaluate(now, g.config); !want.UnitsDay.Contains(r.UnitsDay) || !want.ViewsHour.Contains(r.ViewsHour) || !want.CartsDay.Contains(r.CartsDay) {
			t.Errorf("velocity of %v is %+v, want %+v", key, r, want)
		}
	}

	said := stocks{}
	for range 10 {
		out := after.commit("0", trade.draw(10, now)...)
		write(out)
	}
	// Everything is repeated, so that the last word on every key is heard.
	for _, batch := range after.commit("0", trade.taken...).signals {
		said.take(t, batch)
	}
	said.check(t, trade.taken)
	again := replayed(t, mirror["0"])
	if _, accepted := again.heard(t, now, 0, trade.taken); len(accepted) > 0 {
		t.Errorf("the mirror does not know %d events", len(accepted))
	}
}

// TestInventoryWakeUpOfNothing: waking a key of which there is no state does nothing.
func TestInventoryWakeUpOfNothing(t *testing.T) {
	env := newEnv(t, nil)
	env.SetState(&process.State{Log: func(context.Context, string) ([][]byte, error) { return nil, nil }})
	s := newStockStage(t, 1<<20)
	b, out := s.bundle("0", append(appendTokens(nil, nil), wakeUp...))
	if b.commit(); len(out.signals)+len(out.letters)+len(out.changes) != 0 {
		t.Errorf("it says %+v", out)
	}
}
