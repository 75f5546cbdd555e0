package page

import (
	"fmt"
	"testing"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/history"
	"github.com/beamlytics/streamlytics/signal"
)

// TestAudit judges a change by hand-made events, with the wall clock and with one that is fast.
func TestAudit(t *testing.T) {
	const changed = 1_700_000_000_000 / minuteMs * minuteMs // time of the clock
	weights := Weights{Views: 1, CartAdds: 5, Units: 10}
	fast := clock.Clock{OriginMs: changed - 3_600_000, StartMs: 5_000_000, Speed: 60}
	for name, c := range map[string]clock.Clock{"wall clock": {}, "60 times as fast": fast} {
		wallAt := lastWallOf(c, changed)
		if c.AtWall(timeOf(wallAt)) > changed || c.AtWall(timeOf(wallAt+1)) <= changed {
			t.Fatalf("%s: the clock shows %d at %d", name, c.AtWall(timeOf(wallAt)), wallAt)
		}
		kept := func(typ event.Type, store string, quantity, ago, before int64) history.Entry {
			return history.Entry{Kind: history.Kind(typ), Store: store, Amount: quantity, At: changed - ago*minuteMs,
				Wall: wallAt - before}
		}
		base := []history.Entry{
			kept(event.View, "12", 20, 60, 60_000), // in the minute that is just in
			kept(event.View, "12", 9, 61, 60_000),
			kept(event.CartAdd, "12", 2, 1, 5_000), // settled
			kept(event.Sale, "12", 7, 1, 30_000),
			kept(event.Receipt, "12", 7, 1, 30_000),
			kept(event.Sale, "34", 5, 1, 30_000),
			kept(event.Sale, "12", 3, 1, -1), // arrived after the change
		}
		demand := signal.BadgeChange{Badge: signal.HighDemand, On: true, StoreID: "12", At: changed, Score: 100,
			Views: 20, CartAdds: 2, Units: 7, Enter: 100, Exit: 50}
		change := func(f func(c *signal.BadgeChange)) signal.BadgeChange {
			b := demand
			f(&b)
			return b
		}
		low := signal.BadgeChange{Badge: signal.LowStock, On: true, StoreID: "12", At: changed, OnHand: 4,
			Enter: 5, Exit: 8}
		stock := history.Entry{Kind: history.Stock, Store: "12", At: changed, Amount: 4, Known: true, Badge: true}
		whole := history.Reach{Wall: wallAt - 1000, All: true}
		far := history.Reach{Wall: wallAt - 66*minuteMs}
		near := history.Reach{Wall: wallAt - 64*minuteMs}
		if !c.IsWall() {
			far.Wall, near.Wall = wallAt-66_001, wallAt-64_000
		}
		for want, m := range map[string]struct {
			change  signal.BadgeChange
			more    []history.Entry
			reach   history.Reach
			results string
		}{
			"exact":                {demand, nil, whole, proven},
			"exact, memory begins": {demand, nil, far, proven},
			"memory is too short":  {demand, nil, near, unchecked},
			"in flight":            {demand, []history.Entry{kept(event.Sale, "12", 3, 1, 4_999)}, whole, inFlight},
			"return in flight": {change(func(c *signal.BadgeChange) { c.Units, c.Views = 6, 30; c.Score = 100 }),
				[]history.Entry{kept(event.Sale, "12", -1, 1, 100), kept(event.View, "12", 10, 1, 20_000)}, whole,
				inFlight},
			"one view too many": {change(func(c *signal.BadgeChange) { c.Views++; c.Score++ }), nil, whole, evidence},
			"one unit too few": {change(func(c *signal.BadgeChange) { c.Units--; c.Views += 10 }),
				[]history.Entry{kept(event.View, "12", 10, 1, 20_000)}, whole, evidence},
			"all stores": {change(func(c *signal.BadgeChange) { c.StoreID, c.Units, c.Score = "", 12, 150 }), nil,
				whole, proven},
			"sum": {change(func(c *signal.BadgeChange) { c.Score++ }), nil, whole, score},
			"below enter": {change(func(c *signal.BadgeChange) { c.Enter, c.Exit = 102, 51 }), nil, whole,
				threshold},
			"off too early": {change(func(c *signal.BadgeChange) { c.On = false }), nil, whole, threshold},
			"half of enter": {change(func(c *signal.BadgeChange) { c.Exit = 51 }), nil, whole, threshold},
			"low":           {low, []history.Entry{stock}, whole, proven},
			"low, no stock": {low, nil, whole, evidence},
			"low, left":     {low, nil, history.Reach{Wall: wallAt + minuteMs}, unchecked},
			"low at 6": {signal.BadgeChange{Badge: signal.LowStock, On: true, At: changed, OnHand: 6, Enter: 5,
				Exit: 8}, nil, whole, threshold},
		} {
			entries := append(append([]history.Entry{}, base...), m.more...)
			mem := memory{entries: entries, reach: m.reach, clock: c, whole: true}
			if v := mem.audit(m.change, weights); v.Result != m.results || v.Text == "" {
				t.Errorf("%s, %s: %+v, want %s", name, want, v, m.results)
			}
		}
		restored := memory{entries: base, reach: whole, clock: c}
		if v := restored.audit(demand, weights); v.Result != unchecked {
			t.Errorf("%s: after a restore the verdict is %+v", name, v)
		}
	}
}

// TestThin checks what is left of random walks.
func TestThin(t *testing.T) {
	for _, n := range []int{0, 1, 499, 500, 501, 5_000, 100_000} {
		values, marks := make([]int64, n), make([]bool, n)
		for i := range values {
			values[i] = int64(i * 7919 % 10_007)
			marks[i] = i%(n/100+1) == 3
		}
		kept := thin(n, func(i int) int64 { return values[i] }, func(i int) bool { return marks[i] })
		if len(kept) > 500 || len(kept) < min(n, 250) {
			t.Errorf("%d of %d are kept", len(kept), n)
		}
		places := map[int]bool{}
		least, greatest := int64(1<<60), int64(-1)
		for i, place := range kept {
			if i > 0 && place <= kept[i-1] {
				t.Fatalf("the places are not in order: %v", kept)
			}
			places[place] = true
			least, greatest = min(least, values[place]), max(greatest, values[place])
		}
		for i, v := range values {
			if v < least || v > greatest {
				t.Fatalf("%d: the extreme %d is lost", n, v)
			}
			if (marks[i] || i == 0 || i == n-1) && !places[i] {
				t.Fatalf("%d: place %d is lost", n, i)
			}
		}
	}
	all := func(int) bool { return true }
	kept := thin(10_000, func(i int) int64 { return int64(i) }, all)
	if len(kept) > 500 || kept[len(kept)-1] != 9_999 {
		t.Errorf("%d are kept of 10,000 that are all marked", len(kept))
	}
}

// TestVerdictsAreKept checks that a verdict stays when the memory has lost what it rests on, and
// that the number of verdicts is bounded.
func TestVerdictsAreKept(t *testing.T) {
	p := &page{}
	for n := range uint64(3 * maxVerdicts) {
		p.keep(n, Verdict{Result: fmt.Sprint(n)})
	}
	if len(p.verdicts) > maxVerdicts || p.verdicts[3*maxVerdicts-1].Result == "" {
		t.Errorf("%d verdicts are kept", len(p.verdicts))
	}
}
