package history

// Kind is what an entry is: an event, with the number of its event.Type, or a signal.
type Kind uint8

// The kinds of signals.
const (
	Stock    Kind = 16
	Velocity Kind = 17
)

// IsEvent reports whether the entry is an event of some type.
func (k Kind) IsEvent() bool { return k < Stock }

// Entry is an event or a signal.
type Entry struct {
	Seq    uint64 // its place in the order of arrival
	Wall   int64  // when it arrived
	Kind   Kind
	Store  string // empty for all stores
	At     int64  // OccurredAt of an event, AsOf of a signal
	Amount int64  // Quantity of an event, OnHand of stock, UnitsHour of velocity

	Identity uint64 // of an event: event.IdentityHash of its id
	ResetID  string // the id of a RESET

	Known   bool  // of stock
	Barrier int64 // of stock
	Badge   bool  // LOW_STOCK of stock, HIGH_DEMAND of velocity

	UnitsDay int64 // of velocity
	Hourly   bool  // of velocity: the window is that of an hour
}

// Reach is how far back the memory reaches.
type Reach struct {
	Wall int64 // all that arrived since then is in memory, wall time
	All  bool  // nothing has left: Wall is the time of New
}

// Reach returns how far back the entries reach.
func (h *History) Reach() Reach {
	if h == nil {
		return Reach{}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.reach()
}

func (h *History) reach() Reach {
	if h.first == 1 {
		return Reach{h.started, true}
	}
	return Reach{Wall: h.chunks[0][0].wall}
}

// piece is how many entries are read while the memory is locked.
const piece = 2048

// Product returns the entries of a product, the oldest first, and how far back they reach. If there
// are more than limit, it returns the newest.
func (h *History) Product(id string, limit int) (entries []Entry, reach Reach) {
	if h == nil {
		return nil, Reach{}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if i, ok := h.products.numbers[id]; ok {
		for seq := h.products.list[i].last; seq >= h.first && len(entries) < limit; {
			r := h.at(seq)
			entries = append(entries, h.entry(seq, r))
			if seq = r.previous; len(entries)%piece == 0 {
				h.mu.Unlock()
				h.mu.Lock()
			}
		}
	}
	if reach = h.reach(); len(entries) == limit {
		reach = Reach{Wall: max(reach.Wall, entries[limit-1].Wall)}
	}
	for i, j := 0, len(entries)-1; i < j; i, j = i+1, j-1 {
		entries[i], entries[j] = entries[j], entries[i]
	}
	return entries, reach
}

func (h *History) entry(seq uint64, r *record) Entry {
	e := Entry{Seq: seq, Wall: r.wall, Kind: r.kind, Store: h.stores.text(r.store), At: r.at, Amount: r.amount}
	switch r.kind {
	case Stock:
		e.Known, e.Badge, e.Barrier = r.on, r.flagged, r.detail
	case Velocity:
		e.Hourly, e.Badge, e.UnitsDay = r.on, r.flagged, r.detail
	default:
		e.Identity, e.ResetID = uint64(r.detail), h.resets.text(r.reset)
	}
	return e
}

// Product is a product of which there is an entry.
type Product struct {
	ID       string
	Wall     int64 // when its newest entry arrived
	SoldHour int64 // units of the last hour, by its newest velocity signal; 0 if none was kept
}

// Products returns the products of which there are entries, in no order.
func (h *History) Products() (products []Product) {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	products = make([]Product, 0, len(h.products.numbers))
	for i := range h.products.list {
		if p := &h.products.list[i]; p.uses > 0 {
			products = append(products, Product{p.text, p.wall, p.sold})
		}
	}
	return products
}

// Stores returns the stores of which there are entries, in no order.
func (h *History) Stores() (stores []string) {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.stores.list {
		if s := &h.stores.list[i]; s.uses > 0 {
			stores = append(stores, s.text)
		}
	}
	return stores
}

// InStores returns the products of which there are entries of given stores. It reads all entries.
func (h *History) InStores(stores map[string]bool) map[string]bool {
	found := map[string]bool{}
	if h == nil {
		return found
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for seq := h.first; seq < h.next; seq++ {
		if r := h.at(seq); r.store != 0 && stores[h.stores.text(r.store)] {
			found[h.products.text(r.product)] = true
		}
		if seq%piece == 0 {
			h.mu.Unlock()
			h.mu.Lock()
			seq = max(seq, h.first-1)
		}
	}
	return found
}
