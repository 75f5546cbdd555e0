package transforms

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/codec"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/transforms/stock"
)

// inventoryStage names the stage in what a process shares.
const inventoryStage = "InventoryStatefulFn"

// The kinds of log records of InventoryStatefulFn.
const (
	recordMoves    = 'M' // clock, wall clock in microseconds, the cores of the accepted events
	recordSnapshot = 'S' // clock, then each pair: its name and stock.Record
)

// inventoryImage is the state of one Beam key of InventoryStatefulFn: a record for each
// store:product.
type inventoryImage struct {
	limits  stock.Limits
	pairs   map[string]*pair // by pair name
	bytes   int
	lastNow int64

	touched []touch // by the current batch
	key     []byte
}

// pair is one product in one store.
type pair struct {
	stock.Record
	store, product string
	touch          int32 // 1 + its index in touched; 0 if the current batch has not touched it
}

// signal returns the current stock.
func (p *pair) signal(nowMs int64) signal.Stock {
	s := signal.Stock{StoreID: p.store, ProductID: p.product, OnHand: p.OnHand(), Version: p.Version(),
		Known: p.Known(), Barrier: p.BarrierMs(), AsOf: nowMs}
	if p.LowStock() {
		s.Badge = signal.LowStock
	}
	return s
}

// touch is what a batch changes of one pair.
type touch struct {
	*pair
	was         int64 // the on-hand before the batch, 0 if not known
	wasKnown    bool
	changed     bool // a stock event was accepted
	repeated    bool // a stock event was repeated
	wasLow      bool
	size        int
	publishedAt int64 // of the oldest event, epoch ms; 0 unknown
}

// pairOverhead is the memory of a pair beside its record and name, in bytes.
const pairOverhead = 96

func newInventoryImage(l stock.Limits) *inventoryImage {
	return &inventoryImage{limits: l, pairs: map[string]*pair{}}
}

// apply applies one event.
func (g *inventoryImage) apply(m *move, nowMs int64, l stock.Limits) (*touch, stock.Outcome) {
	t := g.touch(m.store, m.product)
	out := t.Apply(m.Move, nowMs, l)
	switch {
	case !m.Type.MovesStock():
	case out.Verdict == stock.Accepted:
		t.changed = true
	case out.Verdict == stock.Repeated:
		t.repeated = true
	}
	return t, out
}

func (g *inventoryImage) touch(store, product []byte) *touch {
	g.key = appendPairName(g.key[:0], store, product)
	p := g.pairs[string(g.key)]
	if p == nil {
		name := string(g.key)
		p = g.add(name, name[:len(store)], name[len(store)+1:], stock.Record{})
	}
	if p.touch == 0 {
		t := touch{pair: p, wasKnown: p.Known(), wasLow: p.LowStock(), size: p.Size()}
		if t.wasKnown {
			t.was = p.OnHand()
		}
		g.touched = append(g.touched, t)
		p.touch = int32(len(g.touched))
	}
	return &g.touched[p.touch-1]
}

// add adds a pair by its name. Both ids alias the name.
func (g *inventoryImage) add(name, store, product string, r stock.Record) *pair {
	p := &pair{Record: r, store: store, product: product}
	g.pairs[name] = p
	g.bytes += pairOverhead + 2*len(name) + p.Size()
	return p
}

// settle ends a batch: it raises the versions of changed pairs and calls f, if not nil, with each
// touched pair.
func (g *inventoryImage) settle(nowMs, wallMicros int64, f func(*touch)) {
	g.lastNow = max(g.lastNow, nowMs)
	for i := range g.touched {
		t := &g.touched[i]
		if t.changed {
			t.Bump(wallMicros)
		}
		g.bytes += t.Size() - t.size
		t.touch = 0
		if f != nil {
			f(t)
		}
	}
	clear(g.touched)
	g.touched = g.touched[:0]
}

// Replay implements keyed.Image.
func (g *inventoryImage) Replay(record []byte) error {
	r := codec.Reader{B: record}
	switch kind := r.Byte(); kind {
	case recordSnapshot:
		return g.restore(&r)
	case recordMoves:
		now, wall := r.Varint(), r.Varint()
		l := g.limits
		l.CountLate = true // the log holds accepted events, whatever the option was when they came
		var m move
		for len(r.B) > 0 && r.Err == nil {
			if m.readCore(&r); r.Err == nil {
				g.apply(&m, now, l)
			}
		}
		g.settle(now, wall, nil)
		return r.Err
	default:
		return fmt.Errorf("unknown kind %q of inventory log record", kind)
	}
}

// Tidy implements keyed.Image. It drops ids of views and cart adds that are older than a day, and
// pairs of which nothing is left.
func (g *inventoryImage) Tidy() {
	for key, p := range g.pairs {
		size := p.Size()
		if p.ExpireViews(g.lastNow); p.Empty() {
			delete(g.pairs, key)
			g.bytes -= pairOverhead + 2*len(key) + size
			continue
		}
		g.bytes += p.Size() - size
	}
}

// Snapshot implements keyed.Image. It tidies the image.
func (g *inventoryImage) Snapshot() []byte {
	g.Tidy()
	b := []byte{recordSnapshot}
	b = binary.AppendVarint(b, g.lastNow)
	keys := slices.Collect(maps.Keys(g.pairs))
	slices.Sort(keys) // equal images have equal snapshots
	for _, key := range keys {
		b = codec.AppendBytes(b, key)
		b = g.pairs[key].AppendBinary(b)
	}
	return b
}

func (g *inventoryImage) restore(r *codec.Reader) error {
	g.lastNow = r.Varint()
	for len(r.B) > 0 && r.Err == nil {
		key := string(r.Bytes())
		store, product, ok := cutPairName(key)
		if !ok {
			return fmt.Errorf("snapshot: %q is not the name of a store and product", key)
		}
		rec, rest, err := stock.DecodeRecord(r.B)
		if err != nil {
			return fmt.Errorf("read the record of %s: %w", key, err)
		}
		r.B = rest
		g.add(key, store, product, *rec)
	}
	return r.Err
}

// Size implements keyed.Image.
func (g *inventoryImage) Size() int { return g.bytes }

// refusal returns why an event of a pair is refused. Details name the pair as Redis keys do.
func (t *touch) refusal(m *move, v stock.Verdict, nowMs int64, l stock.Limits) event.Refusal {
	pair := signal.AppendPair(nil, t.store, t.product)
	switch v {
	case stock.ResetTooOld:
		return event.Refusal{Reason: event.ResetTooOld, Item: m.item, Detail: fmt.Sprintf(
			"counted_at %s of %s is older than the ledger horizon behind the newest event of the key, "+
				"and no later count is known",
			formatMs(m.TimeMs), pair)}
	case stock.TooLate:
		return event.Refusal{Reason: event.TooLate, Item: m.item, Detail: fmt.Sprintf(
			"occurred_at %s of %s is older than what the key's ledger holds, from %s on "+
				"(--ledger_horizon=%v behind its newest event): it cannot be told from a repetition. "+
				"A longer --ledger_horizon holds more; --late_events=count counts it",
			formatMs(m.TimeMs), pair, formatMs(t.LedgerFrom(nowMs, l)), time.Duration(l.HorizonMs)*time.Millisecond)}
	default:
		return event.Refusal{Reason: event.IDReused, Item: m.item, Detail: fmt.Sprintf(
			"event_id was used before for %s with another type, quantity or time; the first that arrived stays", pair)}
	}
}
