package stock

import (
	"fmt"
	"testing"

	"github.com/beamlytics/streamlytics/test/truth"
)

// kinds makes an event of each type.
var kinds = map[string]func(id string, quantity, ms int64) truth.Event{
	"SALE": sale, "RECEIPT": receipt, "RESET": reset, "VIEW": view, "CART_ADD": cartAdd,
}

// withOthers returns a record with n other events. If n is large, it has an index.
func withOthers(t *testing.T, n int) *Record {
	r := &Record{}
	for i := range n {
		apply(t, r, moveOf(sale(fmt.Sprint("other", i), 0, t0-int64(i))), t0, benchLimits, Accepted)
	}
	return r
}

func TestReusedID(t *testing.T) {
	for _, others := range []int{0, indexFrom} {
		for first, makeFirst := range kinds {
			for then, makeThen := range kinds {
				t.Run(fmt.Sprintf("%s then %s beside %d", first, then, others), func(t *testing.T) {
					r := withOthers(t, others)
					apply(t, r, moveOf(makeFirst("id", 3, t0)), t0, benchLimits, Accepted)
					want := string(r.AppendBinary(nil))
					for _, e := range []truth.Event{
						makeThen("id", 3, t0), makeThen("id", 4, t0), makeThen("id", 3, t0+1), makeThen("id", 3, t0-1),
						makeThen("id", 0, t0),
					} {
						verdict := Reused
						if e.Type == first && e.Quantity == 3 && e.OccurredAt == t0 {
							verdict = Repeated
						}
						if out := apply(t, r, moveOf(e), t0, benchLimits, verdict); out != (Outcome{Verdict: verdict}) {
							t.Errorf("%+v: outcome %+v", e, out)
						}
						if string(r.AppendBinary(nil)) != want {
							t.Errorf("%+v changed the record", e)
						}
					}
				})
			}
		}
	}
}

func TestAdjustedViews(t *testing.T) {
	tests := []struct {
		name        string
		first, then Move
		want        Verdict
	}{
		{"again, adjusted to another time", adjusted(view("id", 1, t0)), adjusted(view("id", 1, t0+5)), Repeated},
		{"again, so late that its time is not adjusted", adjusted(view("id", 1, t0)), moveOf(view("id", 1, t0+100)),
			Repeated},
		{"again after the clock went back", moveOf(view("id", 1, t0)), adjusted(view("id", 1, t0-100)), Repeated},
		{"cart adds too", adjusted(cartAdd("id", 1, t0)), moveOf(cartAdd("id", 1, t0+100)), Repeated},
		{"another quantity", adjusted(view("id", 1, t0)), adjusted(view("id", 2, t0)), Reused},
		{"another quantity, not adjusted", adjusted(view("id", 1, t0)), moveOf(view("id", 2, t0)), Reused},
		{"another quantity, the first not adjusted", moveOf(view("id", 1, t0)), adjusted(view("id", 2, t0)), Reused},
		{"another type", adjusted(view("id", 1, t0)), adjusted(cartAdd("id", 1, t0)), Reused},
		{"a sale then an adjusted view", moveOf(sale("id", 1, t0)), adjusted(view("id", 1, t0)), Reused},
		{"an adjusted view then a sale", adjusted(view("id", 1, t0)), moveOf(sale("id", 1, t0)), Reused},
		{"a receipt then an adjusted cart add", moveOf(receipt("id", 1, t0)), adjusted(cartAdd("id", 1, t0)), Reused},
	}
	for _, tt := range tests {
		for _, others := range []int{0, indexFrom} {
			t.Run(fmt.Sprintf("%s beside %d", tt.name, others), func(t *testing.T) {
				r := withOthers(t, others)
				apply(t, r, tt.first, t0, benchLimits, Accepted)
				again, err := recode(r)
				if err != nil {
					t.Fatal(err)
				}
				apply(t, again, tt.then, t0, benchLimits, tt.want)
			})
		}
	}
}

func TestViewsMakeNoStock(t *testing.T) {
	var r Record
	if !r.Empty() {
		t.Error("a new record is not empty")
	}
	apply(t, &r, moveOf(view("v", 1, t0)), t0, benchLimits, Accepted)
	apply(t, &r, adjusted(cartAdd("c", 1, t0)), t0, benchLimits, Accepted)
	if r.HasStock() || r.Known() || r.OnHand() != 0 || r.Empty() {
		t.Errorf("after views: %+v", r)
	}
	r.ExpireViews(t0 + DayMs)
	if r.Empty() {
		t.Error("ids of views are gone after exactly 24 hours")
	}
	if r.ExpireViews(t0 + DayMs + 1); !r.Empty() || r.ids != nil {
		t.Errorf("after a day: %+v", r)
	}
	apply(t, &r, moveOf(sale("s", 0, t0)), t0, benchLimits, Accepted)
	if !r.HasStock() || r.Empty() {
		t.Error("a sale of 0 units makes no stock key")
	}
}

