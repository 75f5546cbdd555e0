package stock

import "testing"

func TestNextLow(t *testing.T) {
	l := Limits{LowEnter: 5, LowExit: 8}
	for _, tt := range []struct {
		on, known bool
		onHand    int64
		want      bool
	}{
		{false, true, -1, true},
		{false, true, 5, true},
		{false, true, 6, false},
		{false, true, 8, false},
		{true, true, 5, true},
		{true, true, 8, true},
		{true, true, 9, false},
		{false, false, 0, false},
		{true, false, 0, false},
	} {
		if got := NextLow(tt.on, tt.known, tt.onHand, l); got != tt.want {
			t.Errorf("on %t, known %t, on-hand %d: %t, want %t", tt.on, tt.known, tt.onHand, got, tt.want)
		}
	}
}

func TestLowStockOfARecord(t *testing.T) {
	var r Record
	for i, step := range []struct {
		move  Move
		on    bool
		badge bool
	}{
		{moveOf(sale("a", 3, t0)), false, false},       // -3, not known
		{moveOf(reset("b", 9, t0+1)), false, false},    // 9
		{moveOf(sale("c", 3, t0+2)), false, false},     // 6
		{moveOf(sale("d", 1, t0+3)), true, true},       // 5
		{moveOf(receipt("e", 3, t0+4)), true, false},   // 8
		{moveOf(receipt("f", 1, t0+5)), false, true},   // 9
		{moveOf(sale("g", 1, t0+6)), false, false},     // 8
		{moveOf(reset("h", 0, t0+7)), true, true},      // 0
		{moveOf(sale("i", 4, t0+8)), true, false},      // -4
		{moveOf(sale("i", 4, t0+8)), true, false},      // again
		{moveOf(reset("j", 100, t0+8)), false, true},   // 96
		{moveOf(sale("k", 1000, t0)), false, false},    // dropped
		{moveOf(view("l", 1, t0+9)), false, false},     // no effect
		{moveOf(sale("m", 96, t0+8)), true, true},      // 0
		{moveOf(reset("n", 100, t0+20)), false, true},  // 100
		{moveOf(reset("o", 1, t0+19)), false, false},   // superseded
		{moveOf(receipt("p", -95, t0+21)), true, true}, // a correction to 5
	} {
		out := r.Apply(step.move, farNow, testLimits)
		if r.LowStock() != step.on || out.Badge != step.badge {
			t.Errorf("step %d: on-hand %d, badge %t, changed %t; want %t, %t", i, r.OnHand(), r.LowStock(), out.Badge,
				step.on, step.badge)
		}
		again, err := recode(&r)
		if err != nil {
			t.Fatal(err)
		}
		r = *again
	}
}

func TestGlobal(t *testing.T) {
	l := Limits{LowEnter: 5, LowExit: 8}
	var g Global
	for i, step := range []struct {
		onHand, stores int64
		want           Global
		badge          bool
	}{
		{3, 1, Global{OnHand: 3, Stores: 1, Low: true}, true},
		{5, 1, Global{OnHand: 8, Stores: 2, Low: true}, false},
		{1, 0, Global{OnHand: 9, Stores: 2}, true},
		{-1, 0, Global{OnHand: 8, Stores: 2}, false},
		{-20, 1, Global{OnHand: -12, Stores: 3, Low: true}, true},
	} {
		if badge := g.Apply(step.onHand, step.stores, l); g != step.want || badge != step.badge {
			t.Errorf("step %d: %+v, changed %t; want %+v, %t", i, g, badge, step.want, step.badge)
		}
	}
	var none Global
	if none.Apply(0, 0, l); none.Low {
		t.Error("LOW_STOCK of a product that is known in no store")
	}
	for _, tt := range []struct{ atLeast, want int64 }{{7, 7}, {7, 8}, {0, 9}} {
		if g.Bump(tt.atLeast); g.Version != tt.want {
			t.Errorf("version %d after Bump(%d), want %d", g.Version, tt.atLeast, tt.want)
		}
	}
}
