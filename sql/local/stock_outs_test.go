package local

import (
	"cmp"
	"math"
	"slices"
	"testing"
	"time"
)

// stockOut is a time without a break in which a key was out of stock.
type stockOut struct {
	key
	since, until time.Time
	still        bool
	lowest       int64
}

// stockOuts goes through the stock signals one by one.
func (d *day) stockOuts(t *testing.T) (all []stockOut) {
	t.Helper()
	for k, signals := range d.knownStock(t) {
		var current *stockOut
		end := func(at time.Time, still bool) {
			if current != nil && at.After(current.since) {
				current.until, current.still = at, still
				all = append(all, *current)
			}
			current = nil
		}
		for _, s := range signals {
			switch {
			case s.OnHand > 0:
				end(s.AsOf, false)
			case current == nil:
				current = &stockOut{key: k, since: s.AsOf, lowest: s.OnHand}
			default:
				current.lowest = min(current.lowest, s.OnHand)
			}
		}
		end(d.to, true)
	}
	return all
}

func (o stockOut) compare(p stockOut) int {
	return cmp.Or(cmp.Compare(o.store, p.store), cmp.Compare(o.product, p.product), o.since.Compare(p.since))
}

func (d *day) checkStockOuts(t *testing.T, w *Warehouse) {
	want := d.stockOuts(t)
	slices.SortFunc(want, stockOut.compare)
	var got []stockOut
	for _, r := range d.run(t, w, "stock_outs", d.from, d.to) {
		o := stockOut{r.key(), r["out_since"].(time.Time), r["out_until"].(time.Time), r["still_out"].(bool), r["lowest_on_hand"].(int64)}
		got = append(got, o)
		if minutes := o.until.Sub(o.since).Minutes(); math.Abs(r["minutes_out"].(float64)-minutes) > 0.051 {
			t.Errorf("%v, want %f minutes", r, minutes)
		}
	}
	slices.SortFunc(got, stockOut.compare)
	if !slices.Equal(got, want) {
		t.Errorf("stock-outs\n%v\nwant\n%v", got, want)
	}
	if ended := slices.ContainsFunc(got, func(o stockOut) bool { return !o.still }); !ended {
		t.Error("no stock-out ended")
	}
	d.compareWithLooks(t, got)
	d.checkPartOfDay(t, w, want)
}

// compareWithLooks holds the stock-outs against what the retailer knew at every look.
func (d *day) compareWithLooks(t *testing.T, all []stockOut) {
	t.Helper()
	byKey := map[key][]stockOut{}
	for _, o := range all {
		byKey[o.key] = append(byKey[o.key], o)
	}
	looks, wrong := 0, 0
	for _, l := range d.looks {
		for k, onHand := range l.stock {
			out := slices.ContainsFunc(byKey[k], func(o stockOut) bool { return !l.at.Before(o.since) && l.at.Before(o.until) })
			looks++
			if out != (onHand <= 0) {
				if wrong++; wrong < 10 {
					t.Errorf("at %v %v had %d on hand, and is said to be out of stock: %t", l.at, k, onHand, out)
				}
			}
		}
	}
	if len(d.looks) < 50 || wrong > 0 {
		t.Errorf("%d of %d keys at %d looks are wrong", wrong, looks, len(d.looks))
	}
}

// checkPartOfDay asks for an afternoon: what began before it is there with its whole length, and counts for the afternoon alone.
func (d *day) checkPartOfDay(t *testing.T, w *Warehouse, all []stockOut) {
	t.Helper()
	from, to := d.from.Add(12*time.Hour), d.from.Add(18*time.Hour)
	want := map[stockOut]float64{}
	for _, o := range all {
		if !o.since.Before(to) || !o.until.After(from) {
			continue
		}
		begin, end := later(o.since, from), o.until
		if !o.until.Before(to) {
			end = to
		}
		want[stockOut{key: o.key, since: o.since, until: end}] = end.Sub(begin).Minutes()
	}
	rows := d.run(t, w, "stock_outs", from, to)
	for _, r := range rows {
		minutes, ok := want[stockOut{key: r.key(), since: r["out_since"].(time.Time), until: r["out_until"].(time.Time)}]
		if !ok || math.Abs(r["minutes_out"].(float64)-minutes) > 0.051 {
			t.Errorf("of the afternoon: %v, want %f minutes (%t)", r, minutes, ok)
		}
	}
	if len(rows) != len(want) || len(rows) == 0 {
		t.Errorf("%d stock-outs of the afternoon, want %d", len(rows), len(want))
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (d *day) checkLostSales(t *testing.T, w *Warehouse) {
	byKey := map[key][]archived{}
	for _, a := range d.events(t) {
		byKey[a.key()] = append(byKey[a.key()], a)
	}
	const hours = 3 // rate_hours
	said := map[stockOut]row{}
	rows := d.run(t, w, "lost_sales", d.from, d.to)
	for _, r := range rows {
		said[stockOut{key: r.key(), since: r["out_since"].(time.Time)}] = r
	}
	lostAny := false
	all := d.stockOuts(t)
	for _, o := range all {
		var before, during, views, priced int64
		var prices float64
		for _, a := range byKey[o.key] {
			age := o.since.Sub(a.OccurredAt)
			isBefore := age > 0 && age <= hours*time.Hour
			isDuring := age <= 0 && a.OccurredAt.Before(o.until)
			switch {
			case a.Type == "SALE" && isBefore:
				before += a.Quantity
				if a.Price != nil {
					prices, priced = prices+*a.Price, priced+1
				}
			case a.Type == "SALE" && isDuring:
				during += a.Quantity
			case a.Type == "VIEW" && isDuring:
				views += a.Quantity
			}
		}
		expected := float64(max(before, 0)) / hours * o.until.Sub(o.since).Hours()
		lost := max(expected-float64(during), 0)
		lostAny = lostAny || lost > 1
		r := said[stockOut{key: o.key, since: o.since}]
		if r == nil || math.Abs(r["lost_units"].(float64)-lost) > 0.051 || r["units_while_out"] != during || r["views"] != views {
			t.Errorf("%v, want %f lost of %f, sold %d, views %d", r, lost, expected, during, views)
			continue
		}
		if revenue, ok := r["lost_revenue"].(float64); ok != (priced > 0) || ok && math.Abs(revenue-lost*prices/float64(priced)) > 0.011 {
			t.Errorf("%v, want a price of %f", r, prices/float64(priced))
		}
	}
	if len(rows) != len(all) || !lostAny {
		t.Errorf("%d rows, want %d; anything lost: %t", len(rows), len(all), lostAny)
	}
}
