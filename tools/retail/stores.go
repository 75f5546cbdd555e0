package retail

import "strconv"

// Store is a shop, or the web shop.
type Store struct {
	ID   string
	Name string // shown to people
	// OpenHour and CloseHour are hours of the day in UTC. The web shop is open from 0 to 24.
	OpenHour, CloseHour int
}

// Stores returns the shops, then the web shop.
func (w *World) Stores() []Store {
	stores := make([]Store, len(w.stores))
	for i, s := range w.stores {
		stores[i] = s.Store
	}
	return stores
}

type store struct {
	Store
	size    float64 // of its trade, relative to an average shop
	style   style   // of its messages
	tills   []till
	shelves []shelf // by product index
	counts  int     // nightly counts so far
}

type till struct {
	number       int
	orders       int64 // rung up so far
	offlineUntil int64 // epoch ms; sales until then are sent after it
}

var cities = [...]struct{ id, name string }{
	{"amsterdam", "Amsterdam"}, {"antwerp", "Antwerp"}, {"barcelona", "Barcelona"}, {"berlin", "Berlin"},
	{"bologna", "Bologna"}, {"brussels", "Brussels"}, {"copenhagen", "Copenhagen"}, {"dublin", "Dublin"},
	{"ghent", "Ghent"}, {"hamburg", "Hamburg"}, {"helsinki", "Helsinki"}, {"leipzig", "Leipzig"},
	{"lisbon", "Lisbon"}, {"lyon", "Lyon"}, {"madrid", "Madrid"}, {"milan", "Milan"},
	{"munich", "Munich"}, {"oslo", "Oslo"}, {"porto", "Porto"}, {"prague", "Prague"},
	{"rotterdam", "Rotterdam"}, {"stockholm", "Stockholm"}, {"turin", "Turin"}, {"vienna", "Vienna"},
	{"zurich", "Zurich"},
}

// openStores creates the shops and the web shop.
func (w *World) openStores() {
	for i := range w.cfg.Shops {
		city := cities[i%len(cities)]
		s := &store{Store: Store{ID: city.id, Name: city.name}, size: 0.4 + 1.2*w.rng.Float64(),
			style: style(i % styles)}
		if branch := i / len(cities); branch > 0 {
			number := strconv.Itoa(branch + 1)
			s.ID, s.Name = s.ID+"-"+number, s.Name+" "+number
		}
		s.OpenHour = 7 + w.rng.IntN(4)
		s.CloseHour = 19 + w.rng.IntN(4)
		for n := range 2 + w.rng.IntN(4) {
			s.tills = append(s.tills, till{number: n + 1})
		}
		w.stores = append(w.stores, s)
	}
	// The web shop sells the most. Its shelves are the warehouse.
	w.online = &store{
		Store: Store{ID: w.cfg.OnlineStore, Name: "Web shop", CloseHour: 24}, size: float64(w.cfg.Shops) / 2,
	}
	w.stores = append(w.stores, w.online)
	w.footfall = newFootfall(w.stores[:w.cfg.Shops])
}

// shops returns the stores except the web shop.
func (w *World) shops() []*store { return w.stores[:w.cfg.Shops] }

// open reports whether the store is open at a minute of the day.
func (s *store) open(minute int) bool { return minute >= s.OpenHour*60 && minute < s.CloseHour*60 }
