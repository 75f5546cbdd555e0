package page

import (
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
		wallAt := c.WallOf(changed + 1).UnixMilli()
		kept := func(typ event.Type, store string, quantity, ago, before int64) history.Entry {
			return history.Entry{Store: store, Kind: history.Kind(typ), Amount: quantity,
				At: changed - ago*minuteMs, Wall: wallAt - before}
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
		stock := history.Entry{Store: "12", Kind: history.Stock, At: changed, Amount: 4, On: true, Badge: true}
		whole, far, near := int64(0), wallAt-66*minuteMs, wallAt-64*minuteMs
		if !c.IsWall() {
			far, near = wallAt-66_001, wallAt-64_000
		}
		for want, m := range map[string]struct {
			change  signal.BadgeChange
			more    []history.Entry
			since   int64
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
			"low":           {low, []history.Entry{stock}, whole, proven},
			"low, no stock": {low, nil, whole, evidence},
			"low, left":     {low, nil, wallAt + minuteMs, unchecked},
			"low at 6": {signal.BadgeChange{Badge: signal.LowStock, On: true, At: changed, OnHand: 6, Enter: 5,
				Exit: 8}, nil, whole, threshold},
		} {
			entries := append(append([]history.Entry{}, base...), m.more...)
			mem := memory{entries, m.since, c}
			if v := mem.audit(m.change, weights); v.Result != m.results || v.Text == "" {
				t.Errorf("%s, %s: %+v, want %s", name, want, v, m.results)
			}
		}
		restored := memory{base, wallAt - 1000, c}
		if v := restored.audit(demand, weights); v.Result != unchecked {
			t.Errorf("%s: after a restore the verdict is %+v", name, v)
		}
	}
}

// TestSampled checks which points of a line are left: a few hundred, evenly, with the last.
func TestSampled(t *testing.T) {
	for _, n := range []int{0, 1, 499, 500, 501, 999, 5_000, 20_001} {
		points := make([]int, n)
		for i := range points {
			points[i] = i
		}
		got := sampled(points)
		if len(got) > maxPoints || len(got) < min(n, maxPoints/2) {
			t.Errorf("%d of %d are left", len(got), n)
		}
		for i := range got {
			if i > 0 && got[i]-got[i-1] != got[len(got)-1]-got[len(got)-2] {
				t.Fatalf("%d: not even: %v", n, got)
			}
		}
		if n > 0 && got[len(got)-1] != n-1 {
			t.Errorf("%d: the last is %d", n, got[len(got)-1])
		}
	}
}

// TestVerdictsAreKept checks that a verdict stays when the memory has lost what it rests on.
func TestVerdictsAreKept(t *testing.T) {
	h := history.New(1 << 20)
	p := &page{Source: Source{History: h, Restored: func() bool { return false }}}
	h.Stock(&signal.Stock{StoreID: "12", ProductID: "p", OnHand: 1, Known: true, AsOf: 5, Badge: signal.LowStock}, 5)
	h.Badge(signal.BadgeChange{Badge: signal.LowStock, On: true, StoreID: "12", ProductID: "p", At: 5, OnHand: 1,
		Enter: 5, Exit: 8})
	for range 2 {
		got := p.judged(h.Badges.Newest(10, func(changed) bool { return true }))
		if len(got) != 1 || got[0].Verdict.Result != proven {
			t.Errorf("judged %+v", got)
		}
		for range 1 << 15 { // until the stock signal has left
			h.Stock(&signal.Stock{StoreID: "12", ProductID: "q"}, 6)
		}
	}
	if entries, _ := h.Product("p", 10); len(entries) > 0 {
		t.Errorf("in memory is %+v", entries)
	}
}
