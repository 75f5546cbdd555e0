package yardstick

import (
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/signal"
)

// shard is the state of one thread.
type shard struct {
	in    chan []event.UnifiedInventoryEvent
	write Write

	pairs    map[string]*pair
	products map[string]*product
	key      []byte

	touched  []*pair
	sums     []*product // whose stock over all stores changed
	moved    []*series  // whose velocity changed since it was written
	version  int64
	velocity time.Time // when it was last written
}

// pair is a product in a store.
type pair struct {
	store, product string
	sum            *product
	ids            map[uint64]struct{}
	later          []delta // movements that a later count might still drop
	onHand         int64
	barrier        int64 // time of the count that holds
	barrierID      string
	known, touched bool
	said           int64 // its part of the product's sum
	velocity       series
}

// delta is a movement of stock.
type delta struct{ at, quantity int64 }

// product is a product over all stores.
type product struct {
	id       string
	onHand   int64
	touched  bool
	velocity series
}

func newShard(write Write) *shard {
	return &shard{in: make(chan []event.UnifiedInventoryEvent, 4), write: write, pairs: map[string]*pair{}, products: map[string]*product{}, velocity: time.Now()}
}

func (s *shard) run() error {
	for events := range s.in {
		now := time.Now()
		for i := range events {
			s.apply(&events[i], now.UnixMilli())
		}
		if err := s.flush(now, false); err != nil {
			for range s.in { // lets the decoders end
			}
			return err
		}
	}
	return s.flush(time.Now(), true)
}

func (s *shard) apply(e *event.UnifiedInventoryEvent, nowMs int64) {
	s.key = append(append(append(s.key[:0], e.StoreID...), 0), e.ProductID...) // no id holds a NUL
	p := s.pairs[string(s.key)]
	if p == nil {
		p = &pair{store: e.StoreID, product: e.ProductID, ids: map[uint64]struct{}{}, sum: s.products[e.ProductID]}
		if p.sum == nil {
			p.sum = &product{id: p.product}
			s.products[p.product] = p.sum
		}
		s.pairs[string(s.key)] = p
	}
	id := event.IdentityHash(e.ID)
	if _, repeated := p.ids[id]; repeated {
		return
	}
	p.ids[id] = struct{}{}
	if e.Type.MovesStock() {
		p.take(e)
		if !p.touched {
			p.touched = true
			s.touched = append(s.touched, p)
		}
	}
	if e.Type.ShowsDemand() && e.Quantity != 0 && e.OccurredAt > nowMs-dayMs {
		s.count(&p.velocity, p.store, p.product, e)
		s.count(&p.sum.velocity, "", p.product, e)
	}
}

// take applies a sale, receipt or count.
func (p *pair) take(e *event.UnifiedInventoryEvent) {
	switch {
	case e.Type == event.Reset:
		if p.known && (e.OccurredAt < p.barrier || e.OccurredAt == p.barrier && e.ID < p.barrierID) {
			return
		}
		p.known, p.barrier, p.barrierID, p.onHand = true, e.OccurredAt, e.ID, e.Quantity
		later := p.later[:0]
		for _, d := range p.later {
			if d.at >= p.barrier {
				p.onHand += d.quantity
				later = append(later, d)
			}
		}
		p.later = later
	case !p.known || e.OccurredAt >= p.barrier:
		d := delta{e.OccurredAt, e.Quantity}
		if e.Type == event.Sale {
			d.quantity = -d.quantity
		}
		p.onHand += d.quantity
		p.later = append(p.later, d)
	}
}

func (s *shard) count(v *series, store, product string, e *event.UnifiedInventoryEvent) {
	v.store, v.product = store, product
	v.add(e)
	if !v.moved {
		v.moved = true
		s.moved = append(s.moved, v)
	}
}

// flush writes what was touched, and velocity when it is time or the last time.
func (s *shard) flush(now time.Time, last bool) error {
	s.version = max(s.version+1, now.UnixMicro())
	stocks := make([]signal.Stock, 0, len(s.touched))
	for _, p := range s.touched {
		p.touched = false
		stocks = append(stocks, signal.Stock{StoreID: p.store, ProductID: p.product, OnHand: p.onHand, Version: s.version, Known: p.known,
			Barrier: p.barrier, AsOf: now.UnixMilli()})
		if p.known {
			s.addUp(p)
		}
	}
	s.touched = s.touched[:0]
	for _, g := range s.sums {
		g.touched = false
		stocks = append(stocks, signal.Stock{ProductID: g.id, OnHand: g.onHand, Version: s.version, Known: true, AsOf: now.UnixMilli()})
	}
	s.sums = s.sums[:0]
	var velocities []signal.Velocity
	if last || now.Sub(s.velocity) >= velocityEvery {
		s.velocity = now
		for _, v := range s.moved {
			v.moved = false
			velocities = append(velocities, v.signal(now.UnixMilli()))
		}
		s.moved = s.moved[:0]
	}
	return s.write(stocks, velocities)
}

// addUp brings the change of a pair into its product's sum.
func (s *shard) addUp(p *pair) {
	g := p.sum
	g.onHand += p.onHand - p.said
	p.said = p.onHand
	if !g.touched {
		g.touched = true
		s.sums = append(s.sums, g)
	}
}
