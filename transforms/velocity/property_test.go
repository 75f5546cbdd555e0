package velocity

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/beamlytics/streamlytics/test/truth"
)

// oracle is the model over the list of all events, with the clock of a Series.
type oracle struct {
	clock  int64
	events []truth.Event
	shown  truth.Shown
	last   Reading
}

// types are the types of the events that have a Kind.
var types = [kinds]string{Sale: "SALE", View: "VIEW", CartAdd: "CART_ADD"}

// see is the time that a call at now counts as. What has left the day is past for good, even if the clock falls back; what a
// clock that falls back by more than a day leaves in the future never was.
func (o *oracle) see(now int64) int64 {
	setBack := o.clock-now > day
	if setBack {
		o.clock, o.shown.Changed = now, min(o.shown.Changed, now)
	}
	o.clock = max(o.clock, now)
	o.events = slices.DeleteFunc(o.events, func(e truth.Event) bool {
		start := e.OccurredAt / minute * minute
		return start+minute <= o.clock-day || setBack && start > o.clock+5*minute
	})
	return o.clock
}

func (o *oracle) add(e truth.Event, now int64) bool {
	if e.Quantity == 0 {
		return false
	}
	seen := max(o.clock, now)
	if o.clock-now > day {
		seen = now
	}
	if e.OccurredAt < seen-day || e.OccurredAt > seen+5*minute {
		return false
	}
	o.see(now)
	o.events = append(o.events, e)
	return true
}

func (o *oracle) evaluate(now int64, c Config) (Reading, bool, *Change) {
	now = o.see(now)
	on := o.shown.HighDemand
	o.shown = o.shown.Next(o.events, now, truth.Thresholds(c))
	s := o.shown
	r := Reading{
		UnitsHour: s.UnitsHour.Lower, UnitsDay: s.UnitsDay.Lower,
		ViewsHour: s.ViewsHour.Lower, ViewsDay: s.ViewsDay.Lower,
		CartsHour: s.CartsHour.Lower, CartsDay: s.CartsDay.Lower, Dense: s.Dense, HighDemand: s.HighDemand,
	}
	for _, e := range o.events {
		r.Expires = max(r.Expires, (e.OccurredAt/minute+1)*minute+day)
	}
	var badge *Change
	if s.HighDemand != on {
		badge = &Change{
			On: s.HighDemand, At: now, Score: s.Score, Views: r.ViewsHour, CartAdds: r.CartsHour, Units: r.UnitsHour,
			Enter: c.HighDemandEnter, Exit: (c.HighDemandEnter + 1) / 2,
		}
	}
	if r.Expires == 0 && now-s.Changed >= c.DwellMs {
		o.shown.Changed = 0 // only a clock that is set back could tell
	}
	changed := r != o.last
	o.last = r
	return r, changed, badge
}