func TestViewIDsAreKeptForADay(t *testing.T) {
	for _, others := range []int{0, indexFrom} {
		r := withOthers(t, others)
		v := moveOf(view("v", 1, t0))
		apply(t, r, v, t0, benchLimits, Accepted)
		apply(t, r, v, t0+DayMs, benchLimits, Repeated)
		// Later it is always new: velocity does not count events older than a day.
		apply(t, r, v, t0+DayMs+1, benchLimits, Accepted)
		apply(t, r, v, t0+DayMs+1, benchLimits, Accepted)
		if n := r.views().len(); n != 0 {
			t.Errorf("%d views are kept longer than a day", n)
		}
		// Then its id may be used for another event.
		apply(t, r, moveOf(sale("v", 1, t0+DayMs+1)), t0+DayMs+1, benchLimits, Accepted)
	}
}

func TestViewThatArrivesADayLate(t *testing.T) {
	var r Record
	apply(t, &r, moveOf(view("v", 1, t0)), t0+DayMs, benchLimits, Accepted)
	apply(t, &r, moveOf(view("v", 1, t0)), t0+DayMs, benchLimits, Repeated)
	apply(t, &r, moveOf(view("w", 1, t0-1)), t0+DayMs, benchLimits, Accepted)
	if n := r.views().len(); n != 1 {
		t.Errorf("%d views are kept, want 1, which velocity counts", n)
	}
}

func TestViewsExpireWithoutNewViews(t *testing.T) {
	var r Record
	for i := range 100 {
		apply(t, &r, moveOf(view(fmt.Sprint(i), 1, t0)), t0, benchLimits, Accepted)
	}
	apply(t, &r, moveOf(sale("s", 1, t0)), t0+2*DayMs, benchLimits, Accepted)
	if r.liveIDs() != 1 || r.ids != nil {
		t.Errorf("%d ids are live", r.liveIDs())
	}
}

// TestIDsOfSalesAreKeptForADay holds for any horizon: velocity counts 24 hours of the clock.
func TestIDsOfSalesAreKeptForADay(t *testing.T) {
	hour := int64(60 * 60 * 1000)
	l := Limits{HorizonMs: hour, CountLate: true}
	var r Record
	first := moveOf(sale("first", 1, t0))
	apply(t, &r, first, t0, l, Accepted)
	for h := int64(1); h <= 24; h++ {
		apply(t, &r, moveOf(sale(fmt.Sprint(h), 1, t0+h*hour)), t0+h*hour, l, Accepted)
		apply(t, &r, first, t0+h*hour, l, Repeated)
	}
	apply(t, &r, moveOf(sale("next", 1, t0+DayMs+1)), t0+DayMs+1, l, Accepted)
	if n := r.moves.len(); n != 25 {
		t.Errorf("%d sales are kept, want those of the last day: 25", n)
	}
	// The horizon still decides which resets are too old.
	apply(t, &r, moveOf(reset("r", 5, t0+DayMs-hour)), t0+DayMs+1, l, ResetTooOld)
}

// TestIDsWithEqualLowerHalves checks that ids that are equal in the index are not equal in the
// record.
func TestIDsWithEqualLowerHalves(t *testing.T) {
	id := func(upper uint64, m Move) Move {
		m.ID = upper<<32 | 7
		return m
	}
	l := benchLimits
	l.CountLate = true
	h := l.HorizonMs
	events := []Move{
		id(1, moveOf(sale("", 1, t0))), id(2, moveOf(sale("", 1, t0))), id(3, moveOf(sale("", 2, t0-DayMs))),
		id(4, moveOf(view("", 1, t0))),
		id(5, moveOf(sale("", 1, t0-2*h))), id(6, moveOf(sale("", 1, t0-2*h))), // late
	}
	r := withOthers(t, indexFrom)
	for i, m := range events {
		apply(t, r, m, t0, l, Accepted)
		for _, again := range events[:i+1] {
			apply(t, r, again, t0, l, Repeated)
			again.Quantity++
			apply(t, r, again, t0, l, Reused)
		}
	}
	if r.OnHand() != -6 {
		t.Errorf("on-hand %d, want -6", r.OnHand())
	}
	// The older ones expire; the others stay.
	apply(t, r, moveOf(sale("newer", 0, t0-DayMs/2+h)), t0-DayMs/2+h, l, Accepted)
	for _, m := range []Move{events[0], events[1], events[4], events[5]} {
		apply(t, r, m, t0-DayMs/2+h, l, Repeated)
	}
	again, err := recode(r)
	if err != nil {
		t.Fatal(err)
	}
	apply(t, again, events[1], t0-DayMs/2+h, l, Repeated)
	apply(t, again, events[5], t0-DayMs/2+h, l, Repeated)
	apply(t, again, events[2], t0-DayMs/2+h, l, Accepted) // its id expired, and it is late now
}
