package event

// Reason classifies a refusal. The list is closed.
type Reason string

// The reasons.
const (
	BadJSON      Reason = "BAD_JSON"      // not one strict JSON object, or not a valid CSV record or header
	BadField     Reason = "BAD_FIELD"     // wrong type or range of a field other than times and ids
	MissingField Reason = "MISSING_FIELD" // a required field is absent, null or an empty list
	BadID        Reason = "BAD_ID"        // an invalid store, product or event id
	BadTime      Reason = "BAD_TIME"      // not a time, or a time before 2000-01-01
	Future       Reason = "FUTURE"        // more than five minutes ahead of the clock, or a day for VIEW and CART_ADD
	UnknownType  Reason = "UNKNOWN_TYPE"  // a type that the format does not define
	TooLarge     Reason = "TOO_LARGE"     // over 1 MiB
	ResetTooOld  Reason = "RESET_TOO_OLD" // a RESET from before the key's horizon
	TooLate      Reason = "TOO_LATE"      // a SALE or RECEIPT from before the key's ledger that would count
	IDReused     Reason = "ID_REUSED"     // an event with the identity of another and different content
)

// Reasons lists every reason.
var Reasons = [...]Reason{
	BadJSON, BadField, MissingField, BadID, BadTime, Future, UnknownType, TooLarge, ResetTooOld, TooLate, IDReused,
}

// NoItem is the item index of a refusal of a whole message, and of an event whose message has no
// items.
const NoItem = -1

// Refusal describes why a message, or one item of it, is refused.
type Refusal struct {
	Reason Reason
	Detail string // human-readable; begins with the field
	Item   int    // index in the message's items, or NoItem
}
