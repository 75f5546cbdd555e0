package soak

import (
	"maps"
	"testing"

	"github.com/beamlytics/streamlytics/test/truth"
)

// recorded is a world that remembers all its events, for the oracle.
func recorded(s Shape, events int, step int64) (w *World, all []truth.Event, now int64) {
	w, now = NewWorld(s), int64(1_800_000_000_000)
	twin := NewWorld(s) // says what the other makes up, which hands out messages only
	for range events {
		now += step
		w.Next(now)
		e, _ := twin.event(now)
		if twin.random.Float64() < s.Duplicates {
			twin.random.IntN(len(twin.again))
		}
		all = append(all, e)
	}
	return w, all, now
}

// TestWorldAgreesWithOracle holds what is kept along the way against the oracle, which looks at all events at once.
func TestWorldAgreesWithOracle(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		shape  Shape
		events int
		step   int64 // ms of the clock between events
	}{
		{Shape{Seed: 1, Stores: 3, Products: 4, Sampled: 2, Duplicates: 0.1}, 20_000, 10_000}, // two days
		{Shape{Seed: 2, Stores: 2, Products: 1, Sampled: 1}, 5_000, 1_000},
		{Shape{Seed: 3, Stores: 10, Products: 20, Sampled: 20, Duplicates: 0.5}, 300, 600_000}, // few events a pair
	} {
		w, all, now := recorded(test.shape, test.events, test.step)
		want := truth.Stock(all)
		got := map[truth.Key]truth.Result{}
		for key, p := range w.pairs {
			if p.stocked {
				got[key] = truth.Result{OnHand: p.onHand, Known: p.known, Barrier: p.counted, Events: want[key].Events}
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%+v: the stock of %d pairs is not that of the oracle's %d", test.shape, len(got), len(want))
		}
		velocity := truth.Velocity(all, now)
		for product, stores := range w.demand {
			var every []*demand
			for store, d := range stores {
				every = append(every, d)
				same(t, truth.Key{Store: store, Product: product}, at(now, d), velocity)
			}
			same(t, truth.Key{Product: product}, at(now, every...), velocity)
		}
	}
}

func same(t *testing.T, key truth.Key, got ranges, velocity map[truth.Key]truth.Counts) {
	t.Helper()
	c := velocity[key]
	want := ranges{hour: [kinds]truth.Range{c.UnitsHour, c.ViewsHour, c.CartsHour}, day: [kinds]truth.Range{c.UnitsDay, c.ViewsDay, c.CartsDay}}
	if got != want {
		t.Errorf("velocity of %v is %v, want %v", key, got, want)
	}
}

// TestWorldForgets keeps the truth of a long run small.
func TestWorldForgets(t *testing.T) {
	t.Parallel()
	w, now := NewWorld(Shape{Seed: 4, Stores: 1, Products: 1, Sampled: 1}), int64(1_800_000_000_000)
	for range 200_000 {
		now += 5_000
		w.Next(now) // 720 an hour, for more than eleven days
	}
	p, d := w.pairs[truth.Key{Store: "0", Product: "p0"}], w.demand["p0"]["0"]
	if len(p.moves) > 10_000 || len(d.events) > 60_000 {
		t.Errorf("%d moves and %d looks are kept", len(p.moves), len(d.events))
	}
}
