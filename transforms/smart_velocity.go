package transforms

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/state"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/timers"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/transforms/stock"
	"github.com/beamlytics/streamlytics/transforms/velocity"
)

func init() {
	dofn.Register(func(f *smartVelocityFn) dofn.Func { return dofn.Func7x1(f.ProcessElement) })
}

const (
	// velocityEvery is how often a product group says what changed while events come, wall time. Events are visible within
	// five seconds; saying it less often lets the changes of a busy product become one write.
	velocityEvery = 2 * time.Second
	// decayEvery is the shortest time between two evaluations that only time has made due, wall time.
	decayEvery = 100 * time.Millisecond
)

// smartVelocityFn is branch B: velocity per store:product and per product over all stores. It is keyed by product group, so
// that one Beam key has a product in all its stores; for the same reason it also keeps the stock over all stores. It takes
// changes, each of which the inventory stage sends once, and emits signals.
type smartVelocityFn struct {
	PipelineID string
	Clock      clock.Clock
	Limits     stock.Limits
	Config     velocity.Config
	CacheBytes int
	InProcess  bool
	State      process.StateRef
	Awaited    int  // key groups that a restored product group hears of before it says anything
	Decay      bool // evaluate when time alone changes signals; off where the input is bounded, so that the job can end

	Stamp state.Value[int64]
	Log   state.Bag[[]byte]
	Timer timers.ProcessingTime

	env     *process.Env
	journal journal[*productImage]
	counts  metrics.Bundle
	pace    *paces
	keeps   bool // decisions are kept for the next start

	// Of the bundle.
	out     batch.Signals
	latest  beam.EventTime
	key     string // of the element or timer in hand
	scratch []int64
	record  []byte
}

// SmartVelocity applies SmartVelocityFn to the changes of InventoryStateful and returns its signals, a PCollection of
// batch.Signals.
func SmartVelocity(s beam.Scope, k Keyed, c velocity.Config, decay bool, changes beam.PCollection) beam.PCollection {
	return beam.ParDo(s.Scope("SmartVelocityFn"), &smartVelocityFn{
		PipelineID: k.PipelineID, Clock: k.Clock, Limits: k.Limits, Config: c, CacheBytes: k.CacheBytes, InProcess: k.InProcess,
		State: k.State, Awaited: k.Awaited, Decay: decay,
		Stamp: state.MakeValueState[int64]("stamp"), Log: state.MakeBagState[[]byte]("log"), Timer: timers.InProcessingTime("evaluate"),
	}, changes)
}

func (f *smartVelocityFn) Setup(ctx context.Context) error {
	f.env = process.Of(f.PipelineID)
	earlier, err := f.env.State(ctx, f.State)
	if err != nil {
		return fmt.Errorf("set up the product stage: %w", err)
	}
	newImage := func() *productImage { return newProductImage(f.Limits, f.Config) }
	store, err := openStore(f.env, "product", f.InProcess, f.CacheBytes, newImage, &f.Stamp, &f.Log, &f.counts)
	if err != nil {
		return fmt.Errorf("set up the product stage: %w", err)
	}
	if f.pace, err = process.Shared(f.env, "product paces", func() (*paces, error) { return newPaces(), nil }); err != nil {
		return fmt.Errorf("set up the product stage: %w", err)
	}
	f.journal = journal[*productImage]{store: store, make: newImage, count: &f.counts, silent: f.InProcess} // this stage's log has no mirror
	if f.keeps = earlier != nil; f.keeps {
		awaited := KeyGroups(f.Awaited).Names()
		f.journal.restore = func(ctx context.Context, group string) (records [][]byte, err error) {
			kept, err := earlier.Kept(ctx, group)
			if err != nil {
				return nil, err
			}
			if len(awaited) > 0 {
				records = append(records, appendAwait(nil, awaited))
			}
			if len(kept) > 0 {
				records = append(records, appendKept(kept))
			}
			return records, nil
		}
	}
	f.journal.losses = f.env.Losses
	if f.journal.book, err = process.Shared(f.env, "product keys", func() (*keyBook, error) { return newKeyBook(), nil }); err != nil {
		return fmt.Errorf("set up the product stage: %w", err)
	}
	return nil
}

