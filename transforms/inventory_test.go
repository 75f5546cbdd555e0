package transforms

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/state"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/oracle"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/signal"
)

// stockStage runs inventoryStatefulFn over a fake runner.
type stockStage struct {
	t      *testing.T
	fn     *inventoryStatefulFn
	runner *runner
}

// stockOut is what one bundle emitted.
type stockOut struct {
	signals []signal.Batch
	letters []event.DeadLetter
	changes map[string][]byte
}

func newStockStage(t *testing.T, cacheBytes int) *stockStage {
	fn := &inventoryStatefulFn{PipelineID: t.Name(), Limits: testLimits, ProductGroups: 4, CacheBytes: cacheBytes,
		Stamp: state.MakeValueState[int64]("stamp"), Log: state.MakeBagState[[]byte]("log")}
	if err := fn.Setup(); err != nil {
		t.Fatal(err)
	}
	return &stockStage{t: t, fn: fn, runner: newRunner(t)}
}

// bundle processes a batch of one key; the caller commits its state, or does not.
func (s *stockStage) bundle(key string, batch []byte) (*bundle, stockOut) {
	s.t.Helper()
	out := stockOut{changes: map[string][]byte{}}
	signals := func(_ beam.EventTime, b signal.Batch) { out.signals = append(out.signals, b) }
	letters := func(_ beam.EventTime, l event.DeadLetter) { out.letters = append(out.letters, l) }
	changes := func(_ beam.EventTime, group string, b []byte) { out.changes[group] = b }
	b := s.runner.open(key)
	s.fn.StartBundle(s.t.Context(), signals, letters, changes)
	if err := s.fn.ProcessElement(s.t.Context(), 5, b, key, batch, signals, letters, changes); err != nil {
		s.t.Fatal(err)
	}
	s.fn.FinishBundle(s.t.Context(), signals, letters, changes)
	return b, out
}

// commit processes events of one key in a bundle that succeeds.
func (s *stockStage) commit(key string, events ...event.Event) stockOut {
	s.t.Helper()
	b, out := s.bundle(key, batchOf(s.t, nil, events...))
	b.commit()
	return out
}

// recent is a time in the last hour of the wall clock, which is the stage's.
func recent(age time.Duration) int64 { return time.Now().Add(-age).UnixMilli() }

func TestInventorySignals(t *testing.T) {
	env := newEnv(t, nil)
	s := newStockStage(t, 1<<20)
	counted, at := recent(2*time.Hour), recent(time.Minute)
	out := s.commit("0", ev(event.Sale, "12", "555", "s1", 4, at))
	if len(out.signals) != 1 || len(out.signals[0].Stocks) != 1 {
		t.Fatalf("a sale says %+v", out.signals)
	}
	first := out.signals[0].Stocks[0]
	if first.OnHand != -4 || first.Known || first.Barrier != 0 || first.Badge != "" || first.StoreID != "12" || first.ProductID != "555" {
		t.Errorf("stock without a count: %+v", first)
	}
	reset := ev(event.Reset, "12", "555", "r1", 9, counted)
	reset.Message.PublishedAt = 777
	out = s.commit("0", reset, ev(event.View, "12", "999", "v1", 1, at))
	if len(out.signals) != 1 || len(out.signals[0].Stocks) != 1 {
		t.Fatalf("a count and a look say %+v", out.signals)
	}
	second := out.signals[0].Stocks[0]
	if second.OnHand != 5 || !second.Known || second.Barrier != counted || second.Badge != signal.LowStock || second.Version <= first.Version {
		t.Errorf("stock after the count: %+v, before it %+v", second, first)
	}
	if got := out.signals[0].PublishedAt; !slices.Equal(got, []int64{777}) {
		t.Errorf("published at %v", got)
	}
	if b := out.signals[0].Badges; len(b) != 1 || b[0].Badge != signal.LowStock || !b[0].On || b[0].OnHand != 5 || b[0].Enter != 5 || b[0].Exit != 8 {
		t.Errorf("badges: %+v", b)
	}
	if env.Metrics.Count(metrics.Recomputed) != 1 {
		t.Errorf("%d recomputed, want 1", env.Metrics.Count(metrics.Recomputed))
	}
}

