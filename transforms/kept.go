package transforms

import (
	"fmt"
	"strings"

	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/transforms/velocity"
)

// The fields that the mirror keeps of a product group, by prefix: what depends on the past and
// cannot be computed from the stock state.
const (
	velocityPrefix = "v:" // pair name, with an empty store for the global series: velocity.Decisions
	stockPrefix    = "s:" // product: the LOW_STOCK badge over all stores, or empty
)

func velocityField(store, product string) string {
	return string(appendPairName([]byte(velocityPrefix), store, product))
}

func stockField(product string) string { return stockPrefix + product }

func lowValue(low bool) string {
	if low {
		return signal.LowStock
	}
	return ""
}

// resume sets what the mirror kept. A series is dirty afterwards, so that one without events is
// deleted.
func (g *productImage) resume(kept map[string]string) error {
	for field, value := range kept {
		if id, ok := strings.CutPrefix(field, stockPrefix); ok {
			g.product([]byte(id)).stock.Low = value == lowValue(true)
			continue
		}
		name, ok := strings.CutPrefix(field, velocityPrefix)
		store, id, found := cutPairName(name)
		if !ok || !found {
			return fmt.Errorf("field %q is not known", field)
		}
		sticky, err := velocity.ParseDecisions(value)
		if err != nil {
			return fmt.Errorf("field %q: %w", field, err)
		}
		s := g.store(g.product([]byte(id)), []byte(store))
		s.Series = velocity.Resume(sticky)
		g.markDirty(s)
	}
	return nil
}
