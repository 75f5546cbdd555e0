package transforms

import (
	"fmt"
	"math"

	"github.com/beamlytics/streamlytics/internal/codec"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/transforms/stock"
	"github.com/beamlytics/streamlytics/transforms/velocity"
)

// velocityStage names the stage in what a process shares.
const velocityStage = "SmartVelocityFn"

// productImage is the state of one Beam key of SmartVelocityFn, a product group: for each product
// its velocity, globally and per store, and its stock over all stores.
type productImage struct {
	limits   stock.Limits
	config   velocity.Config
	products map[string]*product
	bytes    int

	dirty   []*series  // added to since the last evaluation
	nextDue int64      // the clock before which no series that is not dirty can change
	touched []*product // whose stock the current batch changed
}

type product struct {
	id     string
	global series
	stores map[string]*series
	stock  stock.Global

	touched, wasLow bool
}

// series is the velocity of a product in one store, or globally.
type series struct {
	velocity.Series
	product *product
	store   string // empty: global
	due     int64
	isDirty bool
}

// The memory of a product and of a series beside what they hold, in bytes.
const (
	productOverhead = 160
	seriesOverhead  = 120
)

func newProductImage(l stock.Limits, c velocity.Config) *productImage {
	return &productImage{limits: l, config: c, products: map[string]*product{}, nextDue: math.MaxInt64}
}

// apply applies the changes that follow in r.
func (g *productImage) apply(r *codec.Reader, nowMs int64) error {
	for r.More() {
		switch tag := r.Byte(); tag {
		case changeDemand:
			kind, store, id := velocity.Kind(r.Byte()), r.Bytes(), r.Bytes()
			at, quantity := r.Varint(), r.Varint()
			if r.Err == nil {
				g.addDemand(id, store, at, nowMs, kind, quantity)
			}
		case changeStock:
			id, onHand, stores := r.Bytes(), r.Varint(), r.Varint()
			if r.Err == nil {
				g.changeStock(g.product(id), onHand, stores)
			}
		case changeRepublish:
		default:
			return fmt.Errorf("unknown kind %q of change", tag)
		}
	}
	return r.Err
}

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

// store returns the series of a product in a store, or the global one if store is empty.
func (g *productImage) store(p *product, store []byte) *series {
	if len(store) == 0 {
		return &p.global
	}
	s := p.stores[string(store)]
	if s == nil {
		s = &series{product: p, store: string(store)}
		p.stores[s.store] = s
		g.bytes += seriesOverhead + len(store) + s.Size()
	}
	return s
}

// addDemand counts an event, globally and in its store.
func (g *productImage) addDemand(id, store []byte, at, nowMs int64, k velocity.Kind, quantity int64) {
	p := g.product(id)
	for _, s := range [...]*series{&p.global, g.store(p, store)} {
		size := s.Size()
		if s.Add(at, nowMs, k, quantity) {
			g.markDirty(s)
		}
		g.bytes += s.Size() - size
	}
}

// markDirty marks a series for the next evaluation.
func (g *productImage) markDirty(s *series) {
	if !s.isDirty {
		s.isDirty = true
		g.dirty = append(g.dirty, s)
	}
}

func (g *productImage) changeStock(p *product, onHand, stores int64) {
	g.touch(p)
	p.stock.Apply(onHand, stores, g.limits)
}

// touch marks p for settle.
func (g *productImage) touch(p *product) {
	if !p.touched {
		p.touched, p.wasLow = true, p.stock.Low
		g.touched = append(g.touched, p)
	}
}

// settle ends a batch: it raises the versions of touched stock and calls f, if not nil, with each
// touched product.
func (g *productImage) settle(wallMicros int64, f func(*product)) {
	for _, p := range g.touched {
		p.touched = false
		p.stock.Bump(wallMicros)
		if f != nil {
			f(p)
		}
	}
	clear(g.touched)
	g.touched = g.touched[:0]
}

// stockSignal returns the stock of a product over all stores.
func (p *product) stockSignal(nowMs int64) signal.Stock {
	s := signal.Stock{ProductID: p.id, OnHand: p.stock.OnHand, Version: p.stock.Version,
		Known: p.stock.Stores > 0, AsOf: nowMs}
	if p.stock.Low {
		s.Badge = signal.LowStock
	}
	return s
}
