package event

// Reason says why something was refused. The list is closed.
type Reason string

// The reasons of spec section 1.
const (
	BadJSON      Reason = "BAD_JSON"      // not one strict JSON object, or not a readable CSV record or header
	BadField     Reason = "BAD_FIELD"     // wrong type or range of a field that is neither time nor id
	MissingField Reason = "MISSING_FIELD" // a required field is absent, null or an empty list
	BadID        Reason = "BAD_ID"        // a store, product or event id that cannot be used
	BadTime      Reason = "BAD_TIME"      // a time that cannot be read or lies before 2000-01-01
	Future       Reason = "FUTURE"        // more than five minutes ahead of the clock; VIEW or CART_ADD a day
	UnknownType  Reason = "UNKNOWN_TYPE"  // a type that the format does not have
	TooLarge     Reason = "TOO_LARGE"     // over 1 MiB
	ResetTooOld  Reason = "RESET_TOO_OLD" // a count from before the key's ledger horizon
	TooLate      Reason = "TOO_LATE"      // a SALE or RECEIPT that would count, older than the key's ledger
	IDReused     Reason = "ID_REUSED"     // same identity, other content
)

// Reasons lists every reason.
var Reasons = [...]Reason{BadJSON, BadField, MissingField, BadID, BadTime, Future, UnknownType, TooLarge, ResetTooOld, TooLate, IDReused}

// NoItem is the item index of a refusal that concerns the whole message, or of an event whose message has no items.
const NoItem = -1

// Refusal is one thing that was wrong: with one item of a message, or with all of it.
type Refusal struct {
	Reason Reason
	Detail string // for a person: names the field and what was wrong with it
	Item   int    // index within the message's items, or NoItem
}
