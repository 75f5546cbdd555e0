// Package truth states what stock and velocity must be, and compares Redis with it, for tests and
// for the tools that check a pipeline. It shares no code with the pipeline, key names included, so
// that the two cannot be wrong together.
//
// Stock, Global, Velocity and Shown.Next are the model: brute force over the whole set of events,
// without state and without an order of arrival. A Ledger gives the same results for millions of
// events, added one by one; a property test compares it with the model. CheckStock and Ledger.Check
// compare Redis with them.
//
// The package takes accepted events only: it must not get events that the decoder, RESET_TOO_OLD or
// TOO_LATE refuses.
package truth

// Event is one accepted event.
type Event struct {
	ID         string // the identity is (Store, Product, ID); an event without an ID repeats no other
	Type       string // SALE, RECEIPT, RESET, VIEW or CART_ADD
	Store      string
	Product    string
	Quantity   int64 // units, signed as on the wire
	OccurredAt int64 // epoch ms
}

// Key is a product in a store, or over all stores if Store is empty.
type Key struct{ Store, Product string }

func (e Event) key() Key { return Key{e.Store, e.Product} }

// distinctByKey groups events by store and product and drops repeated identities. The first event
// stays.
func distinctByKey(events []Event) map[Key][]Event {
	type identity struct {
		key Key
		id  string
	}
	seen := make(map[identity]bool, len(events))
	groups := map[Key][]Event{}
	for _, e := range events {
		if i := (identity{e.key(), e.ID}); e.ID == "" || !seen[i] {
			seen[i] = true
			groups[e.key()] = append(groups[e.key()], e)
		}
	}
	return groups
}
