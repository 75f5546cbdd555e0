package stock

import (
	"testing"

	"github.com/beamlytics/streamlytics/internal/oracle"
)

func TestRecomputed(t *testing.T) {
	tests := []struct {
		name   string
		before []oracle.Event
		reset  oracle.Event
		want   bool
		onHand int64
	}{
		{"the first event", nil, reset("r", 9, t0), false, 9},
		{"newer than all", []oracle.Event{sale("a", 2, t0-1)}, reset("r", 9, t0), false, 9},
		{"with a sale at its time", []oracle.Event{sale("a", 2, t0)}, reset("r", 9, t0), true, 7},
		{"with a receipt after it", []oracle.Event{receipt("a", 2, t0+1), sale("b", 100, t0-1)}, reset("r", 9, t0), true, 11},
		{"superseded", []oracle.Event{reset("a", 4, t0+1), sale("b", 1, t0+2)}, reset("r", 9, t0), false, 3},
		{"superseded at its time by the id", []oracle.Event{reset("s", 4, t0)}, reset("r", 9, t0), false, 4},
		{"ids are compared by bytes", []oracle.Event{reset("r10", 4, t0)}, reset("r9", 9, t0), true, 9},
		{"a longer id is greater", []oracle.Event{reset("r", 4, t0)}, reset("r0", 9, t0), true, 9},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r Record
			for _, e := range tt.before {
				apply(t, &r, moveOf(e), farNow, testLimits, Accepted)
			}
			if out := apply(t, &r, moveOf(tt.reset), farNow, testLimits, Accepted); out.Recomputed != tt.want {
				t.Errorf("recomputed: %t, want %t", out.Recomputed, tt.want)
			}
			if r.OnHand() != tt.onHand || !r.Known() {
				t.Errorf("on-hand %d, known %t; want %d", r.OnHand(), r.Known(), tt.onHand)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	var r Record
	for _, tt := range []struct{ atLeast, want int64 }{{0, 1}, {0, 2}, {1000, 1000}, {1000, 1001}, {5, 1002}} {
		if r.Bump(tt.atLeast); r.Version() != tt.want {
			t.Errorf("version %d after Bump(%d), want %d", r.Version(), tt.atLeast, tt.want)
		}
	}
}

// TestAdjustedReset: a count whose time was replaced by its publish time is recognised when it is published
// again, at another time.
func TestAdjustedReset(t *testing.T) {
	var r Record
	first := moveOf(reset("c", 20, t0))
	first.Adjusted = true
	apply(t, &r, first, farNow, testLimits, Accepted)
	apply(t, &r, moveOf(sale("s", 1, t0+1)), farNow, testLimits, Accepted)
	again := moveOf(reset("c", 20, t0+100))
	again.Adjusted = true
	apply(t, &r, again, farNow, testLimits, Repeated)
	apply(t, &r, moveOf(reset("c", 20, t0+100)), farNow, testLimits, Repeated)
	apply(t, &r, moveOf(reset("c", 21, t0)), farNow, testLimits, Reused)
	if err := wantSound(&r); err != nil || r.OnHand() != 19 || r.BarrierMs() != t0 {
		t.Errorf("on-hand %d behind %d, %v; want 19 behind %d", r.OnHand(), r.BarrierMs(), err, t0)
	}
}
