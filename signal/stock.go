// Package signal holds what the pipeline says to the world: stock, velocity and badges, their JSON and their Redis keys.
package signal

// LowStock is the badge of a product that is about to run out.
const LowStock = "LOW_STOCK"

// HighDemand is the badge of a product that is looked at, put into carts and sold unusually often.
const HighDemand = "HIGH_DEMAND"

// Stock is the on-hand of a product in one store, or over all stores.
type Stock struct {
	StoreID   string // empty: the sum of the known on-hand over all stores
	ProductID string
	OnHand    int64  // units; negative when more was sold than was there
	Version   int64  // a write with an older version never replaces a newer one; wall-clock microseconds at least
	Known     bool   // a physical count has been seen
	Barrier   int64  // counted_at of the count that holds, epoch ms; 0 when there is none
	AsOf      int64  // the clock when the signal was made, epoch ms
	Badge     string // LowStock or empty
}

// Key is the Redis key of the on-hand itself.
func (s Stock) Key() string { return StockKey(s.StoreID, s.ProductID) }

// MetaKey is the Redis key of the hash beside it, in the same cluster slot.
func (s Stock) MetaKey() string { return StockMetaKey(s.StoreID, s.ProductID) }

// StockKey is stock:{store}:{product}, or stock:global:{product} for an empty store, with percent-encoded
// ids (AppendID).
func StockKey(store, product string) string {
	var buf [keySize]byte
	return string(appendScope(append(buf[:0], "stock:"...), store, product))
}

// StockMetaKey is the hash beside StockKey. Its literal braces put it into the slot of StockKey.
func StockMetaKey(store, product string) string {
	var buf [keySize]byte
	b := appendScope(append(buf[:0], "{stock:"...), store, product)
	return string(append(b, "}:meta"...))
}

// keySize is the length in bytes up to which a key is made without another allocation.
const keySize = 96

// globalStore stands in keys where a store would. No store can have this id: the decoder refuses it.
const globalStore = "global"
