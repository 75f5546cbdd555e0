package velocity

import "github.com/beamlytics/streamlytics/signal"

// Reading is what a Series says at one time. Two readings that are equal need not be written twice. The zero value is the
// reading of a series with nothing in it.
type Reading struct {
	UnitsHour, UnitsDay int64 // sold less returned
	ViewsHour, ViewsDay int64
	CartsHour, CartsDay int64
	Expires             int64 // the clock at which nothing counted is left in 24 hours, epoch ms; 0: nothing is left
	Dense               bool  // the last hour is dense: the window shown is 1h, else 24h
	HighDemand          bool  // the badge is on
}

// Gone reports whether nothing counted is left in 24 hours.
func (r Reading) Gone() bool { return r.Expires == 0 }

// Signal is the reading of a store and product, or with an empty store of a product over all stores, evaluated at nowMs.
func (r Reading) Signal(store, product string, nowMs int64) signal.Velocity {
	window := signal.WindowDay
	if r.Dense {
		window = signal.WindowHour
	}
	return signal.Velocity{
		StoreID:    store,
		ProductID:  product,
		Window:     window,
		UnitsHour:  r.UnitsHour,
		UnitsDay:   r.UnitsDay,
		ViewsHour:  r.ViewsHour,
		ViewsDay:   r.ViewsDay,
		CartsHour:  r.CartsHour,
		CartsDay:   r.CartsDay,
		HighDemand: r.HighDemand,
		AsOf:       nowMs,
		Expires:    r.Expires,
		Gone:       r.Gone(),
	}
}

// Change is the badge going on or off, with the counts of the last hour that it rests on.
type Change struct {
	On                            bool
	At                            int64 // the clock at evaluation, epoch ms
	Score, Views, CartAdds, Units int64
	// Enter is the score at which the badge goes on; it goes off below Exit, half of it rounded up.
	Enter, Exit int64
}

// Signal is the change for a store and product, or with an empty store for a product over all stores.
func (c Change) Signal(store, product string) signal.BadgeChange {
	return signal.BadgeChange{
		Badge:     signal.HighDemand,
		On:        c.On,
		StoreID:   store,
		ProductID: product,
		At:        c.At,
		Score:     c.Score,
		Views:     c.Views,
		CartAdds:  c.CartAdds,
		Units:     c.Units,
		Enter:     c.Enter,
		Exit:      c.Exit,
	}
}
