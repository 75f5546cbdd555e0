package transforms

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/signal"
)

// TestJournalBeginsAnewAfterALoss: a key that has said nothing since Redis lost data owes everything, once, and its log begins anew.
func TestJournalBeginsAnewAfterALoss(t *testing.T) {
	n := newNotebook(t, 1<<20)
	n.note("a", "1").commit()
	n.losses = 1
	for _, want := range []bool{true, false} {
		b := n.runner.open("a")
		c, err := n.journal.open(t.Context(), b, "a")
		if err != nil {
			t.Fatal(err)
		}
		if got := n.owes("a", c); got != want {
			t.Errorf("owes everything: %v, want %v", got, want)
		}
		if w := n.write(b, "a", c, "x"); w.Anew != want || w.Losses != 1 {
			t.Errorf("log write %+v, want anew %v", w, want)
		}
		b.commit()
	}
	n.want("a", "1", "x", "x")
}

// TestInventorySaysAllAfterALoss: a woken key says the stock of all its pairs, with the versions they have, and every product
// group is told.
func TestInventorySaysAllAfterALoss(t *testing.T) {
	env := newEnv(t, nil)
	s := newStockStage(t, 1<<20)
	var events []event.Event
	for i := range 5 {
		events = append(events, ev(event.Reset, "1", fmt.Sprint("p", i), fmt.Sprint("r", i), int64(i), recent(time.Hour)))
	}
	events = append(events, ev(event.View, "1", "seen", "v", 1, recent(time.Minute)))
	versions := map[string]int64{}
	for _, x := range s.commit("0", events...).signals[0].Stocks {
		versions[x.ProductID] = x.Version
	}
	env.Lose(0)
	b, out := s.bundle("0", append(appendTokens(nil, nil), wakeUp...))
	b.commit()
	if len(out.signals) != 1 || len(out.signals[0].Stocks) != 5 {
		t.Fatalf("a woken key says %+v", out.signals)
	}
	for _, x := range out.signals[0].Stocks {
		if x.Version != versions[x.ProductID] || !x.Known {
			t.Errorf("%+v, want version %d", x, versions[x.ProductID])
		}
	}
	if len(out.changes) != s.fn.ProductGroups {
		t.Errorf("%d product groups are told, want all %d", len(out.changes), s.fn.ProductGroups)
	}
	b, out = s.bundle("0", append(appendTokens(nil, nil), wakeUp...))
	b.commit()
	if len(out.signals) != 0 {
		t.Errorf("woken again, it says %+v", out.signals)
	}
}

// TestEndSaysNothing: the end of the input is passed on to every product group, and that is all, also when the last that happened was a
// loss. The signals of a drain are written by then, and a group that is told more does not give up its timer.
func TestEndSaysNothing(t *testing.T) {
	env := newEnv(t, nil)
	s := newStockStage(t, 1<<20)
	s.commit("0", ev(event.Reset, "1", "p", "r", 1, recent(time.Hour)))
	env.Lose(0)
	env.End()
	b, out := s.bundle(endKey, appendTokens(nil, nil))
	b.commit()
	if len(out.signals) != 0 || len(out.changes) != s.fn.ProductGroups {
		t.Errorf("the end says %+v to Redis and something to %d product groups, want nothing, and all %d", out.signals, len(out.changes), s.fn.ProductGroups)
	}
	for group, b := range out.changes {
		r := reader{b: b}
		r.tokens(nil)
		r.varint()
		if len(r.b) != 0 || r.err != nil {
			t.Errorf("product group %s is told %x, %v", group, r.b, r.err)
		}
	}
}

// TestKeysAreWokenOnce: one of the instances that group events wakes every key when Redis has lost data, in both key modes.
func TestKeysAreWokenOnce(t *testing.T) {
	for _, groups := range []KeyGroups{8, 0} {
		env := newEnv(t, acks.New(10))
		book, err := inventoryKeys(env)
		if err != nil {
			t.Fatal(err)
		}
		book.note("1:a")
		book.note("2:b")
		var woken []string
		emit := func(_ beam.EventTime, key string, batch []byte) {
			r := reader{b: batch}
			tokens := r.tokens(nil)
			if string(r.b) != string(sayAll) || r.err != nil {
				t.Errorf("%s gets %q", key, batch)
			}
			woken = append(woken, key)
			env.Tracker.Release(tokens)
		}
		env.Lose(0)
		for range 2 {
			f := &keyByStoreProductFn{PipelineID: t.Name(), Groups: groups}
			if err := f.Setup(); err != nil {
				t.Fatal(err)
			}
			f.StartBundle(t.Context(), emit)
			f.FinishBundle(t.Context(), emit)
		}
		want := groups.Names()
		if groups == 0 {
			want = []string{"1:a", "2:b"}
		}
		slices.Sort(woken)
		slices.Sort(want)
		if !slices.Equal(woken, want) {
			t.Errorf("woken %v, want %v", woken, want)
		}
		if n := env.Tracker.Outstanding(); n != 0 {
			t.Errorf("%d outstanding", n)
		}
		if err := env.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestProductsSayAllAfterALoss: velocity and the stock over all stores are said again as they stand, though nothing changed.
func TestProductsSayAllAfterALoss(t *testing.T) {
	g := newProductImage(testLimits, testConfig())
	now := time.Now().UnixMilli()
	b := appendDemand(nil, event.Sale, "1", "p", now-minuteMs, 7)
	b = appendDemand(b, event.Sale, "2", "q", now-minuteMs, 3)
	if err := g.apply(&reader{b: b}, now); err != nil {
		t.Fatal(err)
	}
	collect := func(f func(int64, func(*series, evaluation))) (said []signal.Velocity) {
		f(now, func(s *series, e evaluation) { said = append(said, e.reading.Signal(s.store, s.product.id, now)) })
		slices.SortFunc(said, func(a, b signal.Velocity) int {
			return slices.Compare([]string{a.ProductID, a.StoreID}, []string{b.ProductID, b.StoreID})
		})
		return said
	}
	first := collect(g.evaluate)
	if again := collect(g.evaluate); len(first) != 4 || len(again) != 0 {
		t.Fatalf("said %d, then %d", len(first), len(again))
	}
	if all := collect(g.evaluateAll); !slices.Equal(all, first) {
		t.Errorf("after a loss %+v, want %+v", all, first)
	}
}
