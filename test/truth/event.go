// Package truth says what stock and velocity must be, computed the slow and obvious way from the whole set of events at
// once: no state, no order of arrival, no incremental anything. Tests and replays hold what the pipeline wrote against it.
//
// It shares no code with the pipeline, key names included, so that the two cannot be wrong together. It knows accepted
// events only: what the decoder, RESET_TOO_OLD or TOO_LATE refuses must not be handed to it.
package truth

// Event is one accepted event.
type Event struct {
	ID         string // the event's identity is (Store, Product, ID)
	Type       string // SALE, RECEIPT, RESET, VIEW or CART_ADD
	Store      string
	Product    string
	Quantity   int64 // units, signed as on the wire
	OccurredAt int64 // epoch ms
}

// Key is a product in a store, or over all stores when Store is empty.
type Key struct{ Store, Product string }

func (e Event) key() Key { return Key{e.Store, e.Product} }

// distinctByKey groups events by store and product and drops every event whose identity came before: the first stays.
func distinctByKey(events []Event) map[Key][]Event {
	type identity struct {
		key Key
		id  string
	}
	seen := make(map[identity]bool, len(events))
	groups := map[Key][]Event{}
	for _, e := range events {
		if i := (identity{e.key(), e.ID}); !seen[i] {
			seen[i] = true
			groups[e.key()] = append(groups[e.key()], e)
		}
	}
	return groups
}
