package transforms

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/transforms/stock"
)

// Kinds of log records of the inventory stage.
const (
	recordMoves    = 'M' // clock, wall clock in microseconds, and the cores of the events taken
	recordSnapshot = 'S' // all records
)

// inventoryImage is the state of one Beam key of the inventory stage: a record for each of its store:product keys.
type inventoryImage struct {
	limits  stock.Limits
	pairs   map[string]*pair // by pair name
	bytes   int
	lastNow int64

	touched []touch // by the batch that is being applied
	key     []byte
}

// pair is the record of one product in one store.
type pair struct {
	stock.Record
	store, product string
	touch          int32 // 1 + its index in touched, 0 when the current batch has not touched it
}

// signal is the stock as it stands.
func (p *pair) signal(nowMs int64) signal.Stock {
	s := signal.Stock{StoreID: p.store, ProductID: p.product, OnHand: p.OnHand(), Version: p.Version(), Known: p.Known(),
		Barrier: p.BarrierMs(), AsOf: nowMs}
	if p.LowStock() {
		s.Badge = signal.LowStock
	}
	return s
}

// touch is what a batch does to one pair.
type touch struct {
	*pair
	was         int64 // known on-hand before, 0 when not known
	wasKnown    bool
	changed     bool // a stock event was taken
	repeated    bool // a stock event was repeated
	wasLow      bool
	size        int
	publishedAt int64 // the oldest event's, 0 unknown
}

const pairOverhead = 96 // map slot, key, pair beside the record

func newInventoryImage(l stock.Limits) *inventoryImage {
	return &inventoryImage{limits: l, pairs: map[string]*pair{}}
}

// apply takes one event into the image and returns what became of it.
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

// add adds a pair by its name, of which both ids are parts.
func (g *inventoryImage) add(name, store, product string, r stock.Record) *pair {
	p := &pair{Record: r, store: store, product: product}
	g.pairs[name] = p
	g.bytes += pairOverhead + 2*len(name) + p.Size()
	return p
}

// settle ends a batch: versions grow, and each touched pair is handed to f, which may be nil.
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

// replay implements image.
func (g *inventoryImage) replay(record []byte) error {
	r := reader{b: record}
	switch kind := r.byte(); kind {
	case recordSnapshot:
		return g.restore(&r)
	case recordMoves:
		now, wall := r.varint(), r.varint()
		l := g.limits
		l.CountLate = true // the log holds what was accepted, whatever the option was then
		var m move
		for len(r.b) > 0 && r.err == nil {
			if r.core(&m); r.err == nil {
				g.apply(&m, now, l)
			}
		}
		g.settle(now, wall, nil)
		return r.err
	default:
		return fmt.Errorf("unknown kind %q of inventory log record", kind)
	}
}

// tidy implements image: ids of looks that are older than a day go, and pairs of which nothing is left to know.
func (g *inventoryImage) tidy() {
	for key, p := range g.pairs {
		size := p.Size()
		if p.ExpireLooks(g.lastNow); p.Empty() {
			delete(g.pairs, key)
			g.bytes -= pairOverhead + 2*len(key) + size
			continue
		}
		g.bytes += p.Size() - size
	}
}

// snapshot implements image. The image is tidied on the way.
func (g *inventoryImage) snapshot() []byte {
	g.tidy()
	b := []byte{recordSnapshot}
	b = binary.AppendVarint(b, g.lastNow)
	keys := slices.Collect(maps.Keys(g.pairs))
	slices.Sort(keys) // equal images have equal snapshots
	for _, key := range keys {
		b = appendBytes(b, key)
		b = g.pairs[key].AppendBinary(b)
	}
	return b
}

func (g *inventoryImage) restore(r *reader) error {
	g.lastNow = r.varint()
	for len(r.b) > 0 && r.err == nil {
		key := string(r.bytes())
		store, product, ok := cutPairName(key)
		if !ok {
			return fmt.Errorf("snapshot names %q, which is no store:product", key)
		}
		rec, rest, err := stock.DecodeRecord(r.b)
		if err != nil {
			return fmt.Errorf("read the record of %s: %w", key, err)
		}
		r.b = rest
		g.add(key, store, product, *rec)
	}
	return r.err
}

// size implements image.
func (g *inventoryImage) size() int { return g.bytes }

// refusal is why the stock stage refused an event of a pair. Details name the pair as key names do.
func (t *touch) refusal(m *move, v stock.Verdict, nowMs int64, l stock.Limits) event.Refusal {
	pair := signal.AppendPair(nil, t.store, t.product)
	switch v {
	case stock.ResetTooOld:
		return event.Refusal{Reason: event.ResetTooOld, Item: m.item, Detail: fmt.Sprintf(
			"counted_at %s of %s is older than the ledger horizon behind the newest event of the key, and no later count is known",
			formatMs(m.TimeMs), pair)}
	case stock.TooLate:
		return event.Refusal{Reason: event.TooLate, Item: m.item, Detail: fmt.Sprintf(
			"occurred_at %s of %s is older than what the key's ledger holds, from %s on (--ledger_horizon=%v behind its newest event): "+
				"it cannot be told from a repetition. A longer --ledger_horizon holds more; --late_events=count counts it",
			formatMs(m.TimeMs), pair, formatMs(t.LedgerFrom(nowMs, l)), time.Duration(l.HorizonMs)*time.Millisecond)}
	default:
		return event.Refusal{Reason: event.IDReused, Item: m.item, Detail: fmt.Sprintf(
			"event_id was used before for %s with another type, quantity or time; the first that arrived stays", pair)}
	}
}