// TestInventoryAnswersARepetition: the first answer may be lost, so a repetition gets the same again, under the same version.
func TestInventoryAnswersARepetition(t *testing.T) {
	env := newEnv(t, nil)
	s := newStockStage(t, 1<<20)
	sale := ev(event.Sale, "12", "555", "s1", 4, recent(time.Minute))
	first := s.commit("0", sale).signals[0].Stocks[0]
	out := s.commit("0", sale)
	if len(out.signals) != 1 || len(out.signals[0].Stocks) != 1 {
		t.Fatalf("a repetition says %+v", out.signals)
	}
	again := out.signals[0].Stocks[0]
	if again.AsOf = first.AsOf; again != first {
		t.Errorf("first %+v, then %+v", first, again)
	}
	if len(out.changes) != 0 {
		t.Errorf("velocity hears of a repetition: %v", out.changes)
	}
	if env.Metrics.Count(metrics.Duplicates) != 1 {
		t.Errorf("%d duplicates, want 1", env.Metrics.Count(metrics.Duplicates))
	}
}

func TestInventoryRefuses(t *testing.T) {
	env := newEnv(t, nil)
	s := newStockStage(t, 1<<20)
	at := recent(time.Minute)
	sale, look := ev(event.Sale, "12", "555", "s1", 4, at), ev(event.View, "12", "555", "v1", 1, at)
	s.commit("0", sale, look)
	sale.Quantity, sale.Item = 5, 3
	look.Quantity = 2
	old := ev(event.Reset, "12", "555", "r1", 9, recent(8*24*time.Hour))
	old.Message = &event.Message{Channel: event.FILE, File: "counts.csv", Line: 17, Data: []byte("the line")}
	out := s.commit("0", sale, look, old)
	if len(out.signals) != 0 || len(out.changes) != 0 {
		t.Errorf("refused events say %+v and change %v", out.signals, out.changes)
	}
	if len(out.letters) != 3 {
		t.Fatalf("dead letters: %+v", out.letters)
	}
	if l := out.letters[0]; l.Reason != event.IDReused || l.Stage != event.StageStock || l.Item != 3 || l.Message.ID != "m-s1" || !strings.Contains(l.Detail, "12:555") {
		t.Errorf("the sale: %+v", l)
	}
	if l := out.letters[1]; l.Reason != event.IDReused || l.Stage != event.StageVelocity || l.Message.ID != "m-v1" {
		t.Errorf("the look: %+v", l)
	}
	if l := out.letters[2]; l.Reason != event.ResetTooOld || string(l.Message.Data) != "the line" || !strings.HasSuffix(l.Detail, "(counts.csv:17)") || l.FailedAt == 0 {
		t.Errorf("the count: %+v", l)
	}
	if env.Metrics.RefusedTotal() != 3 {
		t.Errorf("%d counted as refused, want 3", env.Metrics.RefusedTotal())
	}
}

// TestInventoryLetterFromTracker: where the ack tracker holds the message, the letter has it from there.
func TestInventoryLetterFromTracker(t *testing.T) {
	tracker := acks.New(10)
	newEnv(t, tracker)
	s := newStockStage(t, 1<<20)
	messages := []event.Message{{ID: "first"}, {ID: "second", Data: []byte("as it came")}}
	token := tracker.Open(messages, func() {})
	a, b := ev(event.Sale, "12", "555", "s1", 4, recent(time.Minute)), ev(event.Sale, "12", "555", "s1", 5, recent(time.Minute))
	a.Message, b.Message = &messages[0], &messages[1]
	state, out := s.bundle("0", batchOf(t, []int64{token}, a, b))
	state.commit()
	if len(out.letters) != 1 || out.letters[0].Message.ID != "second" || string(out.letters[0].Message.Data) != "as it came" {
		t.Errorf("dead letters: %+v", out.letters)
	}
}

