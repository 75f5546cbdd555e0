package transforms

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/transforms/keyed"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/test/truth"
)

const idleFor = 20 * time.Millisecond

// play is a pipeline of this package between a chunkFn and the scene.
type play struct {
	groups     keyed.KeyGroups
	cacheBytes int
	inProcess  bool
	clock      clock.Clock
	open       bool // the input has no end
}

func (p play) build(s beam.Scope, id string, chunks int) {
	if !p.open {
		process.Of(id).BeginFiles(1) // chunkFn reads one
	}
	messages := beam.ParDo(s, &chunkFn{PipelineID: id, Open: p.open}, beam.Create(s, chunks))
	events, refused := Decode(s, id, p.clock, event.Rules{}, messages)
	k := Keyed{PipelineID: id, Clock: p.clock, Limits: testLimits, ProductGroups: 4,
		State: keyed.Config{InProcess: p.inProcess, CacheBytes: p.cacheBytes}}
	inventory := InventoryStateful(s, k, KeyByStoreProduct(s, id, p.groups, events))
	velocities := SmartVelocity(s, k, VelocityOptions{Config: testConfig(), Decay: p.open}, inventory.Changes)
	beam.ParDo0(s, &catchFn{PipelineID: id}, inventory.Signals)
	beam.ParDo0(s, &catchFn{PipelineID: id}, velocities)
	beam.ParDo0(s, &catchLetterFn{PipelineID: id}, inventory.DeadLetters)
	beam.ParDo0(s, &catchLetterFn{PipelineID: id}, refused)
	Ballast(s, id, velocities)
}

// TestOnPrismAgainstOracle runs the keyed stages on Prism over many bundles of every key, in both
// key modes, with images that stay decoded and images that are always evicted, in both stores.
func TestOnPrismAgainstOracle(t *testing.T) {
	for _, groups := range []keyed.KeyGroups{64, 0} {
		for _, cache := range []string{"kept", "evicted", "kept in process", "packed in process"} {
			t.Run(fmt.Sprintf("groups %d, images %s", groups, cache), func(t *testing.T) {
				p := play{groups: groups, cacheBytes: 1 << 30}
				p.inProcess = strings.HasSuffix(cache, "in process")
				if cache == "evicted" || cache == "packed in process" {
					p.cacheBytes = 1
				}
				env := newEnv(t, acks.New(1<<20))
				s := newScene(t, env)
				trade := newTrade(uint64(groups) + 11)
				now := time.Now().UnixMilli()
				for range 25 {
					s.send(trade.draw(60, now))
				}
				ptest.BuildAndRun(t, func(scope beam.Scope) { p.build(scope, t.Name(), len(s.chunks)) })

				s.check(t, trade.taken)
				misses := env.Metrics.Count(metrics.ImageMisses)
				if (misses > 0) == strings.HasPrefix(cache, "kept") {
					t.Errorf("%d images were rebuilt", misses)
				}
				if calls := env.Metrics.Count(metrics.StateCalls); (calls > 0) == p.inProcess {
					t.Errorf("%d calls to the runner's state", calls)
				}
			})
		}
	}
}

// check compares all signals with the truth, and the tracker with the messages.
func (s *scene) check(t *testing.T, events []event.UnifiedInventoryEvent) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stocks.check(t, events)
	sums := truth.Global(truth.Stock(oracleEvents(events)))
	for product, want := range sums {
		if got, ok := s.stocks[truth.Key{Product: product}]; !ok || got.OnHand != want || !got.Known {
			t.Errorf("stock of %s over all stores is %+v, want %d", product, got, want)
		}
	}
	for key, got := range s.stocks {
		if _, ok := sums[key.Product]; key.Store == "" && !ok {
			t.Errorf("stock of %s over all stores should not exist, but is %+v", key.Product, got)
		}
	}
	for key, got := range s.velocities {
		want, ok := truth.Velocity(oracleEvents(events), got.AsOf)[key]
		if !ok && !got.Gone {
			t.Errorf("velocity of %v should not exist, but is %+v", key, got)
		}
		if !want.UnitsHour.Contains(got.UnitsHour) || !want.UnitsDay.Contains(got.UnitsDay) ||
			!want.ViewsHour.Contains(got.ViewsHour) ||
			!want.ViewsDay.Contains(got.ViewsDay) || !want.CartsHour.Contains(got.CartsHour) ||
			!want.CartsDay.Contains(got.CartsDay) {
			t.Errorf("velocity of %v is %+v, want %+v", key, got, want)
		}
	}
	for key, want := range truth.Velocity(oracleEvents(events), time.Now().UnixMilli()) {
		if _, ok := s.velocities[key]; want.Must && !ok {
			t.Errorf("velocity of %v was not published before the job ended", key)
		}
	}
	if len(s.letters) > 0 {
		t.Errorf("%d dead letters, the first %+v", len(s.letters), s.letters[0])
	}
	tracker := s.env.Tracker
	if tracker.Outstanding() != 0 || tracker.Acked() != s.messages() {
		t.Errorf("%d messages outstanding, %d acked of %d", tracker.Outstanding(), tracker.Acked(), s.messages())
	}
	if n := s.env.Metrics.VelocityPending.Load(); n != 0 {
		t.Errorf("%d product groups still have something to say", n)
	}
}

