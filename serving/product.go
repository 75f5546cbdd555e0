package serving

import (
	"encoding/json"
	"fmt"

	"github.com/beamlytics/streamlytics/signal"
)

// Product is what Redis holds about a product in one store, or over all stores.
type Product struct {
	StoreID   string // empty for all stores
	ProductID string
	Stock     *signal.Stock    // nil: there is no stock key
	Velocity  *signal.Velocity // nil: there is no velocity key, or it is older than its window

	oldHour bool // Velocity is older than an hour, on whose numbers HIGH_DEMAND rests
}

// Badges returns the badges of the product, without those whose numbers are gone: HIGH_DEMAND of a
// velocity that is absent or was read when it was older than an hour, and LOW_STOCK of an on-hand
// that is absent or not known. The result is not nil.
func (p Product) Badges() []string {
	badges := []string{}
	if p.Velocity != nil && p.Velocity.HighDemand && !p.oldHour {
		badges = append(badges, signal.HighDemand)
	}
	if p.Stock != nil && p.Stock.Known && p.Stock.Badge != "" {
		badges = append(badges, p.Stock.Badge)
	}
	return badges
}

// Empty reports whether there is no signal.
func (p Product) Empty() bool { return p.Stock == nil && p.Velocity == nil }

// Version returns a text that changes whenever a signal or a badge of the product changes: version
// of the stock and as_of of the velocity, or 0 for what is absent. A HIGH_DEMAND that has grown old
// adds a mark.
func (p Product) Version() string {
	var stock, velocity int64
	mark := ""
	if p.Stock != nil {
		stock = p.Stock.Version
	}
	if p.Velocity != nil {
		velocity = p.Velocity.AsOf
		if p.Velocity.HighDemand && p.oldHour {
			mark = "-old"
		}
	}
	return fmt.Sprintf("%d-%d%s", stock, velocity, mark)
}

// stockJSON is the stock in the JSON of a Product.
type stockJSON struct {
	OnHand  int64   `json:"on_hand"`
	Known   bool    `json:"known"`
	Barrier *int64  `json:"barrier"`
	AsOf    int64   `json:"as_of"`
	Version int64   `json:"version"`
	Badge   *string `json:"badge"`
}

// MarshalJSON implements json.Marshaler. velocity is the value of the Redis key.
func (p Product) MarshalJSON() ([]byte, error) {
	out := struct {
		StoreID   string          `json:"store_id,omitempty"`
		ProductID string          `json:"product_id"`
		Stock     *stockJSON      `json:"stock"`
		Velocity  json.RawMessage `json:"velocity"`
		Badges    []string        `json:"badges"`
	}{StoreID: p.StoreID, ProductID: p.ProductID, Badges: p.Badges()}
	if s := p.Stock; s != nil {
		out.Stock = &stockJSON{s.OnHand, s.Known, orNull(s.Barrier), s.AsOf, s.Version, orNull(s.Badge)}
	}
	if p.Velocity != nil {
		out.Velocity = p.Velocity.AppendJSON(nil)
	}
	return json.Marshal(out)
}

// orNull returns nil, which is null in JSON, for the zero value.
func orNull[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}
