// Package event holds the unified inventory event, the wire formats of the channels it arrives in, and the rules by which
// a message is refused. It is pure: no clock, no I/O, nothing of the rest of the module.
package event

import "github.com/cespare/xxhash/v2"

// Type says what happened to a product in a store.
type Type uint8

// The five types of an inventory event. The numbers are part of the state format and never change.
const (
	Sale    Type = 1 // Quantity units sold; negative is a return
	Receipt Type = 2 // Quantity units received; negative is a correction
	Reset   Type = 3 // a physical count found Quantity units on hand, never negative
	View    Type = 4 // Quantity looks at the product
	CartAdd Type = 5 // Quantity units put into carts
)

// Types lists every type in the order of its number.
var Types = [...]Type{Sale, Receipt, Reset, View, CartAdd}

var typeNames = [...]string{Sale: "SALE", Receipt: "RECEIPT", Reset: "RESET", View: "VIEW", CartAdd: "CART_ADD"}

// String is the name on the wire, such as CART_ADD.
func (t Type) String() string {
	if int(t) < len(typeNames) && typeNames[t] != "" {
		return typeNames[t]
	}
	return "UNKNOWN"
}

// ParseType reads the wire name of a type; names are case-sensitive.
func ParseType(name string) (Type, bool) {
	for _, t := range Types {
		if typeNames[t] == name {
			return t, true
		}
	}
	return 0, false
}

// MovesStock reports whether the type takes part in on-hand: SALE, RECEIPT and RESET do.
func (t Type) MovesStock() bool { return t == Sale || t == Receipt || t == Reset }

// ShowsDemand reports whether the type takes part in velocity: SALE, VIEW and CART_ADD do.
func (t Type) ShowsDemand() bool { return t == Sale || t == View || t == CartAdd }

// Channel is where a message came from.
type Channel uint8

// The channels. The numbers are part of the batch format and never change.
const (
	POS  Channel = 1 // tills
	ECOM Channel = 2 // web shop clickstream
	WMS  Channel = 3 // warehouse management
	FILE Channel = 4 // a line of a file, whatever its format
)

// Channels lists every channel in the order of its number.
var Channels = [...]Channel{POS, ECOM, WMS, FILE}

var channelNames = [...]string{POS: "POS", ECOM: "ECOM", WMS: "WMS", FILE: "FILE"}

// String is the channel's name in dead letters and summaries.
func (c Channel) String() string {
	if int(c) < len(channelNames) && channelNames[c] != "" {
		return channelNames[c]
	}
	return "UNKNOWN"
}

// Event is one unified inventory event: something that happened to one product in one store.
//
// Its identity is (StoreID, ProductID, ID). Another event with the same identity and the same type, quantity and time is a
// repetition and changes nothing.
type Event struct {
	ID         string // 1 to 256 bytes as sent, plus ":return" where a natural key is that of a return, plus "#k" for an item
	Type       Type
	StoreID    string
	ProductID  string
	Quantity   int64   // units; sign and range by Type
	OccurredAt int64   // business time, epoch ms, UTC
	Adjusted   bool    // OccurredAt was in the future and was replaced by the time of publication, or by the clock's now
	Source     Channel // POS, ECOM or WMS by format, or FILE for unified events of a file

	// What only the warehouse keeps. Empty means absent.
	OrderNumber  string
	Line         string
	UserID       string
	ClientID     string
	DepartmentID string
	Price        string // a JSON number as sent; empty too when the price could not be read

	// Where the event came from.
	Item    int      // index within the message's items, -1 when the message has none
	Message *Message // the message that carried it; never nil for a decoded event
}

// IdentityHash is the 64-bit form in which the state keeps an event id. Ids are compared per store and product, so with a
// million live ids on one key the chance of any two colliding is about 3e-8; a collision shows as ID_REUSED, unless type,
// quantity and time agree too.
func IdentityHash(id string) uint64 { return xxhash.Sum64String(id) }
