package transforms

import (
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
	"github.com/beamlytics/streamlytics/internal/codec"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/transforms/keyed"
	"github.com/beamlytics/streamlytics/transforms/stock"
)

func init() {
	dofn.Register(func(f *InventoryStatefulFn) dofn.Func { return dofn.Func8x1(f.ProcessElement) })
	register.Emitter2[beam.EventTime, batch.Signals]()
}

// Keyed are the settings that both keyed stages share.
type Keyed struct {
	PipelineID    string
	Clock         clock.Clock
	Limits        stock.Limits
	ProductGroups int // over how many Beam keys products are spread
	State         keyed.Config
}

// InventoryStatefulFn is branch A: exact on-hand by store:product. It decides about the identity of
// every event, views and cart adds included. It takes batches of events by key group and emits
// stock signals, dead letters of what only the state can refuse, and, by product group, the changes
// that SmartVelocityFn needs.
type InventoryStatefulFn struct {
	Keyed

	Stamp state.Value[int64]
	Log   state.Bag[[]byte]

	env    *process.Env
	log    *keyed.Log[*inventoryImage]
	counts metrics.Bundle
	names  []string // of the product groups

	// Of the bundle.
	out     batch.Signals
	letters []event.DeadLetter
	changes [][]byte // by product group
	control control  // for every product group
	latest  beam.EventTime
	oldest  int64 // publish time of the oldest event that shows demand, epoch ms; 0 unknown

	// Of the batch.
	header header
	wall   time.Time
	now    int64 // the clock at wall, epoch ms
	record []byte
}

// Inventory is the output of InventoryStateful.
type Inventory struct {
	Signals     beam.PCollection // batch.Signals
	DeadLetters beam.PCollection // batch.DeadLetters
	Changes     beam.PCollection // product group, batch of changes: for SmartVelocity
}

// InventoryStateful applies InventoryStatefulFn to batches of events by key group.
func InventoryStateful(s beam.Scope, k Keyed, batches beam.PCollection) Inventory {
	signals, letters, changes := beam.ParDo3(s.Scope("InventoryStatefulFn"), &InventoryStatefulFn{Keyed: k,
		Stamp: state.MakeValueState[int64]("stamp"), Log: state.MakeBagState[[]byte]("log")}, batches)
	return Inventory{Signals: signals, DeadLetters: letters, Changes: changes}
}

// Setup finds what the process shares.
func (f *InventoryStatefulFn) Setup() (err error) {
	f.env = process.Of(f.PipelineID)
	f.log, err = keyed.NewLog(f.env, inventoryStage, f.State, f.newImage, &f.Stamp, &f.Log, &f.counts)
	if err != nil {
		return fmt.Errorf("set up InventoryStatefulFn: %w", err)
	}
	f.names = keyed.KeyGroups(f.ProductGroups).Names()
	f.changes = make([][]byte, len(f.names))
	return nil
}

func (f *InventoryStatefulFn) newImage() *inventoryImage { return newInventoryImage(f.Limits) }

// StartBundle is part of Beam's contract.
func (f *InventoryStatefulFn) StartBundle(context.Context, func(beam.EventTime, batch.Signals),
	func(beam.EventTime, batch.DeadLetters), func(beam.EventTime, string, []byte)) {
	f.out, f.letters, f.oldest, f.control = batch.Signals{}, nil, 0, 0
	for i := range f.changes {
		f.changes[i] = f.changes[i][:0]
	}
}

// ProcessElement applies the events of a batch to the image of its key.
func (f *InventoryStatefulFn) ProcessElement(_ context.Context, at beam.EventTime, p state.Provider,
	key string, events []byte, _ func(beam.EventTime, batch.Signals), _ func(beam.EventTime, batch.DeadLetters),
	_ func(beam.EventTime, string, []byte)) error {
	r := f.begin(at, events)
	if key == controlKey {
		f.control |= f.header.control
		return r.Err
	}
	c, err := f.log.Open(p, key)
	if err != nil {
		return fmt.Errorf("open the stock state: %w", err)
	}
	republished := f.log.NeedsRepublish(c, f.header.control == republish)
	if republished {
		f.republish(c.Image)
	}
	accepted := len(f.record)
	var m move
	for r.More() {
		if m.read(&r); r.Err != nil {
			break
		}
		t, out := c.Image.apply(&m, f.now, f.Limits)
		switch out.Verdict {
		case stock.Accepted:
			f.record = append(f.record, m.core...)
			f.accept(&m, t, out)
		case stock.Repeated:
			f.counts.Add(metrics.Duplicates, 1)
		default:
			if err := f.refuse(&m, t.refusal(&m, out.Verdict, f.now, f.Limits)); err != nil {
				return fmt.Errorf("refuse an event of %s: %w", signal.AppendPair(nil, t.store, t.product), err)
			}
		}
		t.publishedAt = older(t.publishedAt, m.publishedAt)
	}
	if r.Err != nil {
		return fmt.Errorf("read a batch of key %s: %w", key, r.Err)
	}
	c.Image.settle(f.now, f.wall.UnixMicro(), f.emit)
	if len(f.record) == accepted && !republished {
		f.log.Keep(key, c)
		return nil
	}
	return f.commit(p, key, c)
}

// begin reads the header of a batch and begins a log record.
func (f *InventoryStatefulFn) begin(at beam.EventTime, events []byte) codec.Reader {
	f.latest = at
	r := codec.Reader{B: events}
	f.header.readEvents(&r)
	f.out.Tokens = append(f.out.Tokens, f.header.tokens...)
	f.wall = time.Now()
	f.now = f.Clock.AtWall(f.wall)
	f.record = append(f.record[:0], recordMoves)
	f.record = binary.AppendVarint(f.record, f.now)
	f.record = binary.AppendVarint(f.record, f.wall.UnixMicro())
	return r
}

