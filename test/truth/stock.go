package truth

// Result is the stock of one product in one store.
type Result struct {
	OnHand  int64 // units
	Known   bool  // there is a RESET
	Barrier int64 // time of the RESET that holds, epoch ms; 0 if not Known
}

// Stock returns the on-hand of every key that has at least one SALE, RECEIPT or RESET. Repeated
// identities count once: of events with the same identity and different content the first in the
// slice stays.
func Stock(events []Event) map[Key]Result {
	results := map[Key]Result{}
	for key, group := range distinctByKey(events) {
		if r, ok := stockOf(group); ok {
			results[key] = r
		}
	}
	return results
}

func stockOf(events []Event) (r Result, ok bool) {
	var reset Event
	for _, e := range events {
		later := e.OccurredAt > reset.OccurredAt || e.OccurredAt == reset.OccurredAt && e.ID > reset.ID
		if e.Type == "RESET" && (!r.Known || later) {
			reset, r.Known = e, true
		}
	}
	r.OnHand, r.Barrier, ok = reset.Quantity, reset.OccurredAt, r.Known
	for _, e := range events {
		if e.Type != "SALE" && e.Type != "RECEIPT" {
			continue
		}
		ok = true
		switch applies := !r.Known || e.OccurredAt >= reset.OccurredAt; {
		case !applies:
		case e.Type == "SALE":
			r.OnHand -= e.Quantity
		case e.Type == "RECEIPT":
			r.OnHand += e.Quantity
		}
	}
	return r, ok
}

// Global returns the sum of the known on-hand of every product over its stores. A product that is
// known in no store is absent.
func Global(stock map[Key]Result) map[string]int64 {
	sums := map[string]int64{}
	for key, r := range stock {
		if r.Known {
			sums[key.Product] += r.OnHand
		}
	}
	return sums
}

// LowStock holds the thresholds of the badge LOW_STOCK. The zero value derives no badge.
type LowStock struct{ Enter, Exit int64 }

// Badge returns the badge that a stock must have. It is not certain between the thresholds, where
// the badge stays as it was.
func (l LowStock) Badge(r Result) (badge string, certain bool) {
	switch {
	case l == LowStock{}:
		return "", false
	case r.Known && r.OnHand <= l.Enter:
		return "LOW_STOCK", true
	default:
		return "", !r.Known || r.OnHand > l.Exit
	}
}
