// Package event defines the unified inventory event, the wire formats that it is decoded from, and
// the reasons for which a message is refused. It is pure: it reads no clock and does no I/O. Of this
// module it imports only jq, which measures time in programs that run for long.
package event

import "github.com/cespare/xxhash/v2"

// Type classifies an event.
type Type uint8

// The types. The numbers are part of the state format and never change.
const (
	Sale    Type = 1 // Quantity units were sold; negative for a return
	Receipt Type = 2 // Quantity units were received; negative for a correction
	Reset   Type = 3 // a physical count found Quantity units on hand; never negative
	View    Type = 4 // the product was viewed Quantity times
	CartAdd Type = 5 // Quantity units were put into carts
)

// Types lists every type in the order of its number.
var Types = [...]Type{Sale, Receipt, Reset, View, CartAdd}

var typeNames = [...]string{Sale: "SALE", Receipt: "RECEIPT", Reset: "RESET", View: "VIEW", CartAdd: "CART_ADD"}

// String returns the name on the wire, such as CART_ADD.
func (t Type) String() string {
	if int(t) < len(typeNames) && typeNames[t] != "" {
		return typeNames[t]
	}
	return "UNKNOWN"
}

// ParseType returns the type with a name on the wire. Names are case-sensitive.
func ParseType(name string) (Type, bool) {
	for _, t := range Types {
		if typeNames[t] == name {
			return t, true
		}
	}
	return 0, false
}

// MovesStock reports whether events of the type affect on-hand: SALE, RECEIPT and RESET do.
func (t Type) MovesStock() bool { return t == Sale || t == Receipt || t == Reset }

// ShowsDemand reports whether events of the type affect velocity: SALE, VIEW and CART_ADD do.
func (t Type) ShowsDemand() bool { return t == Sale || t == View || t == CartAdd }

// UnifiedInventoryEvent is an inventory event of one product in one store.
//
// Its identity is (StoreID, ProductID, ID). An event with the identity, type, quantity and time of
// an earlier one is a repetition and changes nothing.
type UnifiedInventoryEvent struct {
	// ID is 1 to 256 bytes as sent. A natural key has the suffix ":return" if it is that of a
	// return. The event of an item has the suffix "#k", where k is a number.
	ID         string
	Type       Type
	StoreID    string
	ProductID  string
	Quantity   int64   // units; sign and range by Type
	OccurredAt int64   // business time, epoch ms, UTC
	Adjusted   bool    // OccurredAt was ahead and replaced by the publish time or the clock's now
	Source     Channel // by format, even in a file; the message's channel for unified events

	// What only the warehouse keeps. Empty means absent.
	OrderNumber  string
	Line         string
	UserID       string
	ClientID     string
	DepartmentID string
	Price        string // a JSON number as sent; also empty if the price was not a number

	// Origin of the event.
	Item    int      // index in the message's items, or NoItem
	Message *Message // the message; never nil for a decoded event
}

// IdentityHash returns the 64-bit hash that stands for an event id in the state. Ids are compared
// per store and product, so among a million live ids of one key the probability of a collision is
// about 3e-8. A collision results in ID_REUSED, or in a repetition if type, quantity and time agree
// too.
func IdentityHash(id string) uint64 { return xxhash.Sum64String(id) }
