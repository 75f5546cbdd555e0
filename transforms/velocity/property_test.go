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

// see returns the time that a call at now is evaluated at, and drops events: those that have left
// the day window, and those in the future after the clock went back by more than a day.
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

// TestSeriesAgainstOracle adds random events in random order and evaluates at random times, with
// encoding and decoding in between. The series must agree with the oracle, and not change before it
// is due.
func TestSeriesAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &seriesMachine{
			config: Config{
				DenseMinutes:    rapid.Int64Range(1, 5).Draw(t, "dense minutes"),
				DenseUnits:      rapid.Int64Range(1, 12).Draw(t, "dense units"),
				WeightView:      rapid.Int64Range(0, 3).Draw(t, "weight of views"),
				WeightCartAdd:   rapid.Int64Range(0, 5).Draw(t, "weight of cart adds"),
				WeightUnit:      rapid.Int64Range(0, 10).Draw(t, "weight of units"),
				HighDemandEnter: rapid.Int64Range(1, 60).Draw(t, "enter"),
				DwellMs:         rapid.SampledFrom([]int64{0, 1, 5 * minute, 2 * hour, 30 * hour}).Draw(t, "dwell"),
			},
			now: noon + rapid.Int64Range(0, minute-1).Draw(t, "start"),
		}
		t.Repeat(rapid.StateMachineActions(m))
	})
}

// seriesMachine applies the same actions to a series and to the oracle. Its methods with a rapid.T
// as the only parameter are the actions.
type seriesMachine struct {
	config   Config
	series   Series
	oracle   oracle
	now      int64
	wentBack bool
}

func (m *seriesMachine) Check(t *rapid.T) {
	if n := len(m.series.buckets); n > maxBuckets {
		t.Fatalf("%d buckets", n)
	}
}

func (m *seriesMachine) Evaluate(t *rapid.T) {
	r, changed, badge := m.series.Evaluate(m.now, m.config)
	wantR, wantChanged, wantBadge := m.oracle.evaluate(m.now, m.config)
	if r != wantR || changed != wantChanged {
		t.Fatalf("at noon + %d ms\ngot  %+v, changed %t\nwant %+v, changed %t",
			m.now-noon, r, changed, wantR, wantChanged)
	}
	if (badge == nil) != (wantBadge == nil) || badge != nil && *badge != *wantBadge {
		t.Fatalf("at noon + %d ms: badge %+v, want %+v", m.now-noon, badge, wantBadge)
	}
	if m.series.Expires() != r.Expires {
		t.Fatalf("Expires() = %d, the reading has %d", m.series.Expires(), r.Expires)
	}
}

func (m *seriesMachine) add(t *rapid.T, e truth.Event) {
	kind := Kind(slices.Index(types[:], e.Type))
	if got, want := m.series.Add(e.OccurredAt, m.now, kind, e.Quantity), m.oracle.add(e, m.now); got != want {
		t.Fatalf("Add(%+v) = %t, want %t", e, got, want)
	}
}

func (m *seriesMachine) Add(t *rapid.T) { m.add(t, drawEvent(t, m.now)) }

func (m *seriesMachine) AddBurst(t *rapid.T) {
	for range rapid.IntRange(2, 8).Draw(t, "events") {
		e := drawEvent(t, m.now)
		e.OccurredAt = m.now - rapid.Int64Range(0, 8*minute).Draw(t, "age")
		m.add(t, e)
	}
	m.Evaluate(t)
}

func (m *seriesMachine) AdvanceMinutes(t *rapid.T) {
	m.now += rapid.Int64Range(0, 3*minute).Draw(t, "by")
	m.Evaluate(t)
}

func (m *seriesMachine) AdvanceHours(t *rapid.T) { m.now += rapid.Int64Range(0, 2*hour).Draw(t, "by") }

func (m *seriesMachine) AdvanceDay(t *rapid.T) {
	if rapid.IntRange(0, 4).Draw(t, "rarely") == 0 {
		m.now += rapid.Int64Range(20*hour, 30*hour).Draw(t, "by")
		m.Evaluate(t)
	}
}

// AdvanceToDue advances to the next due time. Nothing may change at a time in between and at the
// millisecond before.
func (m *seriesMachine) AdvanceToDue(t *rapid.T) {
	m.Evaluate(t)
	at := m.series.NextDue(m.config)
	if at <= m.oracle.clock {
		t.Fatalf("due at noon + %d ms, evaluated at noon + %d ms", at-noon, m.oracle.clock-noon)
	}
	at = min(at, m.oracle.clock+3*day)
	for _, now := range []int64{rapid.Int64Range(m.oracle.clock, at-1).Draw(t, "before due"), at - 1} {
		if _, changed, badge := m.series.Evaluate(now, m.config); changed || badge != nil {
			t.Fatalf("at noon + %d ms, before it is due: changed %t, badge %+v", now-noon, changed, badge)
		}
		m.oracle.evaluate(now, m.config)
	}
	m.now = at
	m.Evaluate(t)
}

func (m *seriesMachine) GoBack(t *rapid.T) {
	if m.wentBack || rapid.IntRange(0, 4).Draw(t, "rarely") != 0 {
		return // mostly let time pass
	}
	m.wentBack = true
	m.now -= rapid.OneOf(rapid.Int64Range(0, 2*hour), rapid.Int64Range(day-1, day+hour)).Draw(t, "by")
}

func (m *seriesMachine) EncodeAndDecode(t *rapid.T) {
	b := m.series.AppendBinary(nil)
	decoded, rest, err := DecodeSeries(b)
	if err != nil || len(rest) != 0 {
		t.Fatalf("%d bytes left, error %v", len(rest), err)
	}
	if again := decoded.AppendBinary(nil); !bytes.Equal(again, b) {
		t.Fatalf("encoded as %x, then as %x", b, again)
	}
	m.series = decoded
}

func (m *seriesMachine) DropIfEmpty(*rapid.T) {
	if m.series.Empty() {
		m.series = Series{seen: m.series.seen} // the oracle keeps the time too
	}
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
