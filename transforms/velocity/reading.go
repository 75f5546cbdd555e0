package velocity

import "github.com/beamlytics/streamlytics/signal"

// Reading is the result of evaluating a Series. Equal readings make equal signals, apart from the
// time. The zero value is the reading of an empty series.
type Reading struct {
	UnitsHour, UnitsDay int64 // sold minus returned
	ViewsHour, ViewsDay int64
	CartsHour, CartsDay int64
	Expires             int64 // the clock at which no counted event is left in 24 hours; 0 if none is left
	Dense               bool  // the last hour is dense: the window is 1h instead of 24h
	HighDemand          bool  // the badge is on
}

// Gone reports whether no counted event is left in 24 hours.
func (r Reading) Gone() bool { return r.Expires == 0 }

// Signal returns the signal of the reading, evaluated at nowMs, for a product in a store, or over
// all stores if store is empty.
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

// Change is a change of the badge, with the counts of the last hour as evidence.
type Change struct {
	On                            bool
	At                            int64 // the clock at evaluation, epoch ms
	Score, Views, CartAdds, Units int64
	// The badge goes on at or above Enter and off below Exit, half of Enter rounded up.
	Enter, Exit int64
}

// Signal returns the signal of the change for a product in a store, or over all stores if store is
// empty.
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