// TestInventoryTokens: each batch that a bundle emits holds the tokens once, and a bundle that says nothing holds none.
func TestInventoryTokens(t *testing.T) {
	tracker := acks.New(10)
	newEnv(t, tracker)
	s := newStockStage(t, 1<<20)
	done := 0
	open := func() int64 { return tracker.Open(make([]event.Message, 1), func() { done++ }) }
	at := recent(time.Minute)

	token := open() // its one hold is now the batch's
	b, out := s.bundle("0", batchOf(t, []int64{token}, ev(event.Reset, "1", "a", "r1", 9, at), ev(event.Reset, "1", "b", "r2", 9, at), ev(event.Reset, "1", "c", "r3", 9, at)))
	b.commit()
	if done != 0 || len(out.signals) != 1 || len(out.changes) < 2 {
		t.Fatalf("done %d; %d batches of signals, %d of changes", done, len(out.signals), len(out.changes))
	}
	for _, change := range out.changes {
		if done != 0 {
			t.Error("done before the last piece")
		}
		r := reader{b: change}
		tracker.Release(r.tokens(nil))
	}
	if tracker.Release(out.signals[0].Tokens); done != 1 {
		t.Errorf("done %d times with all pieces released", done)
	}

	token = open()
	b, out = s.bundle("0", batchOf(t, []int64{token}))
	b.commit()
	if done != 2 || len(out.signals)+len(out.changes) != 0 {
		t.Errorf("nothing to say: done %d, %+v", done, out)
	}
}

// stocks is what a reader of Redis would see: the signals of the greatest version.
type stocks map[oracle.Key]signal.Stock

func (s stocks) take(t *testing.T, b signal.Batch) {
	t.Helper()
	for _, x := range b.Stocks {
		key := oracle.Key{Store: x.StoreID, Product: x.ProductID}
		if old, ok := s[key]; !ok || x.Version >= old.Version {
			if ok && x.Version == old.Version && (x.OnHand != old.OnHand || x.Known != old.Known || x.Barrier != old.Barrier) {
				t.Errorf("%v has two contents of version %d: %+v and %+v", key, x.Version, old, x)
			}
			s[key] = x
		}
	}
}

// check compares what was said with the truth about the events, sums over all stores too if there are any.
func (s stocks) check(t *testing.T, events []event.Event) {
	t.Helper()
	want := oracle.Stock(oracleEvents(events))
	for key, truth := range want {
		got, ok := s[key]
		if !ok {
			t.Errorf("stock of %v is missing, want %+v", key, truth)
		} else if got.OnHand != truth.OnHand || got.Known != truth.Known || got.Barrier != truth.Barrier {
			t.Errorf("stock of %v is %+v, want %+v", key, got, truth)
		}
	}
	for key := range s {
		if _, ok := want[key]; !ok && key.Store != "" {
			t.Errorf("stock of %v should not exist", key)
		}
	}
}

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
						if err := products.apply(&re, now); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			said.check(t, trade.taken)
			sums := oracle.Global(oracle.Stock(oracleEvents(trade.taken)))
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
	env.State = &process.State{Log: func(context.Context, string) ([][]byte, error) { return nil, nil }}
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

	env.State = &process.State{Log: func(_ context.Context, key string) ([][]byte, error) { return mirror[key], nil }}
	after := newStockStage(t, 1)
	b, out := after.bundle("0", append(appendTokens(nil, nil), wakeUp...))
	b.commit()
	write(out)
	g := newProductImage(testLimits, testConfig())
	for _, change := range out.changes {
		r := reader{b: change}
		r.tokens(nil)
		if err := g.apply(&r, now); err != nil {
			t.Fatal(err)
		}
	}
	g.settle(0, func(p *product) { t.Errorf("stock of %s over all stores is said before all keys are restored", p.id) })
	for id, want := range oracle.Global(oracle.Stock(oracleEvents(trade.taken))) {
		if p := g.products[id]; p == nil || p.stock.OnHand != want {
			t.Errorf("over all stores %s is %+v, want %d", id, p, want)
		}
	}
	for key, want := range oracle.Velocity(oracleEvents(trade.taken), now) {
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
	env.State = &process.State{Log: func(context.Context, string) ([][]byte, error) { return nil, nil }}
	s := newStockStage(t, 1<<20)
	b, out := s.bundle("0", append(appendTokens(nil, nil), wakeUp...))
	if b.commit(); len(out.signals)+len(out.letters)+len(out.changes) != 0 {
		t.Errorf("it says %+v", out)
	}
}

func TestInventoryBrokenBatch(t *testing.T) {
	newEnv(t, nil)
	s := newStockStage(t, 1<<20)
	batch := batchOf(t, nil, ev(event.Sale, "12", "555", "s1", 4, recent(time.Minute)))
	nothing := func(beam.EventTime, signal.Batch) {}
	s.fn.StartBundle(t.Context(), nothing, nil, nil)
	err := s.fn.ProcessElement(t.Context(), 5, s.runner.open("7"), "7", batch[:len(batch)-1], nothing, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "key 7") {
		t.Errorf("a batch that was cut off: %v", err)
	}
}
