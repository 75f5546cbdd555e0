package truth

import "testing"

func TestVelocityBounds(t *testing.T) {
	const now = 1_800_000_000_000
	for _, c := range []struct {
		name      string
		age       int64
		hour, day Range
		must      bool
		absent    bool
	}{
		{name: "now", age: 0, hour: Range{4, 4}, day: Range{4, 4}, must: true},
		{name: "in the future", age: -1, hour: Range{0, 4}, day: Range{0, 4}},
		{name: "the last ms of its hour", age: hour - 1, hour: Range{4, 4}, day: Range{4, 4}, must: true},
		{name: "its hour is over", age: hour, hour: Range{0, 4}, day: Range{4, 4}, must: true},
		{name: "the last ms of the minute after", age: hour + 59_999, hour: Range{0, 4}, day: Range{4, 4}, must: true},
		{name: "a minute after its hour", age: hour + 60_000, day: Range{4, 4}, must: true},
		{name: "the last ms of its day", age: day - 1, day: Range{4, 4}, must: true},
		{name: "its day is over", age: day, day: Range{0, 4}},
		{name: "the last ms of the quarter after", age: day + 899_999, day: Range{0, 4}},
		{name: "a quarter after its day", age: day + 900_000, absent: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Velocity([]Event{at("SALE", "a", 4, now-c.age)}, now)
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
	if got.UnitsHour.Contains(2) || !got.UnitsHour.Contains(3) || !got.UnitsHour.Contains(5) || got.UnitsHour.Contains(6) {
		t.Errorf("Contains disagrees with the inclusive bounds %v", got.UnitsHour)
	}
}

func TestVelocityOfNothingIsNoKey(t *testing.T) {
	if got := Velocity([]Event{at("SALE", "1", 0, 0), at("RECEIPT", "2", 5, 0)}, 1); len(got) != 0 {
		t.Errorf("got %v, want no key", got)
	}
}
