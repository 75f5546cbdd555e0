package transforms

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/transforms/stock"
	"github.com/beamlytics/streamlytics/transforms/velocity"
)

// Kinds of log records of the product stage, beside recordSnapshot.
const (
	recordChanges    = 'C' // clock, wall clock in microseconds, and changes
	recordEvaluation = 'E' // clock, wall clock in microseconds: all that was due was evaluated, and restored stock said
	// recordChangesEvaluated is recordChanges, after which all was evaluated at the same clock.
	recordChangesEvaluated = 'B'
	recordKept             = 'K' // fields and values of what was decided before a restart
	recordAwait            = 'A' // key groups that have not said yet what they restored; in front of a snapshot, if one follows
)

// productImage is the state of one Beam key of the product stage: for each product of the group its velocity, over all stores
// and in each, and its stock over all stores.
type productImage struct {
	limits   stock.Limits
	config   velocity.Config
	products map[string]*product
	bytes    int

	dirty   []*series  // added to since the last evaluation
	nextDue int64      // no series that is not dirty can change before this clock
	touched []*product // whose stock changed in the batch that is being applied
	unsaid  []*product // whose stock was restored and is not said yet

	awaited map[string]bool // key groups that have not said yet what they restored
	told    bool            // the batch that is being applied has everything said again
}

type product struct {
	id     string
	global series
	stores map[string]*series
	stock  stock.Global

	touched, unsaid, wasLow bool
}

// series is the velocity of a product in one store, or over all stores.
type series struct {
	velocity.Series
	product *product
	store   string // empty: over all stores
	due     int64
	isDirty bool
}

// evaluation is what came of evaluating a series.
type evaluation struct {
	reading velocity.Reading
	changed bool // the reading differs from the last
	decided bool // what a restart must keep differs from the last
	badge   *velocity.Change
}

const (
	productOverhead = 160
	seriesOverhead  = 120
)

func newProductImage(l stock.Limits, c velocity.Config) *productImage {
	return &productImage{limits: l, config: c, products: map[string]*product{}, nextDue: math.MaxInt64}
}

// apply takes the changes that follow in r.
func (g *productImage) apply(r *reader, nowMs int64) error {
	for len(r.b) > 0 && r.err == nil {
		switch tag := r.byte(); tag {
		case changeDemand:
			kind, store, id := velocity.Kind(r.byte()), r.bytes(), r.bytes()
			at, quantity := r.varint(), r.varint()
			if r.err == nil {
				p := g.product(id)
				g.add(&p.global, at, nowMs, kind, quantity)
				g.add(g.store(p, store), at, nowMs, kind, quantity)
			}
		case changeStock, changeStockRestored:
			id, onHand, stores := r.bytes(), r.varint(), r.varint()
			switch {
			case r.err != nil:
			case tag == changeStockRestored, g.awaits():
				g.restoreStock(g.product(id), onHand, stores)
			default:
				g.changeStock(g.product(id), onHand, stores)
			}
		case changeSpoken:
			delete(g.awaited, string(r.bytes()))
		case changeSayAll:
			g.told = true
		default:
			return fmt.Errorf("unknown kind %q of change", tag)
		}
	}
	return r.err
}

// awaits reports whether what is there adds up to nothing yet, because key groups have still to say what they restored.
func (g *productImage) awaits() bool { return len(g.awaited) > 0 }

func (g *productImage) product(id []byte) *product {
	p := g.products[string(id)]
	if p == nil {
		p = &product{id: string(id), stores: map[string]*series{}}
		p.global.product = p
		g.products[p.id] = p
		g.bytes += productOverhead + len(id) + p.global.Size()
	}
	return p
}

func (g *productImage) store(p *product, store []byte) *series {
	s := p.stores[string(store)]
	if s == nil {
		s = &series{product: p, store: string(store)}
		p.stores[s.store] = s
		g.bytes += seriesOverhead + len(store) + s.Size()
	}
	return s
}

func (g *productImage) add(s *series, at, nowMs int64, k velocity.Kind, quantity int64) {
	size := s.Size()
	if s.Add(at, nowMs, k, quantity) && !s.isDirty {
		s.isDirty = true
		g.dirty = append(g.dirty, s)
	}
	g.bytes += s.Size() - size
}

func (g *productImage) changeStock(p *product, onHand, stores int64) {
	if !p.touched {
		p.touched, p.wasLow = true, p.stock.Low
		g.touched = append(g.touched, p)
	}
	p.stock.Apply(onHand, stores, g.limits)
}

