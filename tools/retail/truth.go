package retail

import (
	"maps"
	"sync"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// Truth is what a correct pipeline shows after everything published so far. It is reckoned from what was sent, not from
// what the world's shelves hold. It is safe for concurrent use with World.Advance; each method sees all publications of a
// moment or none.
type Truth struct {
	mu       sync.RWMutex
	ledgers  map[storeProduct]*ledger
	inOrder  []*ledger
	products map[string]*productTruth

	published  int64
	events     map[event.Type]int64
	refused    map[event.Reason]int64
	ignored    int64
	duplicates int64
}

type storeProduct struct{ store, product string }

// ledger is what is known about the stock of one product in one store.
type ledger struct {
	storeProduct
	known  bool
	count  fact    // the RESET that holds; the zero fact when there is none
	deltas []delta // the SALEs and RECEIPTs that apply to it
	onHand int64
}

// delta is what a SALE or RECEIPT does to the stock.
type delta struct {
	at    int64 // epoch ms
	units int64
}

type productTruth struct {
	ledgers []*ledger
	sales   salesLog
}

func newTruth() *Truth {
	return &Truth{
		ledgers: map[storeProduct]*ledger{}, products: map[string]*productTruth{},
		events: map[event.Type]int64{}, refused: map[event.Reason]int64{},
	}
}

// add takes in a delivery.
func (t *Truth) add(l letter, repeated bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.published++
	if l.refused != "" {
		t.refused[l.refused]++
	}
	if l.ignored {
		t.ignored++
	}
	if repeated {
		t.duplicates += int64(len(l.facts))
		return
	}
	for _, f := range l.facts {
		t.events[f.kind]++
		if !f.kind.MovesStock() {
			continue
		}
		t.ledger(f).add(f)
		if f.kind == event.Sale {
			t.products[f.product].sales.add(sale{f.at, f.quantity, f.store})
		}
	}
}

func (t *Truth) ledger(f fact) *ledger {
	key := storeProduct{f.store, f.product}
	l := t.ledgers[key]
	if l == nil {
		l = &ledger{storeProduct: key}
		t.ledgers[key] = l
		t.inOrder = append(t.inOrder, l)
		p := t.products[f.product]
		if p == nil {
			p = &productTruth{}
			t.products[f.product] = p
		}
		p.ledgers = append(p.ledgers, l)
	}
	return l
}

// add applies a fact that was not there before.
func (l *ledger) add(f fact) {
	if f.kind != event.Reset {
		if l.known && f.at < l.count.at {
			return
		}
		d := delta{f.at, f.quantity}
		if f.kind == event.Sale {
			d.units = -d.units
		}
		l.deltas = append(l.deltas, d)
		l.onHand += d.units
		return
	}
	if l.known && (f.at < l.count.at || f.at == l.count.at && f.id <= l.count.id) {
		return
	}
	// No later count can need the deltas from before this one again: what holds only ever becomes later.
	kept := l.deltas[:0]
	l.known, l.count, l.onHand = true, f, f.quantity
	for _, d := range l.deltas {
		if d.at >= f.at {
			kept = append(kept, d)
			l.onHand += d.units
		}
	}
	l.deltas = kept
}

// OnHand is the stock of a product in a store. known is whether a count has been sent for it, ok whether there is a stock
// key at all.
func (t *Truth) OnHand(store, product string) (onHand int64, known, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	l := t.ledgers[storeProduct{store, product}]
	if l == nil {
		return 0, false, false
	}
	return l.onHand, l.known, true
}

// GlobalOnHand is the sum of the known stock of a product over all stores, and whether any is known.
func (t *Truth) GlobalOnHand(product string) (onHand int64, known bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if p := t.products[product]; p != nil {
		for _, l := range p.ledgers {
			if l.known {
				known = true
				onHand += l.onHand
			}
		}
	}
	return onHand, known
}

// Stock is what Redis holds of stock.
func (t *Truth) Stock() truth.Expected {
	t.mu.RLock()
	defer t.mu.RUnlock()
	all := truth.Expected{Stores: make(map[truth.Key]truth.Result, len(t.inOrder))}
	for _, l := range t.inOrder {
		r := truth.Result{OnHand: l.onHand, Known: l.known}
		if l.known {
			r.Barrier = l.count.at
		}
		all.Stores[truth.Key{Store: l.store, Product: l.product}] = r
	}
	all.Global = truth.Global(all.Stores)
	return all
}

// EachStock calls f for every stock key. f must not call the Truth.
func (t *Truth) EachStock(f func(store, product string, onHand int64, known bool)) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, l := range t.inOrder {
		f(l.store, l.product, l.onHand, l.known)
	}
}

// Refused is how many dead letters there are by reason.
func (t *Truth) Refused() map[event.Reason]int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return maps.Clone(t.refused)
}

// Tally counts what was published.
type Tally struct {
	Messages   int64                // all publications, repeated ones too
	Events     map[event.Type]int64 // valid events, repetitions not counted
	Duplicates int64                // repeated events
	Ignored    int64                // messages that are neither an event nor an error, repeated ones too
}

// Tally is what was published so far.
func (t *Truth) Tally() Tally {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return Tally{t.published, maps.Clone(t.events), t.duplicates, t.ignored}
}