// Random events in random order, looked at at random times: the series says what the oracle says, also when it is written
// and read back in between, and says nothing new before it is due.
func TestSeriesAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Config{
			DenseMinutes:    rapid.Int64Range(1, 5).Draw(t, "dense minutes"),
			DenseUnits:      rapid.Int64Range(1, 12).Draw(t, "dense units"),
			WeightView:      rapid.Int64Range(0, 3).Draw(t, "weight of views"),
			WeightCartAdd:   rapid.Int64Range(0, 5).Draw(t, "weight of cart adds"),
			WeightUnit:      rapid.Int64Range(0, 10).Draw(t, "weight of units"),
			HighDemandEnter: rapid.Int64Range(1, 60).Draw(t, "enter"),
			DwellMs:         rapid.SampledFrom([]int64{0, 1, 5 * minute, 2 * hour, 30 * hour}).Draw(t, "dwell"),
		}
		var s Series
		var o oracle
		now := noon + rapid.Int64Range(0, minute-1).Draw(t, "start")
		fellBack := false

		evaluate := func(t *rapid.T) {
			r, changed, badge := s.Evaluate(now, c)
			wantR, wantChanged, wantBadge := o.evaluate(now, c)
			if r != wantR || changed != wantChanged {
				t.Fatalf("at noon + %d ms\ngot  %+v, changed %t\nwant %+v, changed %t", now-noon, r, changed, wantR, wantChanged)
			}
			if (badge == nil) != (wantBadge == nil) || badge != nil && *badge != *wantBadge {
				t.Fatalf("at noon + %d ms: badge %+v, want %+v", now-noon, badge, wantBadge)
			}
			if s.Expires() != r.Expires {
				t.Fatalf("Expires() = %d, the reading says %d", s.Expires(), r.Expires)
			}
		}
		add := func(t *rapid.T, e truth.Event) {
			kind := Kind(slices.Index(types[:], e.Type))
			if got, want := s.Add(e.OccurredAt, now, kind, e.Quantity), o.add(e, now); got != want {
				t.Fatalf("Add(%+v) = %t, want %t", e, got, want)
			}
		}
		// due runs to when the series is due next. The millisecond before and a time in between must bring nothing new.
		due := func(t *rapid.T) {
			evaluate(t)
			at := s.NextDue(c)
			if at <= o.clock {
				t.Fatalf("due at noon + %d ms, evaluated at noon + %d ms", at-noon, o.clock-noon)
			}
			at = min(at, o.clock+3*day)
			quiet := []int64{rapid.Int64Range(o.clock, at-1).Draw(t, "before due"), at - 1}
			for _, now = range quiet {
				if _, changed, badge := s.Evaluate(now, c); changed || badge != nil {
					t.Fatalf("at noon + %d ms, before it is due: changed %t, badge %+v", now-noon, changed, badge)
				}
				o.evaluate(now, c)
			}
			now = at
			evaluate(t)
		}

		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) { add(t, drawEvent(t, now)) },
			"add a burst": func(t *rapid.T) {
				for range rapid.IntRange(2, 8).Draw(t, "events") {
					e := drawEvent(t, now)
					e.OccurredAt = now - rapid.Int64Range(0, 8*minute).Draw(t, "age")
					add(t, e)
				}
				evaluate(t)
			},
			"evaluate": evaluate,
			"go on a little": func(t *rapid.T) {
				now += rapid.Int64Range(0, 3*minute).Draw(t, "by")
				evaluate(t)
			},
			"go on": func(t *rapid.T) { now += rapid.Int64Range(0, 2*hour).Draw(t, "by") },
			"go on long": func(t *rapid.T) {
				if rapid.IntRange(0, 4).Draw(t, "rarely") == 0 {
					now += rapid.Int64Range(20*hour, 30*hour).Draw(t, "by")
					evaluate(t)
				}
			},
			"run until due": due,
			"fall back": func(t *rapid.T) {
				if fellBack || rapid.IntRange(0, 4).Draw(t, "rarely") != 0 {
					return // time should mostly pass
				}
				fellBack = true
				now -= rapid.OneOf(rapid.Int64Range(0, 2*hour), rapid.Int64Range(day-1, day+hour)).Draw(t, "by")
			},
			"write and read back": func(t *rapid.T) {
				b := s.AppendBinary(nil)
				read, rest, err := DecodeSeries(b)
				if err != nil || len(rest) != 0 {
					t.Fatalf("%d bytes left, error %v", len(rest), err)
				}
				if again := read.AppendBinary(nil); !bytes.Equal(again, b) {
					t.Fatalf("wrote %x, then %x", b, again)
				}
				s = read
			},
			"drop when forgotten": func(t *rapid.T) {
				if s.Forgotten() {
					clock := s.seen
					s = Series{}
					s.seen = clock // so that the oracle need not forget it as well
				}
			},
			"": func(t *rapid.T) {
				if n := len(s.buckets); n > maxBuckets {
					t.Fatalf("%d buckets", n)
				}
			},
		})
	})
}

func drawEvent(t *rapid.T, now int64) truth.Event {
	offset := rapid.OneOf(
		rapid.Int64Range(-minute, 0),
		rapid.Int64Range(-70*minute, 6*minute),
		rapid.Int64Range(-25*hour, 0),
		rapid.SampledFrom([]int64{-day - 1, -day, -hour - minute, -hour, 5 * minute, 5*minute + 1}),
	).Draw(t, "offset")
	e := truth.Event{OccurredAt: now + offset, Type: rapid.SampledFrom(types[:]).Draw(t, "type")}
	if e.Type == "SALE" {
		e.Quantity = rapid.Int64Range(-4, 8).Draw(t, "units")
	} else {
		e.Quantity = rapid.Int64Range(0, 9).Draw(t, "quantity")
	}
	return e
}
