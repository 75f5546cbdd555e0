package stock

import (
	"fmt"
	"testing"

	"github.com/beamlytics/streamlytics/test/truth"
)

func TestLateBeyondTheHorizon(t *testing.T) {
	var r Record
	old := t0 - 5*testLimits.HorizonMs
	apply(t, &r, moveOf(reset("count", 100, old)), farNow, testLimits, Accepted)
	apply(t, &r, moveOf(sale("new", 1, t0)), farNow, testLimits, Accepted)

	// A late sale counts at or after the barrier and is dropped before it.
	apply(t, &r, moveOf(sale("late", 10, old)), farNow, testLimits, Accepted)
	if out := apply(t, &r, moveOf(sale("dropped", 20, old-1)), farNow, testLimits, Accepted); !out.Dropped {
		t.Error("a sale from before the barrier is not reported as dropped")
	}
	// Both ids are known for one horizon after their arrival.
	for _, newest := range []int64{t0, t0 + testLimits.HorizonMs} {
		apply(t, &r, moveOf(sale(fmt.Sprint(newest), 0, newest)), farNow, testLimits, Accepted)
		apply(t, &r, moveOf(sale("late", 10, old)), farNow, testLimits, Repeated)
		apply(t, &r, moveOf(sale("late", 11, old)), farNow, testLimits, Reused)
		apply(t, &r, moveOf(sale("dropped", 20, old-1)), farNow, testLimits, Repeated)
	}
	if r.OnHand() != 89 {
		t.Errorf("on-hand %d, want 89", r.OnHand())
	}
	apply(t, &r, moveOf(sale("later", 0, t0+testLimits.HorizonMs+1)), farNow, testLimits, Accepted)
	if n := len(r.late()); n != 0 {
		t.Errorf("%d late ids are kept longer than a horizon", n)
	}
}

// TestTooLate checks that an event that may be a repetition of a folded one changes nothing and is
// refused again.
func TestTooLate(t *testing.T) {
	h := strictLimits.HorizonMs
	tests := []struct {
		name   string
		before []truth.Event
		late   truth.Event
		want   Verdict
		onHand int64
	}{
		{"the first event of a key is never too late", nil, sale("a", 1, t0-100*h), Accepted, -1},
		{"at the horizon", []truth.Event{sale("a", 1, t0)}, receipt("b", 5, t0-h), Accepted, 4},
		{"before the horizon", []truth.Event{sale("a", 1, t0)}, receipt("b", 5, t0-h-1), TooLate, -1},
		{"of the barrier's time", []truth.Event{reset("r", 9, t0-h-1), sale("a", 1, t0)}, sale("b", 5, t0-h-1), TooLate,
			8},
		{"before the barrier", []truth.Event{reset("r", 9, t0-h), sale("a", 1, t0)}, sale("b", 5, t0-h-1), Accepted, 8},
		{"views do not make an event late", []truth.Event{sale("a", 1, t0), view("v", 1, t0+h)}, sale("b", 5, t0-h),
			Accepted, -6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r Record
			for _, e := range tt.before {
				apply(t, &r, moveOf(e), farNow, strictLimits, Accepted)
			}
			apply(t, &r, moveOf(tt.late), farNow, strictLimits, tt.want)
			again := tt.want
			if tt.want == Accepted {
				again = Repeated
			}
			apply(t, &r, moveOf(tt.late), farNow, strictLimits, again)
			if r.OnHand() != tt.onHand {
				t.Errorf("on-hand %d, want %d", r.OnHand(), tt.onHand)
			}
		})
	}
}

// TestTooLateWithALongerHorizon restarts with a longer horizon than the one that deltas were folded
// with.
func TestTooLateWithALongerHorizon(t *testing.T) {
	var r Record
	h := strictLimits.HorizonMs
	apply(t, &r, moveOf(sale("a", 1, t0)), farNow, strictLimits, Accepted)
	apply(t, &r, moveOf(receipt("b", 10, t0+2*h)), farNow, strictLimits, Accepted)
	longer := strictLimits
	longer.HorizonMs = 10 * h
	apply(t, &r, moveOf(sale("a", 1, t0)), farNow, longer, TooLate)
	apply(t, &r, moveOf(sale("c", 1, t0+1)), farNow, longer, Accepted)
	if r.OnHand() != 8 {
		t.Errorf("on-hand %d, want 8", r.OnHand())
	}
}

// TestManyLateIDs removes many late ids one by one: the cost of an event must not grow with their
// number.
func TestManyLateIDs(t *testing.T) {
	var r Record
	const n = 100_000
	apply(t, &r, moveOf(sale("new", 0, t0)), farNow, testLimits, Accepted)
	for i := range int64(n) {
		r.Apply(moveOf(sale(fmt.Sprint("late", i), 1, t0-2*testLimits.HorizonMs)), farNow, testLimits)
		r.Apply(moveOf(sale(fmt.Sprint("new", i), 0, t0+i*testLimits.HorizonMs/n)), farNow, testLimits)
	}
	if r.OnHand() != -n || len(r.late()) != n {
		t.Fatalf("on-hand %d, %d late ids; want %d of each", r.OnHand(), len(r.late()), n)
	}
	for i := range int64(n) {
		r.Apply(moveOf(sale(fmt.Sprint("newer", i), 0, t0+testLimits.HorizonMs+(i+2)*testLimits.HorizonMs/n)), farNow,
			testLimits)
	}
	if err := wantConsistent(&r); err != nil || len(r.late()) != 0 {
		t.Errorf("%d late ids are left; %v", len(r.late()), err)
	}
}
