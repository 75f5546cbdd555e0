package transforms

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/state"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/transforms/stock"
)

func init() {
	dofn.Register(func(f *inventoryStatefulFn) dofn.Func { return dofn.Func8x1(f.ProcessElement) })
	register.Emitter2[beam.EventTime, batch.Signals]()
	register.Emitter2[beam.EventTime, event.DeadLetter]()
}

// inventoryStatefulFn is branch A, and the one place that decides about identity. It takes batches of events by key group and
// emits three things: stock signals; dead letters of what only the state could refuse; and, by product group, what is new to
// velocity and to the stock over all stores.
type inventoryStatefulFn struct {
	PipelineID    string
	Clock         clock.Clock
	Limits        stock.Limits
	ProductGroups int
	CacheBytes    int
	InProcess     bool
	State         process.StateRef
	AwaitAll      bool

	Stamp state.Value[int64]
	Log   state.Bag[[]byte]

	env     *process.Env
	journal journal[*inventoryImage]
	counts  metrics.Bundle
	names   []string // of the product groups

	// Of the bundle.
	out      batch.Signals
	products [][]byte // by product group: changes
	latest   beam.EventTime
	wakeAll  bool  // every product group gets an element, if an empty one
	oldest   int64 // publish time of the oldest event that shows demand, epoch ms; 0 unknown
	scratch  []int64
	record   []byte
}

// Inventory is the outcome of the inventory stage.
type Inventory struct {
	Signals     beam.PCollection // batch.Signals
	DeadLetters beam.PCollection // event.DeadLetter
	Changes     beam.PCollection // product group, changes: for SmartVelocity
}

// Keyed are the settings that both keyed stages share.
type Keyed struct {
	PipelineID    string
	Clock         clock.Clock
	Limits        stock.Limits
	ProductGroups int // over how many Beam keys products are spread
	CacheBytes    int // bound on the images each stage keeps in a process
	// InProcess keeps state in this process and not in the runner: for a runner that loses its state with this process.
	InProcess bool
	// State is where an earlier run kept its state.
	State process.StateRef
	// Awaited is the number of key groups that product groups hear of, where state is restored, before they say what adds up over
	// groups; 0 where the sources wait until all are restored, or nothing is.
	Awaited int
}

// InventoryStateful applies InventoryStatefulFn to what KeyByStoreProduct made.
func InventoryStateful(s beam.Scope, k Keyed, batches beam.PCollection) Inventory {
	signals, letters, changes := beam.ParDo3(s.Scope("InventoryStatefulFn"), &inventoryStatefulFn{
		PipelineID: k.PipelineID, Clock: k.Clock, Limits: k.Limits, ProductGroups: k.ProductGroups, CacheBytes: k.CacheBytes, InProcess: k.InProcess,
		State: k.State, AwaitAll: k.Awaited > 0,
		Stamp: state.MakeValueState[int64]("stamp"), Log: state.MakeBagState[[]byte]("log"),
	}, batches)
	return Inventory{Signals: signals, DeadLetters: letters, Changes: changes}
}

func (f *inventoryStatefulFn) Setup(ctx context.Context) error {
	f.env = process.Of(f.PipelineID)
	kept, err := f.env.State(ctx, f.State)
	if err != nil {
		return fmt.Errorf("set up the inventory stage: %w", err)
	}
	newImage := func() *inventoryImage { return newInventoryImage(f.Limits) }
	store, err := openStore(f.env, "inventory", f.InProcess, f.CacheBytes, newImage, &f.Stamp, &f.Log, &f.counts)
	if err != nil {
		return fmt.Errorf("set up the inventory stage: %w", err)
	}
	f.journal = journal[*inventoryImage]{store: store, make: newImage, count: &f.counts, silent: f.InProcess && kept == nil}
	if kept != nil {
		f.journal.restore = kept.Log
		if !f.InProcess {
			f.journal.seq = kept.Seq
		}
	}
	f.journal.losses = f.env.Losses
	if f.journal.book, err = inventoryKeys(f.env); err != nil {
		return fmt.Errorf("set up the inventory stage: %w", err)
	}
	f.names = KeyGroups(f.ProductGroups).Names()
	f.products = make([][]byte, len(f.names))
	return nil
}

