package truth

import (
	"slices"
	"testing"
)

func TestVelocityBounds(t *testing.T) {
	const begin, end = 1_800_000_000_000, 1_800_000_059_999 // of a minute
	for _, c := range []struct {
		name      string
		now, age  int64
		hour, day Range
		must      bool
		absent    bool
	}{
		{name: "now", now: begin, hour: Range{4, 4}, day: Range{4, 4}, must: true},
		{name: "in the future", now: begin, age: -1, hour: Range{0, 4}, day: Range{0, 4}},
		{name: "the last ms of its hour", now: begin, age: hour - 1, hour: Range{4, 4}, day: Range{4, 4}, must: true},
		{name: "its hour is over", now: begin, age: hour, hour: Range{0, 4}, day: Range{4, 4}, must: true},
		{name: "its bucket leaves at once", now: begin, age: hour + 1, day: Range{4, 4}, must: true},
		{name: "its bucket's last ms", now: end, age: hour + 59_999, hour: Range{0, 4}, day: Range{4, 4}, must: true},
		{name: "its bucket's hour is over", now: end, age: hour + 60_000, day: Range{4, 4}, must: true},
		{name: "the last ms of its day", now: begin, age: day - 1, day: Range{4, 4}, must: true},
		{name: "its day is over", now: begin, age: day, day: Range{0, 4}},
		{name: "its bucket leaves the day at once", now: begin, age: day + 1, absent: true},
		{name: "the last ms of its bucket's day", now: end, age: day + 59_999, day: Range{0, 4}},
		{name: "its bucket's day is over", now: end, age: day + 60_000, absent: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Velocity([]Event{at("SALE", "a", 4, c.now-c.age)}, c.now)
			if c.absent {
				if len(got) != 0 {
					t.Fatalf("got %+v, want no key", got)
				}
				return
			}
			want := Counts{UnitsHour: c.hour, UnitsDay: c.day, Must: c.must}
			for _, key := range []Key{{"12", "555"}, {"", "555"}} {
				if got[key] != want {
					t.Errorf("%v: got %+v, want %+v", key, got[key], want)
				}
			}
		})
	}
}

func TestVelocityCountsApart(t *testing.T) {
	other := at("SALE", "1", 100, 0)
	other.Store = "13"
	got := Velocity([]Event{
		at("SALE", "1", 5, 0), at("SALE", "2", -2, 1), at("SALE", "1", 5, 0),
		at("VIEW", "3", 1, 0), at("CART_ADD", "4", 7, 0),
		at("RECEIPT", "5", 50, 0), at("RESET", "6", 50, 0), other,
	}, 10)
	store := Counts{
		UnitsHour: Range{3, 3}, UnitsDay: Range{3, 3}, ViewsHour: Range{1, 1}, ViewsDay: Range{1, 1},
		CartsHour: Range{7, 7}, CartsDay: Range{7, 7}, Must: true,
	}
	if got[Key{"12", "555"}] != store {
		t.Errorf("store: got %+v, want %+v", got[Key{"12", "555"}], store)
	}
	all := store
	all.UnitsHour, all.UnitsDay = Range{103, 103}, Range{103, 103}
	if got[Key{"", "555"}] != all {
		t.Errorf("all stores: got %+v, want %+v", got[Key{"", "555"}], all)
	}
}

func TestVelocityOfAnUncertainReturnLowersTheLowerBound(t *testing.T) {
	got := Velocity([]Event{at("SALE", "1", 5, hour), at("SALE", "2", -2, 0)}, hour)[Key{"12", "555"}]
	if want := (Range{3, 5}); got.UnitsHour != want {
		t.Errorf("got %v, want %v", got.UnitsHour, want)
	}
	if got.UnitsHour.Contains(2) || !got.UnitsHour.Contains(3) || !got.UnitsHour.Contains(5) ||
		got.UnitsHour.Contains(6) {
		t.Errorf("Contains disagrees with the inclusive bounds %v", got.UnitsHour)
	}
}

func TestVelocityOfNothingIsNoKey(t *testing.T) {
	if got := Velocity([]Event{at("SALE", "1", 0, 0), at("RECEIPT", "2", 5, 0)}, 1); len(got) != 0 {
		t.Errorf("got %v, want no key", got)
	}
}

// TestShown follows a burst through its hour. Window and badge go on at their thresholds, and off
// below half of them.
func TestShown(t *testing.T) {
	thresholds := Thresholds{
		DenseMinutes: 3, DenseUnits: 5, WeightView: 1, WeightCartAdd: 5, WeightUnit: 10,
		HighDemandEnter: 100, DwellMs: 5 * minute,
	}
	const start = 1_800_000_000_000
	events := []Event{
		at("SALE", "a", 4, start), at("SALE", "b", 4, start+minute),
		at("SALE", "c", -2, start+2*minute), at("CART_ADD", "d", 4, start+3*minute),
	}
	more := slices.Concat(events, []Event{at("SALE", "e", 3, start+3*minute), at("VIEW", "f", 7, start+30*minute)})
	var s Shown
	for _, step := range []struct {
		minutes     int64
		events      []Event
		dense, high bool
		score       int64
	}{
		{3, events, false, false, 80}, // two minutes with sales
		{4, more, true, true, 110},
		{60, more, true, true, 117},  // the first bucket has its hour and its minute
		{61, more, true, true, 77},   // above the half of all
		{62, more, false, false, 37}, // one minute with a sale, one unit
		{120, more, false, false, 0},
	} {
		seen := step.events
		if step.minutes < 60 {
			seen = seen[:min(len(seen), 5)]
		}
		s = s.Next(seen, start+step.minutes*minute, thresholds)
		if s.Dense != step.dense || s.HighDemand != step.high || s.Score != step.score {
			t.Errorf("after %d minutes: %+v, want %+v", step.minutes, s, step)
		}
	}
	if s = (Shown{Changed: start}).Next(more[:5], start+4*minute, thresholds); s.HighDemand {
		t.Error("the badge changes within the dwell")
	}
}
