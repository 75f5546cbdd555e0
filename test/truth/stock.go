package truth

// Result is the truth about one product in one store.
type Result struct {
	OnHand  int64 // units
	Known   bool  // a RESET was seen
	Barrier int64 // time of the RESET that holds, epoch ms; 0 when not Known
	Events  int   // distinct SALE, RECEIPT and RESET events of the key, those before the barrier included
}

// Stock is the on-hand of every key that has at least one SALE, RECEIPT or RESET. Repeated identities count once; of
// events with the same identity and different content the first in the slice stays.
func Stock(events []Event) map[Key]Result {
	results := map[Key]Result{}
	for key, group := range distinctByKey(events) {
		if r := stockOf(group); r.Events > 0 {
			results[key] = r
		}
	}
	return results
}

func stockOf(events []Event) Result {
	var r Result
	var reset Event
	for _, e := range events {
		if e.Type != "RESET" {
			continue
		}
		r.Events++
		if !r.Known || e.OccurredAt > reset.OccurredAt || (e.OccurredAt == reset.OccurredAt && e.ID > reset.ID) {
			reset, r.Known = e, true
		}
	}
	r.OnHand, r.Barrier = reset.Quantity, reset.OccurredAt
	for _, e := range events {
		if e.Type != "SALE" && e.Type != "RECEIPT" {
			continue
		}
		r.Events++
		switch applies := !r.Known || e.OccurredAt >= reset.OccurredAt; {
		case !applies:
		case e.Type == "SALE":
			r.OnHand -= e.Quantity
		case e.Type == "RECEIPT":
			r.OnHand += e.Quantity
		}
	}
	return r
}

// Global is the sum of the known on-hand of every product over its stores. A product that no store knows is absent.
func Global(stock map[Key]Result) map[string]int64 {
	sums := map[string]int64{}
	for key, r := range stock {
		if r.Known {
			sums[key.Product] += r.OnHand
		}
	}
	return sums
}
