package truth

import (
	"hash/maphash"
	"slices"
)

// Ledger is the truth about any number of events, added in any order. It uses less than a hundred
// bytes an event: it keeps deltas until a RESET replaces them, demand for about a day, and
// identities forever. It is not safe for concurrent use.
type Ledger struct {
	// LowStock is the thresholds by which Check compares the badge, where it follows from the
	// stock.
	LowStock LowStock
	// SalesOnly marks a ledger without VIEWs and CART_ADDs. Their counts are not checked, nor is a
	// key that may exist because of them.
	SalesOnly bool
	// FreshMs is the time before a check, by the program's clock, in which every velocity signal
	// must have been right at least once. If it is 0, a signal must be right only at its own as_of.
	FreshMs int64

	keys     map[Key]*account
	products map[string][]*account
	seed     maphash.Seed
}

// account is the state of one product in one store.
type account struct {
	Result
	stocked bool   // it has had a SALE, RECEIPT or RESET
	countID string // id of the RESET that holds
	deltas  []delta
	demand  []demand
	newest  int64 // time of the newest demand
	prune   int   // the length at which old demand is dropped next
	ids     map[uint64]struct{}
}

// delta is the effect of a SALE or RECEIPT on the on-hand.
type delta struct{ at, units int64 }

// demand is a SALE, VIEW or CART_ADD of a quantity other than 0.
type demand struct {
	at, quantity int64
	kind         kind
}

// NewLedger returns a ledger of events, with the default thresholds of LOW_STOCK.
func NewLedger(events ...Event) *Ledger {
	l := &Ledger{
		LowStock: LowStock{5, 8}, keys: map[Key]*account{}, products: map[string][]*account{}, seed: maphash.MakeSeed(),
	}
	l.Add(events...)
	return l
}

// Add adds events. An event whose identity was added before changes nothing.
func (l *Ledger) Add(events ...Event) {
	for _, e := range events {
		a := l.keys[e.key()]
		if a == nil {
			a = &account{}
			l.keys[e.key()] = a
			l.products[e.Product] = append(l.products[e.Product], a)
		}
		if e.ID != "" && a.repeated(maphash.String(l.seed, e.ID)) {
			continue
		}
		switch e.Type {
		case "RESET":
			a.reset(e)
		case "RECEIPT":
			a.move(delta{e.OccurredAt, e.Quantity})
		case "SALE":
			a.move(delta{e.OccurredAt, -e.Quantity})
		}
		if k, ok := kindOf(e.Type); ok && e.Quantity != 0 {
			a.see(demand{e.OccurredAt, e.Quantity, k})
		}
	}
}

func (a *account) repeated(id uint64) bool {
	if a.ids == nil {
		a.ids = map[uint64]struct{}{}
	}
	n := len(a.ids)
	a.ids[id] = struct{}{}
	return len(a.ids) == n
}

func (a *account) reset(e Event) {
	a.stocked = true
	if a.Known && (e.OccurredAt < a.Barrier || e.OccurredAt == a.Barrier && e.ID <= a.countID) {
		return
	}
	a.Result, a.countID = Result{OnHand: e.Quantity, Known: true, Barrier: e.OccurredAt}, e.ID
	// The barrier never moves back, so no RESET can need the older deltas again.
	a.deltas = slices.DeleteFunc(a.deltas, func(d delta) bool { return d.at < e.OccurredAt })
	for _, d := range a.deltas {
		a.OnHand += d.units
	}
}

func (a *account) move(d delta) {
	a.stocked = true
	if !a.Known || d.at >= a.Barrier {
		a.OnHand += d.units
		a.deltas = append(a.deltas, d)
	}
}

func (a *account) see(d demand) {
	a.demand = append(a.demand, d)
	a.newest = max(a.newest, d.at)
	if len(a.demand) > max(a.prune, 64) {
		a.demand = slices.DeleteFunc(a.demand, func(d demand) bool { return d.at < a.newest-day-2*hour })
		a.prune = 2 * len(a.demand)
	}
}

// Stock returns the on-hand of every key that has at least one SALE, RECEIPT or RESET, as the
// function Stock does.
func (l *Ledger) Stock() map[Key]Result {
	stock := make(map[Key]Result, len(l.keys))
	for key, a := range l.keys {
		if a.stocked {
			stock[key] = a.Result
		}
	}
	return stock
}

// Velocity returns what the signal of a key may show when it is evaluated at nowMs, and whether the
// key may exist, as the function Velocity does. nowMs must not be more than an hour before the
// newest event of the key.
func (l *Ledger) Velocity(key Key, nowMs int64) (c Counts, may bool) {
	accounts := l.products[key.Product]
	if key.Store != "" {
		accounts = nil
		if a := l.keys[key]; a != nil {
			accounts = []*account{a}
		}
	}
	for _, a := range accounts {
		for _, d := range a.demand {
			may = c.add(d.kind, d.quantity, d.at, nowMs, false) || may
		}
	}
	return c, may
}
