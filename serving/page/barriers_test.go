package page

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/history"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/test/truth"
)

const horizon = 7 * 24 * 60 * minuteMs

// wallClock is the clock of most tests.
func wallClock(wall int64) int64 { return wall }

// arrive adds an event to a memory.
func arrive(h *history.History, e truth.Event, wall int64) {
	typ, _ := event.ParseType(e.Type)
	h.Event(&event.UnifiedInventoryEvent{ID: e.ID, Type: typ, StoreID: e.Store, ProductID: e.Product,
		Quantity: e.Quantity, OccurredAt: e.OccurredAt}, wall)
}

// inStore returns what barriersOf is given for the only store of a product.
func inStore(t *testing.T, h *history.History, product string) []history.Entry {
	t.Helper()
	entries, _ := h.Product(product, maxEntries)
	return distinct(entries)
}

// TestBarriers checks what a count drops and recomputes, by hand.
func TestBarriers(t *testing.T) {
	at := func(minutes int64) int64 { return 1_700_000_000_000 + minutes*minuteMs }
	e := func(id, typ string, quantity, minutes int64) truth.Event {
		return truth.Event{ID: id, Type: typ, Store: "12", Product: "p", Quantity: quantity, OccurredAt: at(minutes)}
	}
	type arrival struct {
		truth.Event
		at int64 // minutes
	}
	for name, c := range map[string]struct {
		arrivals []arrival
		held     []barrier
		drops    []int64 // quantities
	}{
		"late count": {
			arrivals: []arrival{{e("a", "SALE", 2, 0), 0}, {e("b", "SALE", 3, 6), 6}, {e("r", "RESET", 25, 5), 10},
				{e("c", "SALE", 4, 4), 11}, {e("c", "SALE", 4, 4), 12}, {e("d", "RECEIPT", 7, 1), 13},
				{e("v", "VIEW", 1, 1), 13}},
			held: []barrier{{CountedAt: at(5), Arrived: at(10), Quantity: 25, Late: true, id: "r",
				Recomputed: moves{Sales: 1, Units: 3}}},
			drops: []int64{4, 7},
		},
		"count in time": {
			arrivals: []arrival{{e("r", "RESET", 25, 5), 6}, {e("a", "SALE", 2, 5), 6}},
			held:     []barrier{{CountedAt: at(5), Arrived: at(6), Quantity: 25, id: "r"}},
		},
		"superseded count": {
			arrivals: []arrival{{e("r2", "RESET", 9, 8), 8}, {e("r1", "RESET", 25, 5), 10}, {e("a", "SALE", 2, 6), 11}},
			held:     []barrier{{CountedAt: at(8), Arrived: at(8), Quantity: 9, id: "r2"}},
			drops:    []int64{2},
		},
		"two counts of one time": {
			arrivals: []arrival{{e("b", "RESET", 9, 8), 8}, {e("a", "RESET", 8, 8), 8}, {e("c", "RESET", 7, 8), 8}},
			held: []barrier{{CountedAt: at(8), Arrived: at(8), Quantity: 9, id: "b"},
				{CountedAt: at(8), Arrived: at(8), Quantity: 7, id: "c"}},
		},
		"count that was too old": {
			arrivals: []arrival{{e("a", "SALE", 2, 0), 0}, {e("r", "RESET", 9, -8*24*60), 1},
				{e("b", "SALE", 1, -9*24*60), 2}},
		},
	} {
		h := history.New(1 << 20)
		for _, a := range c.arrivals {
			arrive(h, a.Event, at(a.at))
		}
		held, drops := barriersOf(inStore(t, h, "p"), horizon, wallClock)
		if len(held) != len(c.held) {
			t.Errorf("%s: %d counts held, want %d", name, len(held), len(c.held))
			continue
		}
		for i := range held {
			if held[i] != c.held[i] {
				t.Errorf("%s: got  %+v\nwant %+v", name, held[i], c.held[i])
			}
		}
		var quantities []int64
		for _, d := range drops {
			quantities = append(quantities, d.Quantity)
		}
		if !slices.Equal(quantities, c.drops) {
			t.Errorf("%s: dropped %v, want %v", name, quantities, c.drops)
		}
	}
}

// TestBarrierBeforeMemory checks that a count which is not in memory, because it left or was made
// before the start, is taken from the first stock signal.
func TestBarrierBeforeMemory(t *testing.T) {
	h := history.New(1 << 20)
	arrive(h, truth.Event{ID: "a", Type: "SALE", Store: "12", Product: "p", Quantity: 2, OccurredAt: 50}, 100)
	h.Stock(&signal.Stock{StoreID: "12", ProductID: "p", OnHand: 9, Known: true, Barrier: 60, AsOf: 101}, 101)
	arrive(h, truth.Event{ID: "b", Type: "SALE", Store: "12", Product: "p", Quantity: 3, OccurredAt: 60}, 102)
	held, drops := barriersOf(inStore(t, h, "p"), horizon, wallClock)
	if len(held) != 0 || len(drops) != 1 || drops[0].CountedAt != 60 || drops[0].Quantity != 2 {
		t.Errorf("held %+v, dropped %+v", held, drops)
	}
}

// TestBarriersAgainstTruth compares random histories with the model: a sale or receipt is dropped
// exactly if the on-hand of all that has arrived is the same with and without it, and a count that
// holds makes the on-hand its quantity and what is recomputed.
func TestBarriersAgainstTruth(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		h := history.New(1 << 20)
		var arrived []truth.Event
		var drops []dropped
		var sums []int64 // for each count that holds, the on-hand when it arrived
		before := truth.Result{}
		for i := range 60 {
			e := truth.Event{ID: fmt.Sprint(random.IntN(80)), Store: "12", Product: "p", Quantity: 1 + random.Int64N(9),
				Type:       []string{"SALE", "SALE", "RECEIPT", "RESET", "VIEW"}[random.IntN(5)],
				OccurredAt: 1000 + random.Int64N(40)}
			repeated := slices.ContainsFunc(arrived, func(x truth.Event) bool { return x.ID == e.ID })
			arrived = append(arrived, e)
			arrive(h, e, int64(i))
			now := truth.Stock(arrived)[truth.Key{Store: "12", Product: "p"}]
			moved := e.Type == "SALE" || e.Type == "RECEIPT"
			switch {
			case repeated:
			case moved && now.OnHand == before.OnHand:
				drops = append(drops, dropped{e.OccurredAt, int64(i), e.Type, e.Quantity, now.Barrier})
			case e.Type == "RESET" && now != before:
				sums = append(sums, now.OnHand)
			}
			before = now
		}
		held, got := barriersOf(inStore(t, h, "p"), horizon, wallClock)
		if !slices.Equal(got, drops) {
			t.Fatalf("seed %d: dropped %+v\nthe model drops %+v", seed, got, drops)
		}
		var heldSums []int64
		for _, b := range held {
			heldSums = append(heldSums, b.Quantity+b.Recomputed.Received-b.Recomputed.Units)
		}
		// A count of the time of another one may hold without changing the on-hand.
		if !isSubsequence(sums, heldSums) {
			t.Fatalf("seed %d: the on-hand after the counts is %v, want %v", seed, heldSums, sums)
		}
	}
}

// isSubsequence reports whether all holds the values of part in their order.
func isSubsequence(part, all []int64) bool {
	for _, x := range all {
		if len(part) > 0 && part[0] == x {
			part = part[1:]
		}
	}
	return len(part) == 0
}
