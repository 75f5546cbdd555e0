package truth

import (
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"
)

// TestLedgerIsTheModel adds events in any order, some of them repeated and some under the identity
// of another event, and compares the ledger with the model after each part.
func TestLedgerIsTheModel(t *testing.T) {
	const noon = 1_800_000_000_000
	event := rapid.Custom(func(t *rapid.T) Event {
		return Event{
			ID:         rapid.SampledFrom([]string{"", "a", "b", "c", "d", "e", "f", "g", "h"}).Draw(t, "id"),
			Type:       rapid.SampledFrom([]string{"SALE", "RECEIPT", "RESET", "VIEW", "CART_ADD"}).Draw(t, "type"),
			Store:      rapid.SampledFrom([]string{"1", "2"}).Draw(t, "store"),
			Product:    rapid.SampledFrom([]string{"x", "y"}).Draw(t, "product"),
			Quantity:   rapid.Int64Range(-3, 9).Draw(t, "quantity"),
			OccurredAt: noon + rapid.OneOf(rapid.Int64Range(-3, 3), rapid.Int64Range(-27*hour, hour)).Draw(t, "at"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		l := NewLedger()
		var all []Event
		for range rapid.IntRange(1, 4).Draw(t, "parts") {
			// More than the length at which demand is pruned for the first time.
			part := rapid.SliceOfN(event, 0, 150).Draw(t, "part")
			l.Add(part...)
			all = append(all, part...)
			if got, want := l.Stock(), Stock(all); !maps.Equal(got, want) {
				t.Fatalf("stock %v, that of the model %v", got, want)
			}
			now := noon + rapid.Int64Range(0, 26*hour).Draw(t, "now")
			want := Velocity(all, now)
			for _, store := range []string{"", "1", "2"} {
				for _, product := range []string{"x", "y"} {
					key := Key{store, product}
					got, may := l.Velocity(key, now)
					if c, ok := want[key]; got != c || may != ok {
						t.Fatalf("%v %d ms after noon: got %+v, %t; want %+v, %t", key, now-noon, got, may, c, ok)
					}
				}
			}
		}
	})
}

// TestLedgerForgets checks what is kept of a key over eleven days: the deltas since the barrier,
// and a day of demand.
func TestLedgerForgets(t *testing.T) {
	l := NewLedger()
	for i := range int64(200_000) {
		e := Event{Type: "SALE", Store: "1", Product: "x", Quantity: 1, OccurredAt: 1_800_000_000_000 + 5000*i}
		if i%1000 == 0 {
			e.ID, e.Type = fmt.Sprint(i), "RESET"
		}
		l.Add(e)
	}
	if a := l.keys[Key{"1", "x"}]; len(a.deltas) > 1000 || len(a.demand) > 40_000 || len(a.ids) > 200 {
		t.Errorf("%d deltas, %d of demand and %d ids are kept", len(a.deltas), len(a.demand), len(a.ids))
	}
}
