package stock

import (
	"slices"
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

func TestEachDemand(t *testing.T) {
	type demand struct {
		t                event.Type
		timeMs, quantity int64
	}
	var r Record
	for _, m := range []Move{
		moveOf(sale("old", 1, t0-1)), moveOf(view("old view", 1, t0-1)),
		moveOf(sale("a", 2, t0+3)), moveOf(sale("return", -1, t0)), moveOf(sale("nothing", 0, t0)),
		moveOf(receipt("b", 5, t0)), moveOf(reset("c", 5, t0+5)),
		moveOf(view("d", 1, t0+1)), adjusted(view("e", 3, t0+2)), moveOf(view("no view", 0, t0)),
		moveOf(cartAdd("f", 1, t0)), adjusted(cartAdd("g", 4, t0+4)),
	} {
		apply(t, &r, m, t0, benchLimits, Accepted)
	}
	want := []demand{
		{event.Sale, t0, -1}, {event.Sale, t0 + 3, 2}, // dropped by the barrier, but sold
		{event.CartAdd, t0, 1}, {event.View, t0 + 1, 1}, {event.View, t0 + 2, 3}, {event.CartAdd, t0 + 4, 4},
	}
	var got []demand
	r.EachDemand(t0, func(t event.Type, timeMs, quantity int64) { got = append(got, demand{t, timeMs, quantity}) })
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