// restoreStock takes a part of a sum, of which nothing is said before the next evaluation.
func (g *productImage) restoreStock(p *product, onHand, stores int64) {
	if !p.unsaid {
		p.unsaid = true
		g.unsaid = append(g.unsaid, p)
	}
	// The badge is that of the whole sum, not of its parts on the way.
	p.stock.OnHand += onHand
	p.stock.Stores += stores
}

// settleRestored ends the restoring of stock: each product is handed to f, which may be nil.
func (g *productImage) settleRestored(wallMicros int64, f func(*product)) {
	for _, p := range g.unsaid {
		p.unsaid, p.wasLow = false, p.stock.Low
		p.stock.Apply(0, 0, g.limits)
		p.stock.Bump(wallMicros)
		if f != nil {
			f(p)
		}
	}
	g.unsaid = nil
}

// settle ends a batch: stock versions grow, and each product whose stock was touched is handed to f, which may be nil.
func (g *productImage) settle(wallMicros int64, f func(*product)) {
	for _, p := range g.touched {
		p.touched = false
		if p.unsaid {
			continue
		}
		p.stock.Bump(wallMicros)
		if f != nil {
			f(p)
		}
	}
	clear(g.touched)
	g.touched = g.touched[:0]
	g.told = false
}

// evaluate brings everything that may have changed up to the clock and hands what did change to out, which may be nil.
func (g *productImage) evaluate(nowMs int64, out func(*series, evaluation)) {
	said := func(s *series) {
		if e := g.one(s, nowMs); out != nil && (e.changed || e.decided || e.badge != nil) {
			out(s, e)
		}
	}
	for _, s := range g.dirty {
		s.isDirty = false
		said(s)
		g.nextDue = min(g.nextDue, s.due)
		g.drop(s)
	}
	clear(g.dirty)
	g.dirty = g.dirty[:0]
	if nowMs < g.nextDue {
		return
	}
	g.visit(func(s *series) {
		if s.due <= nowMs {
			said(s)
		}
	})
}

// evaluateAll brings all series up to the clock, due or not, and hands all to out.
func (g *productImage) evaluateAll(nowMs int64, out func(*series, evaluation)) {
	for _, s := range g.dirty {
		s.isDirty = false
	}
	clear(g.dirty)
	g.dirty = g.dirty[:0]
	g.visit(func(s *series) { out(s, g.one(s, nowMs)) })
}

// one brings a series up to the clock.
func (g *productImage) one(s *series, nowMs int64) (e evaluation) {
	size, before := s.Size(), s.Sticky()
	e.reading, e.changed, e.badge = s.Evaluate(nowMs, g.config)
	e.decided = s.Sticky() != before
	g.bytes += s.Size() - size
	s.due = s.NextDue(g.config)
	return e
}

// visit hands all series to f, finds when the next is due, and lets go of those that have become empty.
func (g *productImage) visit(f func(*series)) {
	g.nextDue = math.MaxInt64
	see := func(s *series) {
		f(s)
		g.nextDue = min(g.nextDue, s.due)
	}
	for _, p := range g.products {
		see(&p.global)
		for _, s := range p.stores {
			see(s)
			g.drop(s)
		}
		g.drop(&p.global)
	}
}

// drop lets go of a series, and of its product, when there is nothing left to remember.
func (g *productImage) drop(s *series) {
	if !s.Forgotten() || s.isDirty {
		return
	}
	p := s.product
	if s.store != "" && p.stores[s.store] == s {
		delete(p.stores, s.store)
		g.bytes -= seriesOverhead + len(s.store) + s.Size()
	}
	if len(p.stores) == 0 && p.global.Forgotten() && !p.global.isDirty && p.stock == (stock.Global{}) && g.products[p.id] == p {
		delete(g.products, p.id)
		g.bytes -= productOverhead + len(p.id) + p.global.Size()
	}
}

