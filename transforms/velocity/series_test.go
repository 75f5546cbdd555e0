package velocity

import (
	"fmt"
	"math"
	"testing"
)

// noon is 2026-03-01T12:00:00Z, the start of a minute.
const noon int64 = 1_772_366_400_000

const (
	second = int64(1000)
	minute = int64(minuteMs)
	hour   = 60 * minute
	day    = 24 * hour
)

// read evaluates s with the default options.
func read(s *Series, now int64) Reading {
	r, _, _ := s.Evaluate(now, DefaultConfig())
	return r
}

func TestAddCounts(t *testing.T) {
	now := noon + 30*second
	for _, tc := range []struct {
		name     string
		at       int64
		kind     Kind
		quantity int64
		want     bool
	}{
		{"sale", now, Sale, 1, true},
		{"return", now, Sale, -1, true},
		{"view", now, View, 1, true},
		{"cart add", now, CartAdd, 2, true},
		{"sale of nothing", now, Sale, 0, false},
		{"view of nothing", now, View, 0, false},
		{"negative view", now, View, -1, false},
		{"negative cart add", now, CartAdd, -1, false},
		{"unknown kind", now, CartAdd + 1, 1, false},
		{"24 hours old", now - day, Sale, 1, true},
		{"older than 24 hours", now - day - 1, Sale, 1, false},
		{"5 minutes ahead", now + 5*minute, Sale, 1, true},
		{"over 5 minutes ahead", now + 5*minute + 1, Sale, 1, false},
		{"at the end of time", math.MaxInt64, Sale, 1, false},
		{"at the start of time", math.MinInt64, Sale, 1, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var s Series
			if got := s.Add(tc.at, now, tc.kind, tc.quantity); got != tc.want {
				t.Fatalf("Add = %t, want %t", got, tc.want)
			}
			if !tc.want && len(s.buckets) != 0 {
				t.Error("an event that does not count made a bucket")
			}
			if r, changed, _ := s.Evaluate(now, DefaultConfig()); r.Gone() == tc.want || changed != tc.want {
				t.Errorf("reading %+v, changed %t", r, changed)
			}
		})
	}
}