// republish emits the stock of every pair.
func (f *InventoryStatefulFn) republish(g *inventoryImage) {
	for _, p := range g.pairs {
		if p.HasStock() {
			f.emitStock(p, 0)
		}
	}
}

func (f *InventoryStatefulFn) emitStock(p *pair, publishedAt int64) {
	f.out.Stocks = append(f.out.Stocks, p.signal(f.now))
	f.out.PublishedAt = append(f.out.PublishedAt, publishedAt)
}

// accept counts a new event of a pair and passes on what velocity may count.
func (f *InventoryStatefulFn) accept(m *move, t *touch, out stock.Outcome) {
	if m.Type == event.Sale && !t.Known() {
		f.counts.Add(metrics.SalesNeverCounted, 1)
	}
	if out.Dropped {
		f.counts.Add(metrics.DroppedByBarrier, 1)
	}
	if out.Recomputed {
		f.counts.Add(metrics.Recomputed, 1)
	}
	if m.Type.ShowsDemand() && m.Quantity != 0 && m.TimeMs >= f.now-stock.DayMs {
		g := keyed.GroupOf(m.product, len(f.changes))
		f.changes[g] = appendDemand(f.changes[g], m.Type, m.store, m.product, m.TimeMs, m.Quantity)
		f.oldest = older(f.oldest, m.publishedAt)
	}
}

// emit emits the signals of a pair that a batch touched. After a repetition it emits the absolute
// values again, because the first signal may have been lost.
func (f *InventoryStatefulFn) emit(t *touch) {
	if !t.changed && !(t.repeated && t.HasStock()) {
		return
	}
	f.emitStock(t.pair, t.publishedAt)
	if t.LowStock() != t.wasLow {
		f.out.Badges = append(f.out.Badges, signal.BadgeChange{Badge: signal.LowStock, On: t.LowStock(),
			StoreID: t.store, ProductID: t.product, At: f.now,
			OnHand: t.OnHand(), Enter: f.Limits.LowEnter, Exit: f.Limits.LowExit})
	}
	if t.Known() && (!t.wasKnown || t.OnHand() != t.was) {
		g := keyed.GroupOf([]byte(t.product), len(f.changes))
		known := int64(0)
		if !t.wasKnown {
			known = 1
		}
		f.changes[g] = appendStockChange(f.changes[g], t.product, t.OnHand()-t.was, known)
	}
}

// refuse adds the dead letter of an event, with the message that carried it.
func (f *InventoryStatefulFn) refuse(m *move, why event.Refusal) error {
	l := event.DeadLetter{Refusal: why, Stage: event.StageStock, FailedAt: f.wall.UnixMilli()}
	if !m.Type.MovesStock() {
		l.Stage = event.StageVelocity
	}
	if m.token == 0 {
		l.Message = &event.Message{}
		if err := json.Unmarshal(m.inline, l.Message); err != nil {
			return fmt.Errorf("read the message of the event: %w", err)
		}
	} else {
		msg, ok := f.env.Tracker.Message(m.token, m.index)
		if !ok {
			return fmt.Errorf("message %d of ack token %d is no longer held", m.index, m.token)
		}
		l.Message = &msg
	}
	if l.Message.Channel == event.FILE {
		l.Detail += fmt.Sprintf(" (%s:%d)", l.Message.File, l.Message.Line)
	}
	f.counts.Add(metrics.Refused(l.Reason), 1)
	f.letters = append(f.letters, l)
	return nil
}

func (f *InventoryStatefulFn) commit(p state.Provider, key string, c *keyed.Cell[*inventoryImage]) error {
	w, mirrored, err := f.log.Commit(p, key, c, f.record)
	if err != nil {
		return fmt.Errorf("commit the stock state: %w", err)
	}
	if mirrored {
		if !w.Anew {
			w.Record = append([]byte(nil), w.Record...) // f.record is used again
		}
		f.out.Logs = append(f.out.Logs, w)
	}
	return nil
}

// FinishBundle emits the dead letters first, since the tokens that they need are released with the
// signals, then the changes of each product group, and the signals last: the sink has then written
// them before the bundle ends.
func (f *InventoryStatefulFn) FinishBundle(ctx context.Context, signals func(beam.EventTime, batch.Signals),
	letters func(beam.EventTime, batch.DeadLetters), changes func(beam.EventTime, string, []byte)) {
	defer f.counts.Flush(ctx, f.env.Metrics)
	if len(f.letters) > 0 {
		letters(f.latest, batch.DeadLetters{Letters: f.letters})
	}
	tokens := unique(f.out.Tokens)
	emit := func(group string, c control, data []byte) {
		f.env.Tracker.Hold(tokens, 1)
		element := binary.AppendVarint(appendTokens(make([]byte, 0, len(data)+17+10*len(tokens)), tokens), f.oldest)
		if c != 0 {
			element = appendControl(element, c)
		}
		changes(f.latest, group, append(element, data...))
	}
	for g, data := range f.changes {
		if len(data) > 0 {
			emit(f.names[g], 0, data)
		}
		if f.control != 0 {
			emit(f.names[g], f.control, nil)
		}
	}
	if f.out.Empty() {
		f.env.Tracker.Release(f.out.Tokens)
		return
	}
	signals(f.latest, f.out)
}
