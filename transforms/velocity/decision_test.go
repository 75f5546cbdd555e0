package velocity

import (
	"math"
	"testing"

	"github.com/beamlytics/streamlytics/signal"
)

// TestDenseWindow uses the default thresholds: an hour is dense from 3 minutes and 5 units, and
// stays dense from 1.5 minutes and 2.5 units.
func TestDenseWindow(t *testing.T) {
	type sale struct{ minute, units int64 }
	for _, tc := range []struct {
		name  string
		was   bool
		sales []sale
		want  bool
	}{
		{"nothing", false, nil, false},
		{"3 minutes, 5 units", false, []sale{{1, 1}, {2, 1}, {3, 3}}, true},
		{"2 minutes", false, []sale{{1, 50}, {2, 50}}, false},
		{"4 units", false, []sale{{1, 1}, {2, 1}, {3, 2}}, false},
		{"several sales in one minute", false, []sale{{1, 2}, {1, 2}, {1, 2}, {2, 2}}, false},
		{"a minute of returns is no sales minute", false, []sale{{1, 5}, {2, 5}, {3, -1}}, false},
		{"a minute of sales and more returns is one", false, []sale{{1, 5}, {2, 5}, {3, 1}, {3, -2}}, true},
		{"returns take from the units", false, []sale{{1, 2}, {2, 2}, {3, 2}, {4, -2}}, false},
		{"stays with 2 minutes, 3 units", true, []sale{{1, 1}, {2, 2}}, true},
		{"leaves with 1 minute", true, []sale{{1, 50}}, false},
		{"leaves with 2 units", true, []sale{{1, 1}, {2, 1}}, false},
		{"leaves when returns eat the units", true, []sale{{1, 4}, {2, 4}, {3, 4}, {4, -10}}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var s Series
			now := noon + 30*minute
			s.last.Dense = tc.was
			for _, e := range tc.sales {
				s.Add(noon+e.minute*minute, now, Sale, e.units)
			}
			r := read(&s, now)
			if r.Dense != tc.want {
				t.Errorf("%+v", r)
			}
			if read(&s, now) != r {
				t.Error("a second evaluation changes the reading")
			}
		})
	}
}

// TestDenseWindowDecays checks that the hour stays dense until less than half of either threshold
// is left.
func TestDenseWindowDecays(t *testing.T) {
	var s Series
	for m := range int64(4) {
		s.Add(noon+10*m*minute, noon+30*minute, Sale, 2)
	}
	last := noon + 30*minute
	for _, e := range []struct {
		now  int64
		want bool
	}{
		{last, true},
		{noon + hour + 11*minute, true},              // 2 minutes, 4 units left
		{noon + hour + 20*minute + 59*second, true},  // still
		{noon + hour + 21*minute, false},             // 1 minute, 2 units
		{noon + hour + 21*minute + 30*second, false}, // no change
		{noon + day + 30*minute + 59*second, false},  // nearly gone
		{noon + day + 31*minute, false},              // gone
		{noon + day + 31*minute + 30*24*hour, false}, // gone for long
	} {
		if r := read(&s, e.now); r.Dense != e.want {
			t.Errorf("%d s after the last sale: %+v", (e.now-last)/second, r)
		}
	}
}

func TestWindowIsStableAtTheThreshold(t *testing.T) {
	var s Series
	now := noon
	for m := range int64(3) {
		s.Add(now+m*minute, now, Sale, 2)
	}
	if !read(&s, now).Dense {
		t.Fatal("not dense")
	}
	for range 10 { // around the threshold of 5 units
		s.Add(now, now, Sale, -2)
		if r := read(&s, now); !r.Dense {
			t.Fatalf("left at %+v", r)
		}
		s.Add(now, now, Sale, 2)
		read(&s, now)
	}
}

