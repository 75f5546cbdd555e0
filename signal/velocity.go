package signal

import (
	"strconv"
	"time"
)

// The windows of a velocity signal.
const (
	WindowHour = "1h"
	WindowDay  = "24h"
)

// Velocity is the rate at which a product sells in one store, or over all stores.
type Velocity struct {
	StoreID    string // empty for all stores together
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
	Expires    int64 // the clock at which no counted event is left in 24 hours, epoch ms
	Gone       bool  // no counted event is left: the key is to be deleted
}

// VelocityKey returns velocity:{store}:{product}:1hr, or velocity:global:{product}:1hr if store is
// empty, with ids encoded by AppendID. The suffix 1hr is fixed; read Window for the period.
func VelocityKey(store, product string) string {
	var buf [keySize]byte
	b := appendScope(append(buf[:0], "velocity:"...), store, product)
	return string(append(b, ":1hr"...))
}

// Key returns the Redis key of the signal.
func (v Velocity) Key() string { return VelocityKey(v.StoreID, v.ProductID) }

// UnitsSold returns the units sold in the window.
func (v Velocity) UnitsSold() int64 {
	if v.Window == WindowHour {
		return v.UnitsHour
	}
	return v.UnitsDay
}

// WindowMs returns the length of the window, in milliseconds.
func (v Velocity) WindowMs() int64 {
	if v.Window == WindowHour {
		return time.Hour.Milliseconds()
	}
	return 24 * time.Hour.Milliseconds()
}

// RatePerHour returns the units sold per hour of the window.
func (v Velocity) RatePerHour() float64 {
	if v.Window == WindowHour {
		return float64(v.UnitsHour)
	}
	return float64(v.UnitsDay) / 24
}

// AppendMessage appends a text for storefronts, such as "50 sold in last hour".
func (v Velocity) AppendMessage(b []byte) []byte {
	b = strconv.AppendInt(b, v.UnitsSold(), 10)
	if v.Window == WindowHour {
		return append(b, " sold in last hour"...)
	}
	return append(b, " sold in last 24 hours"...)
}