func TestCountsByKindAndWindow(t *testing.T) {
	var s Series
	now := noon
	for _, e := range []struct {
		age      int64
		kind     Kind
		quantity int64
	}{
		{0, Sale, 7}, {10 * minute, Sale, -2}, {2 * hour, Sale, 40}, {day, Sale, 1},
		{59 * minute, View, 3}, {23 * hour, View, 4}, {-4 * minute, View, 1},
		{1, CartAdd, 2}, {61 * minute, CartAdd, 5}, {3 * hour, CartAdd, 6},
	} {
		if !s.Add(now-e.age, now, e.kind, e.quantity) {
			t.Fatalf("%+v did not count", e)
		}
	}
	want := Reading{
		UnitsHour: 5, UnitsDay: 46, ViewsHour: 4, ViewsDay: 8, CartsHour: 2, CartsDay: 13,
		Expires: now + 5*minute + day,
	}
	if got := read(&s, now); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestWindowEdges checks that an event counts for its whole hour or day, and leaves when that has
// passed since the end of its minute.
func TestWindowEdges(t *testing.T) {
	for _, second := range []int64{0, 1, 30_000, 59_999} {
		t.Run(fmt.Sprintf("%d ms past the minute", second), func(t *testing.T) {
			at := noon + second
			edge := noon + minute + hour
			for _, e := range []struct {
				now       int64
				hour, day int64
			}{
				{at, 1, 1},
				{at + hour, 1, 1},
				{edge - 1, 1, 1},
				{edge, 0, 1},
				{at + day, 0, 1},
				{edge - hour + day - 1, 0, 1},
				{edge - hour + day, 0, 0},
			} {
				var s Series
				s.Add(at, at, View, 1)
				r := read(&s, e.now)
				if r.ViewsHour != e.hour || r.ViewsDay != e.day || r.Gone() != (e.day == 0) {
					t.Errorf("%d ms after the event: %+v", e.now-at, r)
				}
			}
		})
	}
}

func TestExpires(t *testing.T) {
	var s Series
	if got := s.Expires(); got != 0 {
		t.Errorf("an empty series expires at %d", got)
	}
	s.Add(noon+30*second, noon+hour, Sale, 1)
	s.Add(noon-3*hour, noon+hour, Sale, 1)
	want := noon + minute + day
	if got := s.Expires(); got != want {
		t.Errorf("Expires() = %d, want %d", got, want)
	}
	if r := read(&s, want-1); r.Gone() || r.Expires != want {
		t.Errorf("just before: %+v", r)
	}
	if r := read(&s, want); r != (Reading{}) {
		t.Errorf("then: %+v", r)
	}
}

// TestSumsOfZeroAreNotGone checks that the key of a sale and its return exists until they are a day
// old.
func TestSumsOfZeroAreNotGone(t *testing.T) {
	var s Series
	s.Add(noon, noon, Sale, 3)
	s.Add(noon, noon, Sale, -3)
	if r := read(&s, noon); r.Gone() || r.UnitsDay != 0 {
		t.Errorf("%+v", r)
	}
	if r := read(&s, noon+day); r.Gone() {
		t.Errorf("a day later: %+v", r)
	}
	if r := read(&s, noon+day+minute); !r.Gone() {
		t.Errorf("a day and a minute later: %+v", r)
	}
}

func TestChangedOnlyWhenTheReadingDiffers(t *testing.T) {
	var s Series
	c := DefaultConfig()
	step := func(now int64, want bool) {
		t.Helper()
		if r, changed, _ := s.Evaluate(now, c); changed != want {
			t.Errorf("at noon + %d ms: changed = %t, reading %+v", now-noon, changed, r)
		}
	}
	step(noon, false) // a new series reports no change
	s.Add(noon, noon, Sale, 2)
	step(noon, true)
	step(noon+30*second, false)
	s.Add(noon, noon+minute, Sale, 5)
	s.Add(noon, noon+minute, Sale, -5)
	step(noon+minute, false)
	// The sums are equal, but the key expires later.
	s.Add(noon+2*minute, noon+2*minute, View, 1)
	step(noon+2*minute, true)
	step(noon+hour, false)
	step(noon+hour+minute, true)
	step(noon+hour+3*minute, true)
	step(noon+day, false)
	step(noon+day+minute, true)
	step(noon+day+3*minute, true) // gone
	step(noon+day+4*minute, false)
	if !s.Empty() {
		t.Error("a series that is gone is not empty")
	}
}

func TestNextDue(t *testing.T) {
	var s Series
	c := DefaultConfig()
	due := func(want int64) {
		t.Helper()
		if got := s.NextDue(c); got != want {
			t.Errorf("NextDue = noon + %d ms, want noon + %d ms", got-noon, want-noon)
		}
	}
	due(math.MaxInt64)
	s.Add(noon, noon, Sale, 1)
	due(noon) // not evaluated yet
	s.Evaluate(noon, c)
	due(noon + minute + hour)
	s.Add(noon-2*hour, noon, Sale, 1)
	s.Add(noon-30*minute, noon, View, 1)
	s.Evaluate(noon, c)
	due(noon + 31*minute)
	s.Evaluate(noon+31*minute, c)
	due(noon + minute + hour)
	s.Evaluate(noon+2*hour, c)
	due(noon - 2*hour + minute + day)
	s.Evaluate(noon+day, c)
	due(noon + minute + day)
	s.Evaluate(noon+day+minute, c)
	due(math.MaxInt64)
}

// TestBucketsAreBounded checks that memory is bounded without evaluations, and released after a
// burst.
func TestBucketsAreBounded(t *testing.T) {
	var s Series
	empty := s.Size()
	for at := noon; at < noon+3*day; at += minute {
		for k := Sale; k < kinds; k++ {
			s.Add(at+5*minute, at, k, 1)
			s.Add(at-day, at, k, 1)
		}
		if len(s.buckets) > maxBuckets {
			t.Fatalf("%d buckets", len(s.buckets))
		}
	}
	if len(s.buckets) != maxBuckets {
		t.Errorf("%d buckets, want the window full with %d", len(s.buckets), maxBuckets)
	}
	full := s.Size()
	read(&s, s.Expires()-10*minute)
	if n := len(s.buckets); n != 10*kinds {
		t.Errorf("%d buckets left", n)
	}
	if few := s.Size(); few > full/20 {
		t.Errorf("%d bytes for 10 minutes, %d at the peak", few, full)
	}
	read(&s, s.Expires())
	if got := s.Size(); got != empty {
		t.Errorf("%d bytes when gone, %d when new", got, empty)
	}
}
