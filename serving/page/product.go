package page

import (
	"maps"
	"net/http"
	"slices"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/history"
	"github.com/beamlytics/streamlytics/serving/api"
	"github.com/beamlytics/streamlytics/signal"
)

// The limits of /page/product.
const (
	maxEntries = 20_000 // that are looked at
	maxPoints  = 500    // of a line
	maxChanges = 100    // of badges
)

const minuteMs = 60_000

// product answers /page/product.
func (p *page) product(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	entries, since := p.History.Product(id, maxEntries)
	if len(entries) == 0 {
		api.Problem(w, http.StatusNotFound, "nothing of this product is in memory")
		return
	}
	changes := p.History.Badges.Newest(maxChanges, func(c changed) bool { return c.Value.ProductID == id })
	out := product{ID: id, Name: p.name(id), From: p.from(since), Now: p.Clock.NowMs(), Stores: []store{},
		Sales: []minute{}, Velocity: []velocityPoint{}, Badges: p.judged(changes)}
	stores, sold := map[string][]history.Entry{}, map[int64]int64{}
	for _, e := range distinct(entries) {
		if e.Kind == history.Kind(event.Sale) {
			sold[e.At/minuteMs*minuteMs] += e.Amount
		}
		if e.Kind == history.Velocity {
			window := map[bool]string{true: signal.WindowHour, false: signal.WindowDay}[e.On]
			out.Velocity = append(out.Velocity, velocityPoint{e.At, window, e.Detail, e.Amount, e.Badge})
		} else if e.Store != "" {
			stores[e.Store] = append(stores[e.Store], e)
		}
	}
	for _, at := range slices.Sorted(maps.Keys(sold)) {
		out.Sales = append(out.Sales, minute{at, sold[at]})
	}
	out.Velocity = sampled(out.Velocity)
	for _, id := range slices.Sorted(maps.Keys(stores)) {
		out.Stores = append(out.Stores, p.storeOf(id, stores[id]))
	}
	answer(w, http.StatusOK, out)
}

// storeOf returns what happened in a store, of the entries of one product there.
func (p *page) storeOf(id string, entries []history.Entry) store {
	s := store{ID: id, Name: p.name(id), Points: []stockPoint{}}
	for _, e := range entries {
		if e.Kind == history.Stock {
			s.Points = append(s.Points, stockPoint{At: e.At, OnHand: e.Amount, Known: e.On})
		}
	}
	s.Points = sampled(s.Points)
	s.Barriers, s.Dropped = barriersOf(entries, p.Horizon, p.arrived)
	slices.Reverse(s.Barriers)
	slices.Reverse(s.Dropped)
	return s
}

// distinct drops the repetitions of events from the entries of one product. The first event of an
// identity holds.
func distinct(entries []history.Entry) []history.Entry {
	type identity struct {
		store string
		id    int64
	}
	seen := make(map[identity]struct{}, len(entries))
	return slices.DeleteFunc(entries, func(e history.Entry) bool {
		n := len(seen)
		if e.Kind.IsEvent() {
			seen[identity{e.Store, e.Detail}] = struct{}{}
		}
		return e.Kind.IsEvent() && len(seen) == n
	})
}

// sampled returns the points of a line or, where these are too many, evenly chosen ones with the
// last.
func sampled[P any](points []P) []P {
	every := max(1, (len(points)+maxPoints-1)/maxPoints)
	kept := points[:0]
	for i := (len(points) + every - 1) % every; i < len(points); i += every {
		kept = append(kept, points[i])
	}
	return kept
}
