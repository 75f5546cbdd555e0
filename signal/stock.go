// Package signal defines what the pipeline emits: stock, velocity and badge changes, with their
// JSON and their Redis key names. It is pure and imports no other package of this module.
package signal

// LowStock is the badge of a product whose on-hand is low.
const LowStock = "LOW_STOCK"

// HighDemand is the badge of a product with many views, cart adds and sales in the last hour.
const HighDemand = "HIGH_DEMAND"

// Stock is the on-hand of a product in one store, or over all stores.
type Stock struct {
	StoreID   string // empty for the sum of the known on-hand over all stores
	ProductID string
	OnHand    int64  // units; negative if more was sold than was counted and received
	Version   int64  // a write never replaces one of a greater version; at least the wall clock in microseconds
	Known     bool   // the on-hand is based on a RESET
	Barrier   int64  // counted_at of the RESET that holds, epoch ms; 0 if there is none
	AsOf      int64  // the clock when the signal was made, epoch ms
	Badge     string // LowStock or empty
}

// Key returns the Redis key of the on-hand.
func (s Stock) Key() string { return StockKey(s.StoreID, s.ProductID) }

// MetaKey returns the Redis key of the hash with the other fields. It is in the cluster slot of
// Key.
func (s Stock) MetaKey() string { return StockMetaKey(s.StoreID, s.ProductID) }

// StockKey returns stock:{store}:{product}, or stock:global:{product} if store is empty, with ids
// encoded by AppendID.
func StockKey(store, product string) string {
	var buf [keySize]byte
	return string(appendScope(append(buf[:0], "stock:"...), store, product))
}

// StockMetaKey returns the key of the hash beside StockKey. Its literal braces put it into the same
// cluster slot.
func StockMetaKey(store, product string) string {
	var buf [keySize]byte
	b := appendScope(append(buf[:0], "{stock:"...), store, product)
	return string(append(b, "}:meta"...))
}

// keySize is the length in bytes up to which a key takes one allocation.
const keySize = 96

// globalStore replaces the store in keys of all stores. It is not a valid store id.
const globalStore = "global"