// replay implements image.
func (g *productImage) replay(record []byte) error {
	r := reader{b: record}
	switch kind := r.byte(); kind {
	case recordSnapshot:
		return g.restore(&r)
	case recordChanges, recordChangesEvaluated:
		now, wall := r.varint(), r.varint()
		if err := g.apply(&r, now); err != nil {
			return err
		}
		g.settle(wall, nil)
		if kind == recordChangesEvaluated {
			g.evaluate(now, nil)
			g.settleRestored(wall, nil)
		}
	case recordEvaluation:
		if now, wall := r.varint(), r.varint(); r.err == nil {
			g.evaluate(now, nil)
			g.settleRestored(wall, nil)
		}
	case recordKept:
		return g.restoreKept(&r)
	case recordAwait:
		g.awaited = map[string]bool{}
		for n := r.uvarint(); n > 0 && r.err == nil; n-- {
			g.awaited[string(r.bytes())] = true
		}
		if len(r.b) > 0 && r.err == nil {
			return g.replay(r.b)
		}
	default:
		return fmt.Errorf("unknown kind %q of product log record", kind)
	}
	return r.err
}

// snapshot implements image.
func (g *productImage) snapshot() (b []byte) {
	if g.awaits() {
		b = appendAwait(nil, slices.Sorted(maps.Keys(g.awaited)))
	}
	b = append(b, recordSnapshot)
	ids := make([]string, 0, len(g.products))
	for id := range g.products {
		ids = append(ids, id)
	}
	slices.Sort(ids) // equal images have equal snapshots
	var stores []string
	for _, id := range ids {
		p := g.products[id]
		b = appendBytes(b, id)
		b = binary.AppendVarint(b, p.stock.OnHand)
		b = binary.AppendVarint(b, p.stock.Stores)
		b = binary.AppendVarint(b, p.stock.Version)
		flags := byte(0)
		if p.stock.Low {
			flags |= productLow
		}
		if p.unsaid {
			flags |= productUnsaid
		}
		b = append(b, flags)
		b = p.global.AppendBinary(b)
		stores = stores[:0]
		for store := range p.stores {
			stores = append(stores, store)
		}
		slices.Sort(stores)
		b = binary.AppendUvarint(b, uint64(len(stores)))
		for _, store := range stores {
			b = appendBytes(b, store)
			b = p.stores[store].AppendBinary(b)
		}
	}
	return b
}

// appendAwait appends a log record that key groups are awaited.
func appendAwait(b []byte, groups []string) []byte {
	b = binary.AppendUvarint(append(b, recordAwait), uint64(len(groups)))
	for _, name := range groups {
		b = appendBytes(b, name)
	}
	return b
}

func (g *productImage) restore(r *reader) error {
	for len(r.b) > 0 && r.err == nil {
		id := r.bytes()
		if r.err != nil {
			break
		}
		p := g.product(id)
		p.stock = stock.Global{OnHand: r.varint(), Stores: r.varint(), Version: r.varint()}
		flags := r.byte()
		p.stock.Low = flags&productLow != 0
		if p.unsaid = flags&productUnsaid != 0; p.unsaid {
			g.unsaid = append(g.unsaid, p)
		}
		if err := g.restoreSeries(r, &p.global); err != nil {
			return fmt.Errorf("read the velocity of product %s: %w", p.id, err)
		}
		for n := r.uvarint(); n > 0 && r.err == nil; n-- {
			store := r.bytes()
			if r.err != nil {
				break
			}
			if err := g.restoreSeries(r, g.store(p, store)); err != nil {
				return fmt.Errorf("read the velocity of product %s in store %s: %w", p.id, store, err)
			}
		}
	}
	return r.err
}

// restoreSeries reads a series. It counts as dirty: whether it was does not stand in the snapshot, and evaluating it once more
// says nothing that was not said.
func (g *productImage) restoreSeries(r *reader, s *series) error {
	if r.err != nil {
		return r.err
	}
	size := s.Size()
	v, rest, err := velocity.DecodeSeries(r.b)
	if err != nil {
		return err
	}
	r.b, s.Series, s.isDirty = rest, v, true
	g.dirty = append(g.dirty, s)
	g.bytes += s.Size() - size
	return nil
}

// Flags of a product in a snapshot.
const (
	productLow = 1 << iota
	productUnsaid
)

// tidy implements image. Series are let go of when they are evaluated.
func (g *productImage) tidy() {}

// size implements image.
func (g *productImage) size() int { return g.bytes }

// stockSignal is the stock of a product over all stores.
func (p *product) stockSignal(nowMs int64) signal.Stock {
	s := signal.Stock{ProductID: p.id, OnHand: p.stock.OnHand, Version: p.stock.Version, Known: p.stock.Stores > 0, AsOf: nowMs}
	if p.stock.Low {
		s.Badge = signal.LowStock
	}
	return s
}