func (f *inventoryStatefulFn) StartBundle(_ context.Context, _ func(beam.EventTime, batch.Signals), _ func(beam.EventTime, event.DeadLetter), _ func(beam.EventTime, string, []byte)) {
	f.out, f.oldest, f.wakeAll = batch.Signals{}, 0, false
	for i := range f.products {
		f.products[i] = f.products[i][:0]
	}
}

func (f *inventoryStatefulFn) ProcessElement(ctx context.Context, at beam.EventTime, p state.Provider, key string, batch []byte,
	_ func(beam.EventTime, batch.Signals), letters func(beam.EventTime, event.DeadLetter), _ func(beam.EventTime, string, []byte)) error {
	f.latest = at
	r := reader{b: batch}
	f.scratch = r.tokens(f.scratch)
	f.out.Tokens = append(f.out.Tokens, f.scratch...)
	if key == endKey {
		f.wakeAll = true
		return nil
	}
	c, err := f.journal.open(ctx, p, key)
	if err != nil {
		return fmt.Errorf("open stock state: %w", err)
	}
	wall := time.Now()
	now := f.Clock.AtWall(wall)
	f.record = append(f.record[:0], recordMoves)
	f.record = binary.AppendVarint(f.record, now)
	f.record = binary.AppendVarint(f.record, wall.UnixMicro())
	head := len(f.record)
	if c.restored {
		f.sayAgain(c.image, now)
	}
	spoken := c.asked && f.AwaitAll
	if spoken {
		f.spoken(key)
	}
	again := f.journal.owes(key, c)
	if bytes.Equal(r.b, wakeUp) {
		r.b = nil
	} else if bytes.Equal(r.b, sayAll) {
		r.b = nil
		// Another worker may have noticed the loss before this one did, or after; where there is one, it has.
		if !again && f.env.Worker() {
			c.anew, again = true, true
		}
	}
	if again {
		f.sayAllStock(c.image, now)
	}
	var m move
	for len(r.b) > 0 && r.err == nil {
		if r.move(&m); r.err != nil {
			break
		}
		t, out := c.image.apply(&m, now, f.Limits)
		switch out.Verdict {
		case stock.Accepted:
			f.record = append(f.record, m.core...)
			f.accept(&m, t, out, now)
		case stock.Repeated:
			f.counts.Add(metrics.Duplicates, 1)
		default:
			letter, err := f.letter(&m, t.refusal(&m, out.Verdict, now, f.Limits), wall)
			if err != nil {
				return fmt.Errorf("refuse an event of %s: %w", signal.AppendPair(nil, t.store, t.product), err)
			}
			f.counts.Add(metrics.Refused(letter.Reason), 1)
			letters(at, letter)
		}
		t.publishedAt = older(t.publishedAt, m.publishedAt)
	}
	if r.err != nil {
		return fmt.Errorf("read a batch of key %s: %w", key, r.err)
	}
	c.image.settle(now, wall.UnixMicro(), func(t *touch) { f.say(t, now) })
	if len(f.record) == head && !c.restored && !spoken && !again {
		f.journal.keep(key, c)
		return nil
	}
	w, err := f.journal.commit(p, key, c, f.record)
	if err != nil {
		return fmt.Errorf("commit stock state: %w", err)
	}
	if f.journal.restore != nil {
		if !w.Anew {
			w.Record = bytes.Clone(w.Record) // the buffer is used again
		}
		f.out.Logs = append(f.out.Logs, w)
	}
	return nil
}

// sayAgain passes on all that velocity and the stock over all stores rest on, after an image was restored: they keep no state of
// their own over a restart.
func (f *inventoryStatefulFn) sayAgain(g *inventoryImage, nowMs int64) {
	for _, p := range g.pairs {
		n := groupOf([]byte(p.product), len(f.products))
		if p.Known() {
			f.products[n] = appendStockChange(f.products[n], changeStockRestored, p.product, p.OnHand(), 1)
		}
		p.EachDemand(nowMs-stock.DayMs, func(t event.Type, timeMs, quantity int64) {
			f.products[n] = appendDemand(f.products[n], t, p.store, p.product, timeMs, quantity)
		})
	}
}

// spoken tells all product groups that a key group has said what it restored, if anything.
func (f *inventoryStatefulFn) spoken(key string) {
	for n := range f.products {
		f.products[n] = appendBytes(append(f.products[n], changeSpoken), key)
	}
}

