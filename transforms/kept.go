package transforms

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/beamlytics/streamlytics/transforms/velocity"
)

// What the product stage keeps over a restart, by field. It computes everything else again from the
// output of the inventory stage.
const (
	velocityPrefix = "v:" // pair name; the store is empty over all stores
	stockPrefix    = "s:" // product
)

func velocityField(store, product string) string {
	return string(appendPairName([]byte(velocityPrefix), store, product))
}

func stockField(product string) string { return stockPrefix + product }

// lowValue is what is kept of LOW_STOCK over all stores; off is nothing.
func lowValue(low bool) string {
	if low {
		return "LOW_STOCK"
	}
	return ""
}

// appendKept makes a log record of what was kept.
func appendKept(kept map[string]string) []byte {
	b := []byte{recordKept}
	for _, field := range slices.Sorted(maps.Keys(kept)) {
		b = appendBytes(b, field)
		b = appendBytes(b, kept[field])
	}
	return b
}

// restoreKept makes the series and badges that what was kept speaks of. They count as dirty: a series of which no event is left
// must be found gone.
func (g *productImage) restoreKept(r *reader) error {
	for len(r.b) > 0 && r.err == nil {
		field, value := string(r.bytes()), string(r.bytes())
		if r.err != nil {
			break
		}
		if id, ok := strings.CutPrefix(field, stockPrefix); ok {
			g.product([]byte(id)).stock.Low = value == lowValue(true)
			continue
		}
		key, ok := strings.CutPrefix(field, velocityPrefix)
		store, id, found := cutPairName(key)
		if !ok || !found {
			return fmt.Errorf("kept field %q is unknown", field)
		}
		sticky, err := velocity.ParseSticky(value)
		if err != nil {
			return fmt.Errorf("kept field %q: %w", field, err)
		}
		p := g.product([]byte(id))
		s := &p.global
		if store != "" {
			s = g.store(p, []byte(store))
		}
		s.Series, s.isDirty = velocity.Resume(sticky), true
		g.dirty = append(g.dirty, s)
	}
	return r.err
}