// TestRefusalsOnPrism: what only the state can refuse becomes a dead letter with its message, and
// holds nothing up.
func TestRefusalsOnPrism(t *testing.T) {
	env := newEnv(t, acks.New(1<<20))
	s := newScene(t, env)
	now := time.Now().UnixMilli()
	s.send([]event.UnifiedInventoryEvent{ev(event.Sale, "1", "a", "x", 1, now), ev(event.Sale, "1", "a", "x", 2, now),
		ev(event.Sale, "1", "b", "y", 1, now),
		ev(event.Reset, "1", "b", "old", 5, now-8*24*hourMs)})
	s.chunks[0] = append(s.chunks[0], event.Message{Channel: event.POS, ID: "bad", Data: []byte("{")})
	p := play{groups: 64, cacheBytes: 1 << 20}
	ptest.BuildAndRun(t, func(scope beam.Scope) { p.build(scope, t.Name(), len(s.chunks)) })
	want := map[event.Reason]string{event.IDReused: "x", event.ResetTooOld: "old", event.BadJSON: "bad"}
	if len(s.letters) != len(want) {
		t.Errorf("%d dead letters, want %d", len(s.letters), len(want))
	}
	for _, l := range s.letters {
		if l.Message.ID != want[l.Reason] || len(l.Message.Data) == 0 {
			t.Errorf("a dead letter of %s: %+v", l.Reason, l.Message)
		}
	}
	if got := s.stocks[truth.Key{Store: "1", Product: "a"}]; got.OnHand != -1 {
		t.Errorf("the first that arrived does not stay: %+v", got)
	}
	if env.Tracker.Outstanding() != 0 {
		t.Errorf("%d messages outstanding", env.Tracker.Outstanding())
	}
}

// TestDecayOnPrism: with a clock that runs fast, a burst is seen, leaves the hour and at last the
// day, with no further event.
func TestDecayOnPrism(t *testing.T) {
	const speed = 30_000 // a day in three seconds
	start := time.Now()
	p := play{groups: 64, cacheBytes: 1 << 20, open: true, clock: clock.New(start.Add(-24*time.Hour), start, speed)}
	env := newEnv(t, acks.New(1<<20))
	s := newScene(t, env)
	burst := p.clock.NowMs()
	var events []event.UnifiedInventoryEvent
	for i := range int64(20) {
		events = append(events, ev(event.Sale, "1", "a", fmt.Sprint(i), 1, burst-(i%4)*minuteMs))
	}
	s.send(events)
	s.send(nil) // never sent

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b := beam.NewPipeline()
	p.build(b.Root(), t.Name(), len(s.chunks))
	finished := make(chan error, 1)
	go func() {
		_, err := prism.Execute(ctx, b)
		finished <- err
	}()
	key := truth.Key{Store: "1", Product: "a"}
	await := func(what string, ok func(signal.Velocity) bool) {
		t.Helper()
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			s.mu.Lock()
			v, published := s.velocities[key]
			s.mu.Unlock()
			if published && ok(v) {
				return
			}
			select {
			case <-tick.C:
			case err := <-finished:
				t.Fatalf("the job ended before it was %s: %v", what, err)
			}
		}
	}
	await("seen in the hour or later", func(v signal.Velocity) bool { return v.UnitsDay == 20 })
	await("out of the hour", func(v signal.Velocity) bool { return v.UnitsHour == 0 && v.UnitsDay == 20 })
	await("gone", func(v signal.Velocity) bool { return v.Gone })
	env.Stop()
	cancel()
	if err := <-finished; err == nil {
		t.Error("a job that never ends by itself ended")
	}
}
