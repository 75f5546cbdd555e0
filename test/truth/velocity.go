package truth

import "time"

// Resolution of the two windows: an event may stay in a window for up to one bucket more than the window's length.
const (
	hour       = int64(time.Hour / time.Millisecond)
	hourBucket = int64(time.Minute / time.Millisecond)
	day        = 24 * hour
	dayBucket  = 15 * hourBucket
)

// Range is the lowest and the highest count that the resolution of the buckets allows, both inclusive.
type Range struct{ Lower, Upper int64 }

// Contains reports whether n is an allowed count.
func (r Range) Contains(n int64) bool { return r.Lower <= n && n <= r.Upper }

// add counts n units that are surely in the window, or n units that may be in it.
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
	// Must says that the signal's key has to exist: an event with a quantity other than 0 is surely within 24 hours. When
	// it is false the key may exist or not.
	Must bool
}

// Velocity is what the signals may show when they are evaluated at nowMs (epoch ms, the as_of of the signal): for every
// key that may exist, per store and, under an empty Store, over all stores. A key that is absent must not exist.
//
// An event counts in the last hour for at least the hour after it occurred and at most 60 s more, and in the last 24 hours
// for at least that long and at most 15 minutes more. An event that occurs after nowMs may count or not.
func Velocity(events []Event, nowMs int64) map[Key]Counts {
	counts := map[Key]Counts{}
	for key, group := range distinctByKey(events) {
		for _, e := range group {
			age := nowMs - e.OccurredAt
			if e.Quantity == 0 || age >= day+dayBucket || !(e.Type == "SALE" || e.Type == "VIEW" || e.Type == "CART_ADD") {
				continue
			}
			for _, k := range []Key{key, {Product: key.Product}} {
				c := counts[k]
				c.add(e, age)
				counts[k] = c
			}
		}
	}
	return counts
}

func (c *Counts) add(e Event, age int64) {
	var inHour, inDay *Range
	switch e.Type {
	case "SALE":
		inHour, inDay = &c.UnitsHour, &c.UnitsDay
	case "VIEW":
		inHour, inDay = &c.ViewsHour, &c.ViewsDay
	case "CART_ADD":
		inHour, inDay = &c.CartsHour, &c.CartsDay
	}
	if age < hour+hourBucket {
		inHour.add(e.Quantity, 0 <= age && age < hour)
	}
	surely := 0 <= age && age < day
	inDay.add(e.Quantity, surely)
	c.Must = c.Must || surely
}
