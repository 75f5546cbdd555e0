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
	"github.com/beamlytics/streamlytics/internal/codec"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/transforms/keyed"
	"github.com/beamlytics/streamlytics/transforms/velocity"
)

func init() {
	dofn.Register(func(f *SmartVelocityFn) dofn.Func { return dofn.Func7x1(f.ProcessElement) })
}

const (
	// velocityEvery is the time between two evaluations of a product group while events come, wall
	// time. Events are visible within five seconds; evaluating less often makes the changes of a
	// busy product one write.
	velocityEvery = 2 * time.Second
	// decayEvery is the shortest time between two evaluations that are due by time alone, wall
	// time.
	decayEvery = 100 * time.Millisecond
)

// VelocityOptions are the settings of SmartVelocity.
type VelocityOptions struct {
	velocity.Config
	// Decay makes signals change by time alone. It is off with bounded input, so that the job ends.
	Decay bool
	// AtOnce evaluates each batch when it comes, without a timer. It is for bounded input on a
	// runner that may fire timers after the end of the input, or never.
	AtOnce bool
	// Mirrored keeps decisions for the next start in the mirror.
	Mirrored bool
}

// SmartVelocityFn is branch B: velocity by store:product and by product over all stores, and the
// stock over all stores. It is keyed by product group, so that one Beam key has a product in all
// its stores. It takes the changes of InventoryStatefulFn, each of which comes once, and emits
// signals.
type SmartVelocityFn struct {
	Keyed
	Options VelocityOptions

	Stamp state.Value[int64]
	Log   state.Bag[[]byte]
	Timer timers.ProcessingTime

	env    *process.Env
	log    *keyed.Log[*productImage]
	counts metrics.Bundle
	pace   *paces

	// Of the bundle.
	out    batch.Signals
	latest beam.EventTime

	// Of the batch or timer.
	header header
	key    string
	wall   time.Time
	now    int64 // the clock at wall, epoch ms
	record []byte
}

// SmartVelocity applies SmartVelocityFn to the changes of InventoryStateful. It returns
// batch.Signals.
func SmartVelocity(s beam.Scope, k Keyed, o VelocityOptions, changes beam.PCollection) beam.PCollection {
	fn := &SmartVelocityFn{Keyed: k, Options: o, Stamp: state.MakeValueState[int64]("stamp"),
		Log: state.MakeBagState[[]byte]("log"), Timer: timers.InProcessingTime("evaluate")}
	return beam.ParDo(s.Scope("SmartVelocityFn"), fn, changes)
}

// Setup finds what the process shares.
func (f *SmartVelocityFn) Setup() (err error) {
	f.env = process.Of(f.PipelineID)
	config := f.State
	config.Mirrored = false // the velocity state is computed from the stock state
	f.log, err = keyed.NewLog(f.env, velocityStage, config, f.newImage, &f.Stamp, &f.Log, &f.counts)
	if err == nil {
		f.pace, err = process.Shared(f.env, "SmartVelocityFn paces", func() (*paces, error) { return newPaces(), nil })
	}
	if err != nil {
		return fmt.Errorf("set up SmartVelocityFn: %w", err)
	}
	return nil
}

func (f *SmartVelocityFn) newImage() *productImage {
	return newProductImage(f.Limits, f.Options.Config)
}

// StartBundle is part of Beam's contract.
func (f *SmartVelocityFn) StartBundle(context.Context, func(beam.EventTime, batch.Signals)) {
	f.out = batch.Signals{}
}

// ProcessElement applies the changes of a batch to the image of its product group. Stock is
// published at once, velocity when the timer fires.
func (f *SmartVelocityFn) ProcessElement(_ context.Context, at beam.EventTime, sp state.Provider, tp timers.Provider,
	key string, changes []byte, _ func(beam.EventTime, batch.Signals)) error {
	f.begin(at, key)
	r := codec.Reader{B: changes}
	f.header.readChanges(&r)
	f.out.Tokens = append(f.out.Tokens, f.header.tokens...)
	if f.header.control == evaluate && f.env.Ended() {
		f.setTimer(tp, f.wall) // a job on Prism ends when its timers have fired; clearing them is not enough
		return r.Err
	}
	c, err := f.log.Open(sp, key)
	if err != nil {
		return fmt.Errorf("open the velocity state: %w", err)
	}
	f.startRecord(recordChanges)
	f.record = append(f.record, r.B...)
	if err := c.Image.apply(&r, f.now); err != nil {
		return fmt.Errorf("read a batch of product group %s: %w", key, err)
	}
	republished := f.log.NeedsRepublish(c, f.header.control == republish)
	if republished {
		f.republish(c.Image)
	}
	c.Image.settle(f.wall.UnixMicro(), f.emitStock)
	if f.Options.AtOnce {
		f.evaluate(c.Image)
		f.record[0] = recordChangesEvaluated
	}
	pending := len(c.Image.dirty) > 0
	if _, _, err := f.log.Commit(sp, key, c, f.record); err != nil {
		return fmt.Errorf("commit the velocity state: %w", err)
	}
	if pending {
		f.pace.pending(f.env.Metrics, key, f.header.publishedAt)
	}
	if pending || republished {
		f.setTimer(tp, f.nextEvaluation())
	}
	return nil
}

