package event

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// returnSuffix distinguishes the natural key of a return from that of the sale.
const returnSuffix = ":return"

// isNaturalReturn reports whether e is a return identified by the natural key.
func (d *Decoder) isNaturalReturn(e *UnifiedInventoryEvent) bool {
	return d.natural && e.Type == Sale && (d.returned || e.Quantity < 0)
}

// numberItems sets the ids of the events of a message with items: the message's id and #k, where k
// is the index of the event among those of the same product, ordered by quantity, then price. So
// the ids depend neither on the order of the items, nor on items of other products, nor on refused
// items. Events of equal quantity and price are interchangeable.
func (d *Decoder) numberItems(events []UnifiedInventoryEvent, messageID string) {
	d.order = d.order[:0]
	for i := range events {
		d.order = append(d.order, i)
	}
	byContent := func(i, j int) int { return compareItems(&events[i], &events[j]) }
	if !slices.IsSortedFunc(d.order, byContent) {
		slices.SortFunc(d.order, byContent)
	}
	var first [2]string // the ids with k = 0, shared because most events are the only one of their product
	k := 0
	for n, i := range d.order {
		e := &events[i]
		if n > 0 && events[d.order[n-1]].ProductID == e.ProductID {
			k++
		} else {
			k = 0
		}
		suffix, cached := "", &first[0]
		if d.isNaturalReturn(e) {
			suffix, cached = returnSuffix, &first[1]
		}
		switch {
		case k > 0:
			e.ID = d.itemID(messageID, suffix, k)
		case *cached == "":
			*cached = d.itemID(messageID, suffix, k)
			fallthrough
		default:
			e.ID = *cached
		}
	}
	if cap(d.order) > maxKeptItems {
		d.order = nil
	}
}

func (d *Decoder) itemID(messageID, suffix string, k int) string {
	d.scratch = append(append(append(d.scratch[:0], messageID...), suffix...), '#')
	d.scratch = strconv.AppendInt(d.scratch, int64(k), 10)
	return string(d.scratch)
}

func compareItems(a, b *UnifiedInventoryEvent) int {
	if c := strings.Compare(a.ProductID, b.ProductID); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Quantity, b.Quantity); c != 0 {
		return c
	}
	return comparePrices(a.Price, b.Price)
}

// comparePrices compares two prices by value. An absent price is less than any other.
func comparePrices(a, b string) int {
	if a == b || a == "" || b == "" {
		return strings.Compare(a, b)
	}
	return parseDecimal([]byte(a)).compare(parseDecimal([]byte(b)))
}
