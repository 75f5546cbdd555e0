package page

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/history"
	"github.com/beamlytics/streamlytics/serving/api"
	"github.com/beamlytics/streamlytics/signal"
)

// The limits of /page/product.
const (
	maxEntries = 20_000 // that are looked at
	maxPoints  = 500
	maxMinutes = 1440
	maxStores  = 100
	maxChanges = 100
)

// product answers /page/product.
func (p *page) product(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	entries, reach := p.History.Product(id, maxEntries)
	if len(entries) == 0 {
		api.Problem(w, http.StatusNotFound, "nothing of this product is in memory")
		return
	}
	entries = distinct(entries)
	out := product{ID: id, Name: p.name(id), From: p.arrived(reach.Wall), Now: p.Clock.NowMs(), Stores: []store{},
		Sales: salesOf(entries), Velocity: velocityOf(entries)}
	for _, group := range byStore(entries) {
		out.Stores = append(out.Stores, p.storeOf(group))
	}
	out.Badges = p.judged(p.changesOf(id))
	answer(w, http.StatusOK, out)
}

// storeOf returns what happened in one store, of the entries of one product there.
func (p *page) storeOf(entries []history.Entry) store {
	s := store{ID: entries[0].Store, Name: p.name(entries[0].Store), Points: pointsOf(entries)}
	s.Barriers, s.Dropped = barriersOf(entries, p.Horizon, p.arrived)
	slices.Reverse(s.Barriers)
	slices.Reverse(s.Dropped)
	s.Barriers, s.Dropped = orEmpty(s.Barriers), orEmpty(s.Dropped)
	return s
}

// distinct drops the repetitions of events from the entries of one product. The first event of an
// identity holds.
func distinct(entries []history.Entry) []history.Entry {
	type identity struct {
		store string
		id    uint64
	}
	seen := make(map[identity]struct{}, len(entries))
	return slices.DeleteFunc(entries, func(e history.Entry) bool {
		if !e.Kind.IsEvent() {
			return false
		}
		n := len(seen)
		seen[identity{e.Store, e.Identity}] = struct{}{}
		return len(seen) == n
	})
}

// byStore groups the entries of stores, in the order of their ids. If there are too many stores, it
// returns those with the newest entries.
func byStore(entries []history.Entry) [][]history.Entry {
	index := map[string]int{}
	var groups [][]history.Entry
	for _, e := range entries {
		if e.Store == "" {
			continue
		}
		i, ok := index[e.Store]
		if !ok {
			i = len(groups)
			index[e.Store], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], e)
	}
	slices.SortFunc(groups, func(a, b []history.Entry) int { return cmp.Compare(b[len(b)-1].Seq, a[len(a)-1].Seq) })
	groups = groups[:min(len(groups), maxStores)]
	slices.SortFunc(groups, func(a, b []history.Entry) int { return strings.Compare(a[0].Store, b[0].Store) })
	return groups
}

// pointsOf returns the stock of one store over time, the oldest first, without steps that change
// nothing.
func pointsOf(entries []history.Entry) []stockPoint {
	all := []stockPoint{}
	for _, e := range entries {
		if e.Kind != history.Stock {
			continue
		}
		x := stockPoint{At: e.At, OnHand: e.Amount, Known: e.Known, barrier: e.Barrier}
		if n := len(all); n == 0 || !all[n-1].same(x) {
			all = append(all, x)
		}
	}
	return pick(all, thin(len(all), func(i int) int64 { return all[i].OnHand },
		func(i int) bool { return all[i].barrier != all[i-1].barrier }))
}

// same reports whether two points differ in nothing but their time.
func (p stockPoint) same(q stockPoint) bool {
	p.At = q.At
	return p == q
}

// same reports whether two points differ in nothing but their time.
func (p velocityPoint) same(q velocityPoint) bool {
	p.At = q.At
	return p == q
}

// velocityOf returns the velocity over all stores over time, the oldest first, without steps that
// change nothing.
func velocityOf(entries []history.Entry) []velocityPoint {
	all := []velocityPoint{}
	for _, e := range entries {
		if e.Kind != history.Velocity {
			continue
		}
		x := velocityPoint{At: e.At, Window: signal.WindowDay, Units: e.Amount, UnitsDay: e.UnitsDay, Badge: e.Badge}
		if e.Hourly {
			x.Window = signal.WindowHour
		}
		if n := len(all); n == 0 || !all[n-1].same(x) {
			all = append(all, x)
		}
	}
	return pick(all, thin(len(all), func(i int) int64 { return all[i].Units },
		func(i int) bool { return all[i].Window != all[i-1].Window || all[i].Badge != all[i-1].Badge }))
}

// pick returns the values of given places.
func pick[T any](all []T, places []int) []T {
	kept := make([]T, len(places))
	for i, place := range places {
		kept[i] = all[place]
	}
	return kept
}

const minuteMs = 60_000

// salesOf returns the units sold in each minute in which something was sold, by the time of the
// sale, the oldest first.
func salesOf(entries []history.Entry) []minute {
	units := map[int64]int64{}
	for _, e := range entries {
		if e.Kind == history.Kind(event.Sale) {
			units[e.At/minuteMs*minuteMs] += e.Amount
		}
	}
	minutes := make([]minute, 0, len(units))
	for at, n := range units {
		minutes = append(minutes, minute{at, n})
	}
	slices.SortFunc(minutes, func(a, b minute) int { return cmp.Compare(a.Minute, b.Minute) })
	return minutes[max(len(minutes)-maxMinutes, 0):]
}

func timeOf(ms int64) time.Time { return time.UnixMilli(ms) }

// orEmpty returns a list that is [] in JSON.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
