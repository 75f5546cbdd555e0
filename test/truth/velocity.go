package truth

import "time"

const (
	minute = int64(time.Minute / time.Millisecond)
	hour   = 60 * minute
	day    = 24 * hour
)

// inWindow reports whether an event may count in a window of the given length that ends at nowMs.
// Both windows consist of buckets aligned to the minute. A bucket counts until the whole window has
// passed since its end.
func inWindow(at, nowMs, length int64) bool { return minuteOf(at) >= minuteOf(nowMs-length) }

// minuteOf returns the number of a time's minute, which is negative before 1970.
func minuteOf(ms int64) int64 {
	if ms < 0 {
		ms -= minute - 1
	}
	return ms / minute
}

// kind is what an event counts for.
type kind uint8

const (
	units kind = iota
	views
	carts
)

// kindOf returns the kind of an event of a type, and false for a type that is no demand.
func kindOf(eventType string) (k kind, ok bool) {
	switch eventType {
	case "SALE":
		return units, true
	case "VIEW":
		return views, true
	case "CART_ADD":
		return carts, true
	}
	return 0, false
}

// Range is the lowest and the highest count that the resolution of the windows allows, both
// inclusive.
type Range struct{ Lower, Upper int64 }

// Contains reports whether n is an allowed count.
func (r Range) Contains(n int64) bool { return r.Lower <= n && n <= r.Upper }

// add counts n units that are certainly in the window (surely), or n units that may be in it.
func (r *Range) add(n int64, surely bool) {
	if surely || n < 0 {
		r.Lower += n
	}
	if surely || n > 0 {
		r.Upper += n
	}
}

// Counts is what a velocity signal may show.
type Counts struct {
	UnitsHour, UnitsDay Range // units sold less units returned
	ViewsHour, ViewsDay Range
	CartsHour, CartsDay Range // units put into carts
	// Must reports that the signal's key has to exist: an event with a quantity other than 0 is
	// certainly within 24 hours. If it is false the key may exist or not.
	Must bool
}

// of returns the ranges of a kind.
func (c *Counts) of(k kind) (inHour, inDay *Range) {
	switch k {
	case units:
		return &c.UnitsHour, &c.UnitsDay
	case views:
		return &c.ViewsHour, &c.ViewsDay
	default:
		return &c.CartsHour, &c.CartsDay
	}
}

// add counts an event with a quantity other than 0, and reports whether it may count at all. An
// event certainly counts in a window for the window's length. Until its bucket leaves, and while it
// is ahead of the clock, it may count; if all is set it counts then, too.
func (c *Counts) add(k kind, quantity, at, nowMs int64, all bool) (may bool) {
	age := nowMs - at
	inHour, inDay := c.of(k)
	if inWindow(at, nowMs, hour) {
		inHour.add(quantity, all || 0 <= age && age < hour)
	}
	if inWindow(at, nowMs, day) {
		surely := all || 0 <= age && age < day
		inDay.add(quantity, surely)
		c.Must = c.Must || surely
		return true
	}
	return false
}

// Velocity returns what the signals may show when they are evaluated at nowMs (epoch ms, the as_of
// of the signal). It has every key that may exist, per store and, under an empty Store, over all
// stores. A key that is absent must not exist.
func Velocity(events []Event, nowMs int64) map[Key]Counts {
	counts := map[Key]Counts{}
	for key, group := range distinctByKey(events) {
		for _, e := range group {
			k, ok := kindOf(e.Type)
			if !ok || e.Quantity == 0 {
				continue
			}
			for _, name := range []Key{key, {Product: key.Product}} {
				c := counts[name]
				if c.add(k, e.Quantity, e.OccurredAt, nowMs, false) {
					counts[name] = c
				}
			}
		}
	}
	return counts
}

// Thresholds are the options by which a velocity signal chooses its window and its badge.
type Thresholds struct {
	DenseMinutes, DenseUnits              int64
	WeightView, WeightCartAdd, WeightUnit int64
	HighDemandEnter                       int64
	DwellMs                               int64
}

// Shown is one evaluation of a key's velocity. The zero value comes before the first one.
type Shown struct {
	Counts           // exact: both ends of each Range are the count
	Dense      bool  // the window is 1h
	HighDemand bool  // the badge is on
	Score      int64 // of the last hour
	Changed    int64 // when the badge last changed, epoch ms; 0: never
}

// Next returns the evaluation that follows s. events are all that count for the key, each once.
func (s Shown) Next(events []Event, nowMs int64, t Thresholds) Shown {
	next := Shown{Dense: s.Dense, HighDemand: s.HighDemand, Changed: s.Changed}
	minutes := map[int64]bool{} // of the last hour, that had a sale
	for _, e := range events {
		k, ok := kindOf(e.Type)
		if !ok || e.Quantity == 0 {
			continue
		}
		next.add(k, e.Quantity, e.OccurredAt, nowMs, true)
		if k == units && e.Quantity > 0 && inWindow(e.OccurredAt, nowMs, hour) {
			minutes[minuteOf(e.OccurredAt)] = true
		}
	}
	sold := next.UnitsHour.Lower
	switch n := int64(len(minutes)); {
	case n >= t.DenseMinutes && sold >= t.DenseUnits:
		next.Dense = true
	case 2*n < t.DenseMinutes || 2*sold < t.DenseUnits:
		next.Dense = false
	}
	next.Score = t.WeightView*next.ViewsHour.Lower + t.WeightCartAdd*next.CartsHour.Lower + t.WeightUnit*sold
	on := s.HighDemand
	switch {
	case next.Score >= t.HighDemandEnter:
		on = true
	case 2*next.Score < t.HighDemandEnter:
		on = false
	}
	dwells := s.Changed != 0 && nowMs-s.Changed < t.DwellMs
	if on != s.HighDemand && (!dwells || !next.Must) { // a key that is gone loses its badge at once
		next.HighDemand, next.Changed = on, nowMs
	}
	return next
}
