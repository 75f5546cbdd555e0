package soak

import (
	"fmt"

	"github.com/beamlytics/streamlytics/test/truth"
)

// demand is what velocity may count of one product in one store.
type demand struct {
	events []look
}

// look is a sale, a view or a cart add.
type look struct {
	at       int64
	quantity int64
	kind     kind
}

// kind is which count a look belongs to.
type kind int

const (
	units kind = iota
	views
	carts
	kinds
)

func (d *demand) apply(e truth.Event, now int64) {
	l := look{at: e.OccurredAt, quantity: e.Quantity}
	switch e.Type {
	case "SALE":
	case "VIEW":
		l.kind = views
	case "CART_ADD":
		l.kind = carts
	default:
		return
	}
	if len(d.events) == cap(d.events) {
		kept := d.events[:0]
		for _, old := range d.events {
			if old.at >= now-day-hour {
				kept = append(kept, old)
			}
		}
		d.events = kept
	}
	d.events = append(d.events, l)
}

// counts is what a velocity signal shows, by kind.
type counts struct{ hour, day [kinds]int64 }

// ranges is what it may show.
type ranges struct{ hour, day [kinds]truth.Range }

// fits reports whether c is what r allows, and else which count is not.
func (r *ranges) fits(c counts) error {
	for k := range kinds {
		if !r.hour[k].Contains(c.hour[k]) {
			return fmt.Errorf("count %d of the last hour is %d, want %v", k, c.hour[k], r.hour[k])
		}
		if !r.day[k].Contains(c.day[k]) {
			return fmt.Errorf("count %d of the last 24 hours is %d, want %v", k, c.day[k], r.day[k])
		}
	}
	return nil
}

// at is what the signal over some stores may show at a time of the clock: an event counts in the last hour for that hour and a
// minute more at most, and in the last 24 hours for these and 15 minutes more at most.
func at(now int64, stores ...*demand) (r ranges) {
	for _, d := range stores {
		for _, l := range d.events {
			age := now - l.at
			if age < hour+minute {
				widen(&r.hour[l.kind], l.quantity, 0 <= age && age < hour)
			}
			if age < day+15*minute {
				widen(&r.day[l.kind], l.quantity, 0 <= age && age < day)
			}
		}
	}
	return r
}

// widen counts units that are in a window surely, or else perhaps.
func widen(r *truth.Range, n int64, surely bool) {
	if surely || n < 0 {
		r.Lower += n
	}
	if surely || n > 0 {
		r.Upper += n
	}
}
