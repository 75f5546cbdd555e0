package transforms

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/codec"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/transforms/keyed"
)

// controlOf reads a batch of changes that holds a control and nothing else.
func controlOf(t *testing.T, changes []byte) control {
	t.Helper()
	var h header
	r := codec.Reader{B: changes}
	if h.readChanges(&r); r.Err != nil || r.More() {
		t.Errorf("batch %x: %v", changes, r.Err)
	}
	return h.control
}

// TestInventoryRepublishes: after a loss a key publishes the stock of every pair once, with the
// versions they have.
func TestInventoryRepublishes(t *testing.T) {
	env := newEnv(t, nil)
	s := newStockStage(t, testKeyed(t))
	var events []event.UnifiedInventoryEvent
	for i := range 5 {
		events = append(events, ev(event.Reset, "1", fmt.Sprint("p", i), fmt.Sprint("r", i),
			int64(i), recent(time.Hour)))
	}
	events = append(events, ev(event.View, "1", "seen", "v", 1, recent(time.Minute)))
	versions := map[string]int64{}
	for _, x := range s.commit("0", events...).signals[0].Stocks {
		versions[x.ProductID] = x.Version
	}
	env.Lose(0)
	control := appendControl(appendTokens(nil, nil), republish)
	out := s.bundle("0", control)
	if len(out.signals) != 1 || len(out.signals[0].Stocks) != 5 {
		t.Fatalf("after a loss: %+v", out.signals)
	}
	for _, x := range out.signals[0].Stocks {
		if x.Version != versions[x.ProductID] || !x.Known {
			t.Errorf("%+v, want version %d", x, versions[x.ProductID])
		}
	}
	if out = s.bundle("0", control); len(out.signals) != 0 {
		t.Errorf("asked again: %+v", out.signals)
	}
}

// TestControlsReachProductGroups: a control goes to every product group, and publishes no stock: at
// the end of a drain the signals are written.
func TestControlsReachProductGroups(t *testing.T) {
	env := newEnv(t, nil)
	s := newStockStage(t, testKeyed(t))
	s.commit("0", ev(event.Reset, "1", "p", "r", 1, recent(time.Hour)))
	env.Lose(0)
	for _, want := range []control{evaluate, republish} {
		out := s.bundle(controlKey, appendControl(appendTokens(nil, nil), want))
		if len(out.signals) != 0 || len(out.changes) != s.fn.ProductGroups {
			t.Errorf("control %d: signals %+v, changes for %d product groups of %d", want, out.signals,
				len(out.changes), s.fn.ProductGroups)
		}
		for group, b := range out.changes {
			if got := controlOf(t, b[0]); len(b) != 1 || got != want {
				t.Errorf("product group %s gets control %d, want %d", group, got, want)
			}
		}
	}
}

// TestLossAsksEveryKey: after a loss one of the instances of KeyByStoreProduct asks every key and
// the product groups to republish, in both key modes.
func TestLossAsksEveryKey(t *testing.T) {
	for _, groups := range []keyed.KeyGroups{8, 0} {
		env := newEnv(t, acks.New(10))
		s := newStockStage(t, testKeyed(t))
		s.commit("1:a", ev(event.Sale, "1", "a", "s1", 1, recent(time.Minute)))
		s.commit("2:b", ev(event.Sale, "2", "b", "s2", 1, recent(time.Minute)))
		var asked []string
		emit := func(_ beam.EventTime, key string, batch []byte) {
			var h header
			r := codec.Reader{B: batch}
			if h.readEvents(&r); h.control != republish || r.More() {
				t.Errorf("%s gets %q", key, batch)
			}
			asked = append(asked, key)
			env.Tracker.Release(h.tokens)
		}
		env.Lose(0)
		for range 2 {
			f := &KeyByStoreProductFn{PipelineID: t.Name(), Groups: groups}
			f.Setup()
			f.StartBundle(t.Context(), emit)
			if err := f.FinishBundle(t.Context(), emit); err != nil {
				t.Fatal(err)
			}
		}
		want := groups.Names()
		if groups == 0 {
			want = []string{"1:a", "2:b"}
		}
		want = append(want, controlKey)
		slices.Sort(asked)
		slices.Sort(want)
		if !slices.Equal(asked, want) {
			t.Errorf("asked %v, want %v", asked, want)
		}
		if n := env.Tracker.Outstanding(); n != 0 {
			t.Errorf("%d outstanding", n)
		}
		if err := env.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEvaluateAll returns the reading of every series, though nothing changed.
func TestEvaluateAll(t *testing.T) {
	g := newProductImage(testLimits, testConfig())
	now := time.Now().UnixMilli()
	b := appendDemand(nil, event.Sale, "1", "p", now-minuteMs, 7)
	b = appendDemand(b, event.Sale, "2", "q", now-minuteMs, 3)
	if err := g.apply(&codec.Reader{B: b}, now); err != nil {
		t.Fatal(err)
	}
	collect := func(f func(int64, func(*series, evaluation))) (got []signal.Velocity) {
		f(now, func(s *series, e evaluation) { got = append(got, e.reading.Signal(s.store, s.product.id, now)) })
		slices.SortFunc(got, func(a, b signal.Velocity) int {
			return slices.Compare([]string{a.ProductID, a.StoreID}, []string{b.ProductID, b.StoreID})
		})
		return got
	}
	first := collect(g.evaluate)
	if again := collect(g.evaluate); len(first) != 4 || len(again) != 0 {
		t.Fatalf("got %d, then %d", len(first), len(again))
	}
	if all := collect(g.evaluateAll); !slices.Equal(all, first) {
		t.Errorf("evaluated again %+v, want %+v", all, first)
	}
}