// OnTimer evaluates what is due in a product group.
func (f *SmartVelocityFn) OnTimer(_ context.Context, at beam.EventTime, sp state.Provider, tp timers.Provider,
	key string, _ timers.Context, _ func(beam.EventTime, batch.Signals)) error {
	if f.env.Ended() {
		return nil
	}
	f.begin(at, key)
	c, err := f.log.Open(sp, key)
	if err != nil {
		return fmt.Errorf("open the velocity state: %w", err)
	}
	f.evaluate(c.Image)
	next := c.Image.nextDue
	f.startRecord(recordEvaluation)
	if _, _, err := f.log.Commit(sp, key, c, f.record); err != nil {
		return fmt.Errorf("commit the velocity state: %w", err)
	}
	if f.Options.Decay && next != math.MaxInt64 {
		f.setTimer(tp, latest(f.Clock.WallOf(next), f.wall.Add(decayEvery)))
	}
	return nil
}

func (f *SmartVelocityFn) begin(at beam.EventTime, key string) {
	f.latest, f.key = at, key
	f.wall = time.Now()
	f.now = f.Clock.AtWall(f.wall)
}

func (f *SmartVelocityFn) startRecord(kind byte) {
	f.record = binary.AppendVarint(append(f.record[:0], kind), f.now)
	f.record = binary.AppendVarint(f.record, f.wall.UnixMicro())
}

// nextEvaluation returns the same time until the group is evaluated: setting its timer again then
// moves nothing.
func (f *SmartVelocityFn) nextEvaluation() time.Time {
	if f.env.InputEnded() || f.header.control == evaluate {
		return f.wall
	}
	return latest(f.wall, f.pace.last(f.key).Add(velocityEvery))
}

// evaluate emits what has changed since the last evaluation.
func (f *SmartVelocityFn) evaluate(g *productImage) {
	g.evaluate(f.now, f.emitVelocity)
	if publishedAt, had := f.pace.evaluated(f.key, f.wall); had {
		f.out.Settles = append(f.out.Settles, publishedAt)
	}
}

// republish emits the velocity of every series, and marks the stock of every product for settle to
// emit.
func (f *SmartVelocityFn) republish(g *productImage) {
	if f.Options.Mirrored {
		f.out.Kept = append(f.out.Kept, batch.Kept{Group: f.key, Anew: true, Losses: f.env.Losses()})
	}
	for _, p := range g.products {
		if p.stock.Stores > 0 {
			g.changeStock(p, 0, 0)
			f.keep(stockField(p.id), lowValue(p.stock.Low))
		}
	}
	g.evaluateAll(f.now, func(s *series, e evaluation) {
		e.changed = e.changed || !e.reading.Gone()
		e.decided = e.decided || s.Decisions() != (velocity.Decisions{})
		f.emitVelocity(s, e)
	})
}

// keep emits a decision for the next start.
func (f *SmartVelocityFn) keep(field, value string) {
	if f.Options.Mirrored {
		f.out.Kept = append(f.out.Kept, batch.Kept{Group: f.key, Field: field, Value: value})
	}
}

// setTimer sets the timer of the group. With bounded input the timer holds the watermark: after the
// end of the input the window would expire, and its state with it, before the timer fires.
// Otherwise it must not, because a timer is always set.
func (f *SmartVelocityFn) setTimer(p timers.Provider, at time.Time) {
	if f.Options.Decay {
		f.Timer.Set(p, at, timers.WithNoOutputTimestamp())
		return
	}
	f.Timer.Set(p, at, timers.WithOutputTimestamp(f.latest.ToTime()))
}

func (f *SmartVelocityFn) emitVelocity(s *series, e evaluation) {
	if e.changed {
		f.out.Velocities = append(f.out.Velocities, e.reading.Signal(s.store, s.product.id, f.now))
	}
	if e.badge != nil {
		f.out.Badges = append(f.out.Badges, e.badge.Signal(s.store, s.product.id))
	}
	if e.decided {
		f.keep(velocityField(s.store, s.product.id), s.Decisions().String())
	}
}

// emitStock emits the stock of a product over all stores.
func (f *SmartVelocityFn) emitStock(p *product) {
	if p.stock.Stores == 0 {
		return
	}
	f.out.Stocks = append(f.out.Stocks, p.stockSignal(f.now))
	f.out.PublishedAt = append(f.out.PublishedAt, 0)
	if p.stock.Low != p.wasLow {
		f.keep(stockField(p.id), lowValue(p.stock.Low))
		f.out.Badges = append(f.out.Badges, signal.BadgeChange{Badge: signal.LowStock, On: p.stock.Low,
			ProductID: p.id, At: f.now, OnHand: p.stock.OnHand, Enter: f.Limits.LowEnter, Exit: f.Limits.LowExit})
	}
}

// FinishBundle emits the signals of the bundle.
func (f *SmartVelocityFn) FinishBundle(ctx context.Context, signals func(beam.EventTime, batch.Signals)) {
	f.counts.Flush(ctx, f.env.Metrics)
	if f.out.Empty() && len(f.out.Settles) == 0 {
		f.env.Tracker.Release(f.out.Tokens)
		return
	}
	signals(f.latest, f.out)
}
