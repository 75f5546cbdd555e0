package truth

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

func at(typ, id string, quantity, ms int64) Event {
	return Event{ID: id, Type: typ, Store: "12", Product: "555", Quantity: quantity, OccurredAt: ms}
}

func TestStock(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []Event
		want   Result
	}{
		{"sales without a count are unknown",
			[]Event{at("SALE", "a", 3, 10), at("RECEIPT", "b", 1, 11)}, Result{OnHand: -2}},
		{"a return adds", []Event{at("SALE", "a", -3, 10)}, Result{OnHand: 3}},
		{"a correction subtracts", []Event{at("RECEIPT", "a", -3, 10)}, Result{OnHand: -3}},
		{"a tie with the count applies, older does not",
			[]Event{at("SALE", "a", 1, 9), at("SALE", "b", 2, 10), at("RESET", "c", 100, 10),
				at("RECEIPT", "d", 5, 11)},
			Result{OnHand: 103, Known: true, Barrier: 10}},
		{"the latest count holds, wherever it stands",
			[]Event{at("RESET", "a", 7, 20), at("SALE", "b", 1, 15), at("RESET", "c", 100, 10)},
			Result{OnHand: 7, Known: true, Barrier: 20}},
		{"of two counts at one time the greater id holds, by bytes",
			[]Event{at("RESET", "9", 9, 20), at("RESET", "10", 10, 20)},
			Result{OnHand: 9, Known: true, Barrier: 20}},
		{"a count before 1970 counts",
			[]Event{at("RESET", "a", 7, -5), at("SALE", "b", 1, -6)}, Result{OnHand: 7, Known: true, Barrier: -5}},
		{"the first content of an identity stays",
			[]Event{at("SALE", "a", 1, 10), at("SALE", "a", 1, 10), at("SALE", "a", 50, 10)}, Result{OnHand: -1}},
		{"views do not touch stock",
			[]Event{at("SALE", "a", 1, 10), at("VIEW", "b", 9, 10), at("CART_ADD", "c", 9, 10)}, Result{OnHand: -1}},
		{"a sale of nothing makes the key", []Event{at("SALE", "a", 0, 10)}, Result{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Stock(c.events)
			if len(got) != 1 || got[Key{"12", "555"}] != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestStockOfViewsIsNoKey(t *testing.T) {
	if got := Stock([]Event{at("VIEW", "a", 1, 1)}); len(got) != 0 {
		t.Errorf("got %v, want no key", got)
	}
}

func TestStockSameIDOnAnotherKeyIsAnotherEvent(t *testing.T) {
	other := at("SALE", "a", 2, 10)
	other.Store = "13"
	got := Stock([]Event{at("SALE", "a", 1, 10), other})
	want := map[Key]Result{{"12", "555"}: {OnHand: -1}, {"13", "555"}: {OnHand: -2}}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestStockIsAFunctionOfTheSet(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var events []Event
		for i := range 1 + random.IntN(20) {
			typ := []string{"SALE", "RECEIPT", "RESET"}[random.IntN(3)]
			e := at(typ, fmt.Sprint(i), random.Int64N(10), random.Int64N(8))
			e.Store = fmt.Sprint(random.IntN(3))
			events = append(events, e)
		}
		want := Stock(events)
		shuffled := slices.Concat(events, events[:random.IntN(len(events))])
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if got := Stock(shuffled); !maps.Equal(got, want) {
			t.Fatalf("in another order and with repetitions: got %v, want %v of %v", got, want, events)
		}
	}
}

func TestGlobal(t *testing.T) {
	got := Global(map[Key]Result{
		{"1", "a"}: {OnHand: 5, Known: true},
		{"2", "a"}: {OnHand: -7, Known: true},
		{"3", "a"}: {OnHand: 1000},
		{"1", "b"}: {OnHand: 1000},
		{"1", "c"}: {Known: true},
	})
	if want := map[string]int64{"a": -2, "c": 0}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