// sayAllStock says the stock of all pairs again, after Redis has lost what was said, and makes the product stage do the same.
func (f *inventoryStatefulFn) sayAllStock(g *inventoryImage, nowMs int64) {
	for _, p := range g.pairs {
		if p.HasStock() {
			f.out.Stocks = append(f.out.Stocks, p.signal(nowMs))
			f.out.PublishedAt = append(f.out.PublishedAt, 0)
		}
	}
	for n := range f.products {
		f.products[n] = append(f.products[n], changeSayAll)
	}
}

// accept counts a new event of a pair and passes on what velocity may count.
func (f *inventoryStatefulFn) accept(m *move, t *touch, out stock.Outcome, nowMs int64) {
	if m.Type == event.Sale && !t.Known() {
		f.counts.Add(metrics.SalesNeverCounted, 1)
	}
	if out.Dropped {
		f.counts.Add(metrics.DroppedByBarrier, 1)
	}
	if out.Recomputed {
		f.counts.Add(metrics.Recomputed, 1)
	}
	if m.Type.ShowsDemand() && m.Quantity != 0 && m.TimeMs >= nowMs-stock.DayMs {
		g := groupOf(m.product, len(f.products))
		f.products[g] = appendDemand(f.products[g], m.Type, m.store, m.product, m.TimeMs, m.Quantity)
		f.oldest = older(f.oldest, m.publishedAt)
	}
}

// say makes the signals of a pair that a batch touched. A repetition is answered with the absolute values again: the first
// answer may have been lost.
func (f *inventoryStatefulFn) say(t *touch, nowMs int64) {
	if !t.changed && !(t.repeated && t.HasStock()) {
		return
	}
	f.out.Stocks = append(f.out.Stocks, t.signal(nowMs))
	f.out.PublishedAt = append(f.out.PublishedAt, t.publishedAt)
	if t.LowStock() != t.wasLow {
		f.out.Badges = append(f.out.Badges, signal.BadgeChange{Badge: signal.LowStock, On: t.LowStock(), StoreID: t.store,
			ProductID: t.product, At: nowMs, OnHand: t.OnHand(), Enter: f.Limits.LowEnter, Exit: f.Limits.LowExit})
	}
	if t.Known() && (!t.wasKnown || t.OnHand() != t.was) {
		g := groupOf([]byte(t.product), len(f.products))
		newly := int64(0)
		if !t.wasKnown {
			newly = 1
		}
		f.products[g] = appendStockChange(f.products[g], changeStock, t.product, t.OnHand()-t.was, newly)
	}
}

// letter makes the dead letter of an event, with the message that carried it.
func (f *inventoryStatefulFn) letter(m *move, why event.Refusal, wall time.Time) (event.DeadLetter, error) {
	l := event.DeadLetter{Refusal: why, Stage: event.StageStock, FailedAt: wall.UnixMilli()}
	if !m.Type.MovesStock() {
		l.Stage = event.StageVelocity
	}
	if m.token == 0 {
		l.Message = &event.Message{}
		if err := json.Unmarshal(m.inline, l.Message); err != nil {
			return l, fmt.Errorf("read the message that came along: %w", err)
		}
	} else {
		msg, ok := f.env.Tracker.Message(m.token, m.index)
		if !ok {
			return l, fmt.Errorf("message %d of ack token %d is no longer held", m.index, m.token)
		}
		l.Message = &msg
	}
	if l.Message.Channel == event.FILE {
		l.Detail += fmt.Sprintf(" (%s:%d)", l.Message.File, l.Message.Line)
	}
	return l, nil
}

func (f *inventoryStatefulFn) FinishBundle(ctx context.Context, signals func(beam.EventTime, batch.Signals), _ func(beam.EventTime, event.DeadLetter), changes func(beam.EventTime, string, []byte)) {
	defer f.counts.Flush(ctx, f.env.Metrics)
	var elements int
	for _, b := range f.products {
		if len(b) > 0 || f.wakeAll {
			elements++
		}
	}
	tokens := unique(f.out.Tokens)
	f.env.Tracker.Hold(tokens, elements)
	for g, b := range f.products {
		if len(b) > 0 || f.wakeAll {
			element := make([]byte, 0, len(b)+16+10*len(tokens))
			element = binary.AppendVarint(appendTokens(element, tokens), f.oldest)
			element = append(element, b...)
			changes(f.latest, f.names[g], element)
		}
	}
	if f.out.Empty() {
		f.env.Tracker.Release(f.out.Tokens)
		return
	}
	signals(f.latest, f.out) // from here, so that the sink's write is over before the bundle is
}
