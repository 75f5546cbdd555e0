package soak

import (
	"maps"
	"testing"

	"github.com/beamlytics/streamlytics/test/truth"
)

// TestWorldKeepsTheTruth holds the ledger that is kept along the way to the model over all events.
func TestWorldKeepsTheTruth(t *testing.T) {
	t.Parallel()
	shape, now := Shape{Seed: 1, Stores: 3, Products: 4, Duplicates: 0.1}, int64(1_800_000_000_000)
	w, twin := NewWorld(shape), NewWorld(shape) // the twin returns the events of which w returns the messages
	var all []truth.Event
	for range 20_000 {
		now += 10_000 // two days in all
		w.Next(now)
		e, _ := twin.event(now)
		if twin.random.Float64() < shape.Duplicates {
			twin.random.IntN(len(twin.again))
		}
		all = append(all, e)
	}
	if got, want := w.ledger.Stock(), truth.Stock(all); len(want) != 12 || !maps.Equal(got, want) {
		t.Errorf("stock %v, want %v", got, want)
	}
	for key, want := range truth.Velocity(all, now) {
		if got, _ := w.ledger.Velocity(key, now); got != want {
			t.Errorf("velocity of %v is %v, want %v", key, got, want)
		}
	}
}