func TestBadgeScoreAndHysteresis(t *testing.T) {
	for _, tc := range []struct {
		name                string
		was                 bool
		views, carts, units int64
		want                bool
		score               int64
	}{
		{"99 views", false, 99, 0, 0, false, 99},
		{"100 views", false, 100, 0, 0, true, 100},
		{"20 cart adds", false, 0, 20, 0, true, 100},
		{"10 units", false, 0, 0, 10, true, 100},
		{"a bit of each", false, 45, 5, 3, true, 100},
		{"returns count against it", false, 110, 0, -2, false, 90},
		{"stays at half", true, 50, 0, 0, true, 50},
		{"off below half", true, 49, 0, 0, false, 49},
		{"beyond any count", false, math.MaxInt64, math.MaxInt64, math.MaxInt64, true, 16_000_000_000_000},
		{"far below any count", true, 1, 0, math.MinInt64, false, 1 - 10_000_000_000_000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var s Series
			s.last.HighDemand = tc.was
			for kind, n := range []int64{tc.units, tc.views, tc.carts} {
				s.Add(noon, noon, Kind(kind), n)
			}
			r, _, badge := s.Evaluate(noon, DefaultConfig())
			if r.HighDemand != tc.want || (badge != nil) != (tc.was != tc.want) {
				t.Fatalf("%+v, badge %+v", r, badge)
			}
			if badge == nil {
				return
			}
			want := Change{
				On: tc.want, At: noon, Score: tc.score, Views: tc.views, CartAdds: tc.carts, Units: tc.units,
				Enter: 100, Exit: 50,
			}
			if *badge != want {
				t.Errorf("got  %+v\nwant %+v", *badge, want)
			}
			if _, _, again := s.Evaluate(noon, DefaultConfig()); again != nil {
				t.Errorf("reported twice: %+v", again)
			}
		})
	}
}

func TestBadgeExitOfAnOddThreshold(t *testing.T) {
	c := DefaultConfig()
	c.HighDemandEnter = 5 // half is 2.5: on at 3, off at 2
	for views, want := range map[int64]bool{3: true, 2: false} {
		var s Series
		s.last.HighDemand = true
		s.Add(noon, noon, View, views)
		if r, _, badge := s.Evaluate(noon, c); r.HighDemand != want || !want && badge.Exit != 3 {
			t.Errorf("%d views: %+v, badge %+v", views, r, badge)
		}
	}
}

func TestBadgeDwell(t *testing.T) {
	c := DefaultConfig()
	var s Series
	step := func(now int64, wantOn, wantChange bool, wantDue int64) {
		t.Helper()
		r, changed, badge := s.Evaluate(now, c)
		if r.HighDemand != wantOn || (badge != nil) != wantChange ||
			wantChange && (!changed || badge.On != wantOn || badge.At != now) {
			t.Errorf("at noon + %d s: %+v, badge %+v", (now-noon)/second, r, badge)
		}
		if due := s.NextDue(c); due != wantDue {
			t.Errorf("at noon + %d s: due at noon + %d s, want %d s", (now-noon)/second, (due-noon)/second,
				(wantDue-noon)/second)
		}
	}
	leaves := noon + hour + minute

	s.Add(noon, noon, Sale, 10)
	step(noon, true, true, leaves) // the first change needs no dwell
	s.Add(noon, noon+minute, Sale, -10)
	step(noon+minute, true, false, noon+5*minute)
	step(noon+5*minute-1, true, false, noon+5*minute)
	step(noon+5*minute, false, true, leaves)
	s.Add(noon, noon+6*minute, Sale, 10)
	step(noon+6*minute, false, false, noon+10*minute)
	step(noon+10*minute-1, false, false, noon+10*minute)
	step(noon+10*minute, true, true, leaves)
	step(noon+hour, true, false, leaves)
	step(leaves, false, true, noon+day+minute)
}

func TestFirstBadgeNeedsNoDwell(t *testing.T) {
	c := DefaultConfig()
	c.DwellMs = maxDwellMs
	var s Series
	s.Add(noon, noon, View, 100)
	if _, _, badge := s.Evaluate(noon, c); badge == nil {
		t.Error("no badge")
	}
	if due := s.NextDue(c); due != noon+hour+minute {
		t.Errorf("due %d ms after noon", due-noon)
	}
}

