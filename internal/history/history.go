// Package history keeps the newest of what the archive gets, in bounded memory: events, signals,
// badge changes and dead letters. The DoFns of one process add to it, and the page reads it. It
// records and computes nothing.
package history

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/signal"
)

// History is the memory. It is safe for concurrent use. A nil *History keeps nothing: what adds to
// it and Counts work, and what else reads it does not.
//
// Times of arrival are wall times, epoch ms.
type History struct {
	Badges  Queue[signal.BadgeChange]
	Letters Queue[event.DeadLetter]

	mu               sync.Mutex
	ring             []record // the entry with the sequence number n is at n % len(ring)
	first, next      uint64   // sequence numbers of the oldest and of the next entry
	products, stores map[string]*name
	cost, limit      int // of texts, in bytes
	counts           Counts
}

// Counts are how many were added since the start, whether or not they are still in memory.
type Counts struct{ Events, Stocks, Velocities, Badges, DeadLetters int64 }

// Kind is what an entry is: an event, with the number of its event.Type, or a signal.
type Kind uint8

// The kinds of signals.
const (
	Stock    Kind = 16
	Velocity Kind = 17
)

// IsEvent reports whether the entry is an event of some type.
func (k Kind) IsEvent() bool { return k < Stock }

// Entry is an event or a signal of a product.
type Entry struct {
	Wall   int64 // when it arrived
	At     int64 // OccurredAt of an event, AsOf of a signal
	Amount int64 // Quantity of an event, OnHand of stock, UnitsHour of velocity
	Detail int64 // event.IdentityHash of an event, Barrier of stock, UnitsDay of velocity
	Kind   Kind
	On     bool // of stock: it is known; of velocity: the window is that of an hour
	Badge  bool // LOW_STOCK of stock, HIGH_DEMAND of velocity

	Store   string // empty for all stores
	ResetID string // the id of a RESET
}

// record is an Entry as it is kept.
type record struct {
	Entry
	product  *name
	previous uint64 // sequence number of the previous entry of the product, or 0
}

// name is a product or store of which there are entries.
type name struct {
	text string
	last uint64 // sequence number of its newest entry
	sold int64  // of a product: units of the last hour, by its newest velocity signal
}

// What is kept costs, in bytes; a name beside its text, with places in maps that do not shrink.
const (
	recordCost = 88
	nameCost   = 192
)

// New returns a memory of at most a number of bytes. The oldest leave first. Nine sixteenths are
// for entries, four for names, two for dead letters and one for badge changes.
func New(bytes int) *History {
	part := bytes / 16
	return &History{ring: make([]record, 9*part/recordCost), first: 1, next: 1, limit: 4 * part,
		products: map[string]*name{}, stores: map[string]*name{},
		Letters: Queue[event.DeadLetter]{limit: 2 * part}, Badges: Queue[signal.BadgeChange]{limit: part}}
}

// Event adds a decoded event. wall is its time of arrival.
func (h *History) Event(e *event.UnifiedInventoryEvent, wall int64) {
	if h == nil {
		return
	}
	entry := Entry{Wall: wall, At: e.OccurredAt, Amount: e.Quantity, Detail: int64(event.IdentityHash(e.ID)),
		Kind: Kind(e.Type), Store: e.StoreID}
	if e.Type == event.Reset {
		entry.ResetID = strings.Clone(e.ID) // it may be a part of a whole message
	}
	h.add(entry, e.ProductID)
}

// Stock adds a stock signal.
func (h *History) Stock(s *signal.Stock, wall int64) {
	h.add(Entry{Wall: wall, At: s.AsOf, Amount: s.OnHand, Detail: s.Barrier, Kind: Stock, On: s.Known,
		Badge: s.Badge != "", Store: s.StoreID}, s.ProductID)
}

// Velocity adds a velocity signal of all stores together. One of a single store is counted only.
func (h *History) Velocity(v *signal.Velocity, wall int64) {
	h.add(Entry{Wall: wall, At: v.AsOf, Amount: v.UnitsHour, Detail: v.UnitsDay, Kind: Velocity,
		On: v.Window == signal.WindowHour, Badge: v.HighDemand, Store: v.StoreID}, v.ProductID)
}

func (h *History) add(e Entry, product string) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch e.Kind {
	case Stock:
		h.counts.Stocks++
	case Velocity:
		h.counts.Velocities++
	default:
		h.counts.Events++
	}
	if e.Kind == Velocity && e.Store != "" {
		return
	}
	p := h.use(h.products, product)
	r := record{e, p, p.last}
	p.last = h.next
	if e.Store != "" {
		s := h.use(h.stores, e.Store)
		r.Store, s.last = s.text, h.next
	}
	if e.Kind == Velocity {
		p.sold = e.Amount
	}
	h.cost += len(e.ResetID)
	for h.next-h.first == uint64(len(h.ring)) || h.first < h.next && h.cost > h.limit {
		h.evict()
	}
	*h.at(h.next) = r
	h.next++
}

// use returns a name, which is made if it is new.
func (h *History) use(names map[string]*name, text string) *name {
	n := names[text]
	if n == nil {
		n = &name{text: strings.Clone(text)}
		names[n.text] = n
		h.cost += nameCost + len(text)
	}
	return n
}

// evict removes the oldest entry, and the names of which it is the newest.
func (h *History) evict() {
	r := h.at(h.first)
	release := func(names map[string]*name, n *name) {
		if n != nil && n.last == h.first {
			delete(names, n.text)
			h.cost -= nameCost + len(n.text)
		}
	}
	release(h.products, r.product)
	release(h.stores, h.stores[r.Store])
	h.cost -= len(r.ResetID)
	*r = record{}
	h.first++
}

func (h *History) at(seq uint64) *record { return &h.ring[seq%uint64(len(h.ring))] }

// Counts returns how many were added.
func (h *History) Counts() Counts {
	if h == nil {
		return Counts{}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.counts
	c.Badges, c.DeadLetters = h.Badges.count(), h.Letters.count()
	return c
}

// Since returns the time since when all that arrived is in memory, or 0 if nothing has left.
func (h *History) Since() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.since()
}

func (h *History) since() int64 {
	if h.first == 1 {
		return 0
	}
	return h.at(h.first).Wall
}

// Product returns the entries of a product in the order of arrival, and since when they are all
// there, as Since does. If there are more than limit, it returns the newest.
func (h *History) Product(id string, limit int) (entries []Entry, since int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.products[id]; p != nil {
		for seq := p.last; seq >= h.first && len(entries) < limit; seq = h.at(seq).previous {
			entries = append(entries, h.at(seq).Entry)
		}
	}
	slices.Reverse(entries)
	if len(entries) == limit {
		return entries, entries[0].Wall
	}
	return entries, h.since()
}

// Products returns the products of which there are entries: those with the most units sold in the
// last hour, by their newest velocity signals, and then those with the newest entries.
func (h *History) Products() []string { return h.namesOf(h.products) }

// Stores returns the stores of which there are entries, those with the newest ones first.
func (h *History) Stores() []string { return h.namesOf(h.stores) }

func (h *History) namesOf(names map[string]*name) (texts []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	sorted := slices.SortedFunc(maps.Values(names), func(a, b *name) int {
		return cmp.Or(cmp.Compare(b.sold, a.sold), cmp.Compare(b.last, a.last))
	})
	for _, n := range sorted {
		texts = append(texts, n.text)
	}
	return texts
}
