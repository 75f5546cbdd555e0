package velocity

import (
	"math"
	"testing"
)

func TestClockGoesBack(t *testing.T) {
	c := DefaultConfig()
	var s Series
	s.Add(noon, noon, View, 100)
	s.Add(noon+2*hour, noon+2*hour, View, 200)
	before, _, badge := s.Evaluate(noon+2*hour, c)
	if badge == nil || !badge.On {
		t.Fatalf("badge %+v", badge)
	}

	// By up to a day: the series stays at the greatest time.
	if r, changed, badge := s.Evaluate(noon+hour, c); changed || badge != nil || r != before {
		t.Errorf("an hour back: %+v, changed %t, badge %+v", r, changed, badge)
	}
	if !s.Add(noon+hour, noon+hour, Sale, 1) {
		t.Error("an event of now did not count after the clock went back by an hour")
	}
	if r := read(&s, noon+hour); r.UnitsHour != 1 || r.ViewsHour != 200 || r.ViewsDay != 300 {
		t.Errorf("an hour back: %+v", r)
	}

	// By more than a day: the series follows, and drops what is then in the future.
	back := noon - 3*day
	r, changed, badge := s.Evaluate(back, c)
	if !r.Gone() || !changed || badge == nil || badge.On || badge.At != back {
		t.Errorf("days back: %+v, changed %t, badge %+v", r, changed, badge)
	}
	if !s.Add(back, back, Sale, 1) {
		t.Error("an event of now did not count after the clock went back by days")
	}
	if r := read(&s, back+minute); r.UnitsHour != 1 || r.ViewsDay != 0 {
		t.Errorf("days back: %+v", r)
	}
	if r := read(&s, back+minute+day); !r.Gone() {
		t.Errorf("a day later: %+v", r)
	}
}

func TestClockGoesBackKeepsThePast(t *testing.T) {
	var s Series
	back := noon + minute - 1 // the end of the fifth minute ahead is the end of the window
	now := back + day
	for _, at := range []int64{back, back + 5*minute, back + 5*minute + 1, now} {
		s.Add(at, now, View, 1)
	}
	read(&s, now)
	if r := read(&s, back-1); r.ViewsDay != 2 || r.Expires != noon+6*minute+day {
		t.Errorf("%+v", r)
	}
}

func TestAbsurdClocks(t *testing.T) {
	var s Series
	for _, now := range []int64{math.MaxInt64, math.MinInt64, 0, -1, noon, math.MaxInt64, noon, math.MinInt64, 1} {
		s.Add(now, now, Sale, 1)
		s.Add(noon, now, View, 1)
		read(&s, now)
		s.NextDue(DefaultConfig())
		b := s.AppendBinary(nil)
		if _, _, err := DecodeSeries(b); err != nil {
			t.Errorf("at %d: %v", now, err)
		}
	}
	s.Add(noon, noon, Sale, 3)
	if r := read(&s, noon); r.UnitsHour != 3 {
		t.Errorf("back at noon: %+v", r)
	}
}
