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

// numberItems sets the ids of all events of a message with items: the message's id and #k.
func (d *Decoder) numberItems() {
	d.order = d.order[:0]
	for i := range d.out.Events {
		d.order = append(d.order, i)
	}
	d.number()
}

// number adds #k to the ids of the events with the indexes in d.order, which have the id of the
// message. k is the index of the event among those of the same product, and store, ordered by
// quantity, then price. So the ids depend neither on the order of the items, nor on items of other
// products, nor on refused items. Items of one quantity and price are interchangeable, except those
// of a map, which may differ in type and time.
func (d *Decoder) number() {
	events := d.out.Events
	byContent := func(i, j int) int { return compareItems(&events[i], &events[j]) }
	if !slices.IsSortedFunc(d.order, byContent) {
		slices.SortStableFunc(d.order, byContent)
	}
	var first [2]string // the ids with k = 0, shared because most events are the only one of their product
	var previous *UnifiedInventoryEvent
	k := 0
	for _, i := range d.order {
		e := &events[i]
		if previous != nil && previous.ProductID == e.ProductID && previous.StoreID == e.StoreID {
			k++
		} else {
			k = 0
		}
		previous = e
		suffix, cached := "", &first[0]
		if d.isNaturalReturn(e) {
			suffix, cached = returnSuffix, &first[1]
		}
		switch {
		case k > 0:
			e.ID = d.itemID(e.ID, suffix, k)
		case *cached == "":
			*cached = d.itemID(e.ID, suffix, k)
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
	if c := strings.Compare(a.StoreID, b.StoreID); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Quantity, b.Quantity); c != 0 {
		return c
	}
	if c := comparePrices(a.Price, b.Price); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.OccurredAt, b.OccurredAt))
}

// comparePrices compares two prices by value. An absent price is less than any other.
func comparePrices(a, b string) int {
	if a == b || a == "" || b == "" {
		return strings.Compare(a, b)
	}
	return parseDecimal([]byte(a)).compare(parseDecimal([]byte(b)))
}