func (f *smartVelocityFn) StartBundle(context.Context, func(beam.EventTime, batch.Signals)) {
	f.out = batch.Signals{}
}

func (f *smartVelocityFn) ProcessElement(ctx context.Context, at beam.EventTime, sp state.Provider, tp timers.Provider, key string, batch []byte, _ func(beam.EventTime, batch.Signals)) error {
	f.latest, f.key = at, key
	r := reader{b: batch}
	f.scratch = r.tokens(f.scratch)
	f.out.Tokens = append(f.out.Tokens, f.scratch...)
	publishedAt := r.varint()
	if len(r.b) == 0 && f.env.Ended() {
		f.setTimer(tp, time.Now()) // Prism's job waits for a timer that is cleared, but not for one that has fired
		return nil
	}
	c, err := f.journal.open(ctx, sp, key)
	if err != nil {
		return fmt.Errorf("open product state: %w", err)
	}
	wall := time.Now()
	now := f.Clock.AtWall(wall)
	f.record = append(f.record[:0], recordChanges)
	f.record = binary.AppendVarint(f.record, now)
	f.record = binary.AppendVarint(f.record, wall.UnixMicro())
	f.record = append(f.record, r.b...)
	if err := c.image.apply(&r, now); err != nil {
		return fmt.Errorf("read a batch of product group %s: %w", key, err)
	}
	if c.image.told && f.env.Worker() {
		c.anew = true // another worker may have noticed the loss before this one did, or after
	}
	c.image.settle(wall.UnixMicro(), func(p *product) { f.sayStock(p, now) })
	f.sayAllIfOwed(key, c, now)
	if !f.Decay && f.env.Worker() && !c.image.awaits() {
		f.evaluate(key, c, now, wall) // whether a timer fires behind the end of bounded input is the runner's choice
		f.record[0] = recordChangesEvaluated
	}
	if len(c.image.dirty) > 0 {
		f.pace.pending(f.env.Metrics, key, publishedAt)
	}
	due := !c.image.awaits() && len(c.image.dirty)+len(c.image.unsaid) > 0
	if _, err := f.journal.commit(sp, key, c, f.record); err != nil {
		return fmt.Errorf("commit product state: %w", err)
	}
	if due || f.env.Restoring() {
		// The same time until the group is evaluated: setting the timer again moves nothing.
		at := latest(wall, f.pace.last(key).Add(velocityEvery))
		if f.env.InputEnded() {
			at = wall // nothing more will come to wait for
		}
		f.setTimer(tp, at)
	}
	return nil
}

// OnTimer evaluates what is due in a product group.
func (f *smartVelocityFn) OnTimer(ctx context.Context, at beam.EventTime, sp state.Provider, tp timers.Provider, key string, _ timers.Context, _ func(beam.EventTime, batch.Signals)) error {
	if f.env.Ended() {
		return nil
	}
	f.latest, f.key = at, key
	c, err := f.journal.open(ctx, sp, key)
	if err != nil {
		return fmt.Errorf("open product state: %w", err)
	}
	wall := time.Now()
	if restoring := f.env.Restoring(); restoring || c.image.awaits() { // what is there adds up to nothing yet
		if restoring { // else the last key group that speaks sets the timer
			f.setTimer(tp, wall.Add(decayEvery))
		}
		f.journal.keep(key, c)
		return nil
	}
	now := f.Clock.AtWall(wall)
	f.evaluate(key, c, now, wall)
	next := c.image.nextDue
	f.record = binary.AppendVarint(append(f.record[:0], recordEvaluation), now)
	f.record = binary.AppendVarint(f.record, wall.UnixMicro())
	if _, err := f.journal.commit(sp, key, c, f.record); err != nil {
		return fmt.Errorf("commit product state: %w", err)
	}
	if f.Decay && next != math.MaxInt64 {
		f.setTimer(tp, latest(f.Clock.WallOf(next), wall.Add(decayEvery)))
	}
	return nil
}

