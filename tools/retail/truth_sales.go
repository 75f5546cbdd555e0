package retail

import (
	"cmp"
	"slices"
	"time"
)

// keepSales is how far sales are remembered: the longest window, and what a late question needs.
const keepSales = 25 * time.Hour

type sale struct {
	at    int64
	units int64
	store string
}

// salesLog holds the sales of one product of about the last day, in the order in which they were published.
type salesLog struct {
	sales  []sale
	newest int64
	prune  int // the length at which to forget old sales next
}

func (l *salesLog) add(s sale) {
	l.sales = append(l.sales, s)
	l.newest = max(l.newest, s.at)
	if len(l.sales) < max(l.prune, 64) {
		return
	}
	oldest := l.newest - keepSales.Milliseconds()
	l.sales = slices.DeleteFunc(l.sales, func(s sale) bool { return s.at < oldest })
	l.prune = 2 * len(l.sales)
}

// in calls f for every sale of the window that ends at nowMs.
func (l *salesLog) in(nowMs int64, window time.Duration, f func(sale)) {
	from := nowMs - window.Milliseconds()
	for _, s := range l.sales {
		if s.at > from && s.at <= nowMs {
			f(s)
		}
	}
}

// UnitsSold is how many units of a product were sold over all stores, returns subtracted, in the window that ends at nowMs,
// to the millisecond. It looks back at most 25 hours behind the newest sale.
func (t *Truth) UnitsSold(product string, nowMs int64, window time.Duration) int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	units := int64(0)
	if p := t.products[product]; p != nil {
		p.sales.in(nowMs, window, func(s sale) { units += s.units })
	}
	return units
}

// Selling is how a product sells.
type Selling struct {
	Product    string // id
	Units      int64  // sold over all stores
	Store      string // id of the store that sold most of it
	StoreUnits int64  // sold there
}

// Busiest lists the n products that sold most in the window that ends at nowMs, best sellers first.
func (t *Truth) Busiest(nowMs int64, window time.Duration, n int) []Selling {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var all []Selling
	for id, p := range t.products {
		s, byStore := Selling{Product: id}, map[string]int64{}
		p.sales.in(nowMs, window, func(x sale) {
			s.Units += x.units
			byStore[x.store] += x.units
		})
		if s.Units <= 0 {
			continue
		}
		for store, units := range byStore {
			if units > s.StoreUnits || units == s.StoreUnits && store < s.Store {
				s.Store, s.StoreUnits = store, units
			}
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Selling) int {
		return cmp.Or(cmp.Compare(b.Units, a.Units), cmp.Compare(a.Product, b.Product))
	})
	return all[:min(n, len(all))]
}
