package stock

import (
	"fmt"
	"testing"

	"github.com/beamlytics/streamlytics/test/truth"
)

func TestRecomputed(t *testing.T) {
	tests := []struct {
		name   string
		before []truth.Event
		reset  truth.Event
		want   bool
		onHand int64
	}{
		{"the first event", nil, reset("r", 9, t0), false, 9},
		{"newer than all", []truth.Event{sale("a", 2, t0-1)}, reset("r", 9, t0), false, 9},
		{"with a sale at its time", []truth.Event{sale("a", 2, t0)}, reset("r", 9, t0), true, 7},
		{"with a receipt after it", []truth.Event{receipt("a", 2, t0+1), sale("b", 100, t0-1)}, reset("r", 9, t0), true,
			11},
		{"superseded", []truth.Event{reset("a", 4, t0+1), sale("b", 1, t0+2)}, reset("r", 9, t0), false, 3},
		{"superseded at its time by the id", []truth.Event{reset("s", 4, t0)}, reset("r", 9, t0), false, 4},
		{"ids are compared by bytes", []truth.Event{reset("r10", 4, t0)}, reset("r9", 9, t0), true, 9},
		{"a longer id is greater", []truth.Event{reset("r", 4, t0)}, reset("r0", 9, t0), true, 9},
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

// TestAdjustedReset checks that a RESET whose time was replaced is recognized when it is published
// again, with another time or its own, and after its id was folded.
func TestAdjustedReset(t *testing.T) {
	const later = 5 * 60 * 1000 // the greatest distance that is adjusted
	h := testLimits.HorizonMs
	for _, tt := range []struct {
		name        string
		first, then Move
		known       Verdict // verdict while its id is in the ledger
		folded      Verdict // verdict after its id was folded
	}{
		{"published again, still ahead", adjusted(reset("c", 20, t0)), adjusted(reset("c", 20, t0+100)), Repeated,
			Repeated},
		{"published again, not ahead any more", adjusted(reset("c", 20, t0)), moveOf(reset("c", 20, t0+later)),
			Repeated, Repeated},
		{"an earlier publication, late", adjusted(reset("c", 20, t0)), adjusted(reset("c", 20, t0-100)), Repeated,
			Repeated},
		{"an earlier publication of one that was not ahead", moveOf(reset("c", 20, t0)),
			adjusted(reset("c", 20, t0-later)), Repeated, Repeated},
		{"another quantity", adjusted(reset("c", 20, t0)), adjusted(reset("c", 21, t0+100)), Reused, Reused},
		{"another quantity, not ahead", adjusted(reset("c", 20, t0)), moveOf(reset("c", 21, t0)), Reused, Reused},
		{"another time, none of them ahead", moveOf(reset("c", 20, t0)), moveOf(reset("c", 20, t0-100)), Reused,
			Accepted},
		{"another type", adjusted(reset("c", 20, t0)), moveOf(receipt("c", 20, t0)), Reused, TooLate},
	} {
		for _, fold := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, folded %v", tt.name, fold), func(t *testing.T) {
				var r Record
				apply(t, &r, tt.first, farNow, strictLimits, Accepted)
				want, newest := tt.known, t0+1
				if fold {
					want, newest = tt.folded, t0+later+2*h
				}
				apply(t, &r, moveOf(sale("s", 1, newest)), farNow, strictLimits, Accepted)
				again, err := recode(&r)
				if err != nil {
					t.Fatal(err)
				}
				apply(t, again, tt.then, farNow, strictLimits, want)
				if again.OnHand() != 19 || again.BarrierMs() != t0 {
					t.Errorf("on-hand %d behind %d, want 19 behind %d", again.OnHand(), again.BarrierMs()-t0, 0)
				}
			})
		}
	}
}