// evaluate says what has changed since the last evaluation, and what was restored. nowMs is what the clock shows at wall.
func (f *smartVelocityFn) evaluate(key string, c *cell[*productImage], nowMs int64, wall time.Time) {
	c.image.evaluate(nowMs, func(s *series, e evaluation) { f.sayVelocity(s, e, nowMs) })
	f.sayAllIfOwed(key, c, nowMs)
	c.image.settleRestored(wall.UnixMicro(), func(p *product) { f.sayStock(p, nowMs) })
	if publishedAt, had := f.pace.evaluated(key, wall); had {
		f.out.Settles = append(f.out.Settles, publishedAt)
	}
}

// sayAllIfOwed says everything again after Redis has lost what was said, unless what is there adds up to nothing yet: the timer then
// asks again.
func (f *smartVelocityFn) sayAllIfOwed(key string, c *cell[*productImage], nowMs int64) {
	if f.env.Restoring() || c.image.awaits() || !f.journal.owes(key, c) {
		return
	}
	if f.keeps {
		f.out.Kept = append(f.out.Kept, batch.Kept{Group: f.key, Anew: true, Losses: f.journal.losses()})
	}
	for _, p := range c.image.products {
		if p.stock.Stores == 0 || p.unsaid {
			continue
		}
		f.out.Stocks = append(f.out.Stocks, p.stockSignal(nowMs))
		f.out.PublishedAt = append(f.out.PublishedAt, 0)
		f.keep(stockField(p.id), lowValue(p.stock.Low))
	}
	c.image.evaluateAll(nowMs, func(s *series, e evaluation) {
		e.changed = e.changed || !e.reading.Gone()
		e.decided = e.decided || s.Sticky() != (velocity.Sticky{})
		f.sayVelocity(s, e, nowMs)
	})
}

// keep notes a decision for the next start.
func (f *smartVelocityFn) keep(field, value string) {
	if f.keeps {
		f.out.Kept = append(f.out.Kept, batch.Kept{Group: f.key, Field: field, Value: value})
	}
}

// setTimer sets the group's timer. Where the input is bounded the timer holds the watermark: behind the end of the input the
// window would expire, and its state with it, before the timer fires. Elsewhere it must not, because some timer is always set.
func (f *smartVelocityFn) setTimer(p timers.Provider, at time.Time) {
	if f.Decay {
		f.Timer.Set(p, at, timers.WithNoOutputTimestamp())
		return
	}
	f.Timer.Set(p, at, timers.WithOutputTimestamp(f.latest.ToTime()))
}

func (f *smartVelocityFn) sayVelocity(s *series, e evaluation, nowMs int64) {
	if e.changed {
		f.out.Velocities = append(f.out.Velocities, e.reading.Signal(s.store, s.product.id, nowMs))
	}
	if e.badge != nil {
		f.out.Badges = append(f.out.Badges, e.badge.Signal(s.store, s.product.id))
	}
	if e.decided {
		f.keep(velocityField(s.store, s.product.id), s.Sticky().String())
	}
}

// sayStock makes the signal of a product's stock over all stores, which does not wait for a timer.
func (f *smartVelocityFn) sayStock(p *product, nowMs int64) {
	if p.stock.Stores == 0 {
		return
	}
	f.out.Stocks = append(f.out.Stocks, p.stockSignal(nowMs))
	f.out.PublishedAt = append(f.out.PublishedAt, 0)
	if p.stock.Low != p.wasLow {
		f.keep(stockField(p.id), lowValue(p.stock.Low))
		f.out.Badges = append(f.out.Badges, signal.BadgeChange{Badge: signal.LowStock, On: p.stock.Low, ProductID: p.id, At: nowMs,
			OnHand: p.stock.OnHand, Enter: f.Limits.LowEnter, Exit: f.Limits.LowExit})
	}
}

func (f *smartVelocityFn) FinishBundle(ctx context.Context, signals func(beam.EventTime, batch.Signals)) {
	f.counts.Flush(ctx, f.env.Metrics)
	if f.out.Empty() && len(f.out.Settles) == 0 {
		f.env.Tracker.Release(f.out.Tokens)
		return
	}
	signals(f.latest, f.out)
}
