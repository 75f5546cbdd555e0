package stock

import "github.com/beamlytics/streamlytics/event"

// EachDemand calls f for each event of the record that velocity counts and that occurred at sinceMs
// or later. Velocity is a function of the events that inventory accepted, so it is restored from
// them.
func (r *Record) EachDemand(sinceMs int64, f func(t event.Type, timeMs, quantity int64)) {
	for e := range r.moves.all {
		if e.code() == codeSale && e.timeMs() >= sinceMs && e.qty != 0 {
			f(event.Sale, e.timeMs(), e.qty)
		}
	}
	for e := range r.views().all {
		if e.timeMs() < sinceMs || e.qty == 0 {
			continue
		}
		t := event.View
		if c := e.code(); c == codeCartAdd || c == codeAdjustedCart {
			t = event.CartAdd
		}
		f(t, e.timeMs(), e.qty)
	}
}