// TestBadgeSwingWithinTheDwell checks that a score that crosses a threshold and returns within the
// dwell causes no change.
func TestBadgeSwingWithinTheDwell(t *testing.T) {
	c := DefaultConfig()
	var s Series
	s.Add(noon, noon, View, 100)
	s.Add(noon, noon, Sale, 1)
	s.Evaluate(noon, c)
	s.Add(noon, noon+minute, Sale, -10)
	s.Evaluate(noon+minute, c)
	s.Add(noon, noon+2*minute, Sale, 9)
	for now := noon + 2*minute; now < noon+10*minute; now += 10 * second {
		if r, _, badge := s.Evaluate(now, c); badge != nil || !r.HighDemand {
			t.Fatalf("at noon + %d s: %+v, badge %+v", (now-noon)/second, r, badge)
		}
	}
}

func TestBadgeEndsWithTheSeries(t *testing.T) {
	c := DefaultConfig()
	c.DwellMs = 2 * day // longer than the series has events
	var s Series
	s.Add(noon, noon, View, 100)
	s.Evaluate(noon, c)
	gone := noon + day + minute
	if r, _, badge := s.Evaluate(gone-1, c); !r.HighDemand || badge != nil {
		t.Fatalf("before: %+v, badge %+v", r, badge)
	}
	r, changed, badge := s.Evaluate(gone, c)
	if r != (Reading{}) || !changed || badge == nil || *badge != (Change{At: gone, Enter: 100, Exit: 50}) {
		t.Fatalf("gone: %+v, changed %t, badge %+v", r, changed, badge)
	}

	// The dwell applies to events until it ends; then the series is empty.
	if due := s.NextDue(c); due != gone+2*day || s.Empty() {
		t.Errorf("due %d after it was gone, empty %t", due-gone, s.Empty())
	}
	s.Add(gone, gone, View, 100)
	if r, _, badge := s.Evaluate(gone, c); r.HighDemand || badge != nil {
		t.Errorf("within the dwell: %+v, badge %+v", r, badge)
	}
	if _, changed, badge := s.Evaluate(gone+2*day, c); !changed || badge != nil || !s.Empty() {
		t.Errorf("after the dwell: changed %t, badge %+v, empty %t", changed, badge, s.Empty())
	}
	if due := s.NextDue(c); due != math.MaxInt64 {
		t.Errorf("empty, but due at %d", due)
	}
}

func TestReadingSignal(t *testing.T) {
	r := Reading{
		UnitsHour: 1, UnitsDay: 2, ViewsHour: 3, ViewsDay: 4, CartsHour: 5, CartsDay: 6,
		Expires: noon + day, Dense: true, HighDemand: true,
	}
	want := signal.Velocity{
		StoreID: "12", ProductID: "555", Window: signal.WindowHour,
		UnitsHour: 1, UnitsDay: 2, ViewsHour: 3, ViewsDay: 4, CartsHour: 5, CartsDay: 6,
		HighDemand: true, AsOf: noon, Expires: noon + day,
	}
	if got := r.Signal("12", "555", noon); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	want = signal.Velocity{ProductID: "555", Window: signal.WindowDay, AsOf: noon, Gone: true}
	if got := (Reading{}).Signal("", "555", noon); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestChangeSignal(t *testing.T) {
	c := Change{On: true, At: noon, Score: 100, Views: 1, CartAdds: 2, Units: 3, Enter: 100, Exit: 50}
	want := signal.BadgeChange{
		Badge: signal.HighDemand, On: true, StoreID: "12", ProductID: "555", At: noon,
		Score: 100, Views: 1, CartAdds: 2, Units: 3, Enter: 100, Exit: 50,
	}
	if got := c.Signal("12", "555"); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
