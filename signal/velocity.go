package signal

import "strconv"

// The windows a velocity signal can show.
const (
	WindowHour = "1h"
	WindowDay  = "24h"
)

// Velocity is how fast a product sells in one store, or over all stores.
type Velocity struct {
	StoreID    string // empty: over all stores
	ProductID  string
	Window     string // WindowHour or WindowDay
	UnitsHour  int64
	UnitsDay   int64
	ViewsHour  int64
	ViewsDay   int64
	CartsHour  int64
	CartsDay   int64
	HighDemand bool
	AsOf       int64 // the clock at evaluation, epoch ms
	Expires    int64 // the clock at which nothing counted is left in 24 hours, epoch ms
	Gone       bool  // nothing counted is left: the key is to be deleted
}

// VelocityKey is velocity:{store}:{product}:1hr, or velocity:global:{product}:1hr for an empty store, with
// percent-encoded ids (AppendID). The suffix 1hr is fixed; Window holds the period.
func VelocityKey(store, product string) string {
	var buf [keySize]byte
	b := appendScope(append(buf[:0], "velocity:"...), store, product)
	return string(append(b, ":1hr"...))
}

// Key is the Redis key of the signal.
func (v Velocity) Key() string { return VelocityKey(v.StoreID, v.ProductID) }

// UnitsSold is the units of the window.
func (v Velocity) UnitsSold() int64 {
	if v.Window == WindowHour {
		return v.UnitsHour
	}
	return v.UnitsDay
}

// RatePerHour is the units of the window, per hour.
func (v Velocity) RatePerHour() float64 {
	if v.Window == WindowHour {
		return float64(v.UnitsHour)
	}
	return float64(v.UnitsDay) / 24
}

// AppendMessage appends the text that a storefront shows, such as "50 sold in last hour".
func (v Velocity) AppendMessage(b []byte) []byte {
	b = strconv.AppendInt(b, v.UnitsSold(), 10)
	if v.Window == WindowHour {
		return append(b, " sold in last hour"...)
	}
	return append(b, " sold in last 24 hours"...)
}
