package stock

import "github.com/beamlytics/streamlytics/event"

// EachDemand hands every event of the record that velocity may count, and that occurred at sinceMs or later, to f: velocity is a
// function of what inventory has taken, and can be made again from it.
func (r *Record) EachDemand(sinceMs int64, f func(t event.Type, timeMs, quantity int64)) {
	for e := range r.moves.all {
		if e.code() == codeSale && e.timeMs() >= sinceMs && e.qty != 0 {
			f(event.Sale, e.timeMs(), e.qty)
		}
	}
	for e := range r.looks().all {
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
