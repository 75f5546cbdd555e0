package stock_test

import (
	"fmt"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/transforms/stock"
)

// A count of the morning arrives after the sales of the day, one of which arrives twice. The sale
// before the count no longer counts.
func ExampleRecord_Apply() {
	day := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	now := day.Add(18 * time.Hour).UnixMilli()
	limits := stock.Limits{HorizonMs: (7 * 24 * time.Hour).Milliseconds(), LowEnter: 5, LowExit: 8}

	var r stock.Record
	apply := func(t event.Type, quantity int64, hour int, id string) {
		at := day.Add(time.Duration(hour) * time.Hour).UnixMilli()
		m := stock.Move{Type: t, Quantity: quantity, TimeMs: at, ID: event.IdentityHash(id), IDText: id}
		out := r.Apply(m, now, limits)
		fmt.Println(id, "repeated:", out.Verdict == stock.Repeated, "on hand:", r.OnHand(), "known:", r.Known(),
			"low:", r.LowStock())
	}
	apply(event.Sale, 1, 6, "s-1")
	apply(event.Sale, 2, 10, "s-2")
	apply(event.Sale, 2, 10, "s-2")
	apply(event.Receipt, 3, 12, "r-1")
	apply(event.Reset, 4, 8, "count-1")
	// Output:
	// s-1 repeated: false on hand: -1 known: false low: false
	// s-2 repeated: false on hand: -3 known: false low: false
	// s-2 repeated: true on hand: -3 known: false low: false
	// r-1 repeated: false on hand: 0 known: false low: false
	// count-1 repeated: false on hand: 5 known: true low: true
}
