// Package history keeps the newest of what the archive gets, in bounded memory: events, signals,
// badge changes and dead letters. The DoFns of one process add to it, and the page reads it. It
// records and computes nothing.
package history

import (
	"sync"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/signal"
)

// History is the memory. It is safe for concurrent use. A nil *History keeps nothing, and all its
// methods work.
//
// Times of arrival are wall times, epoch ms. Entries, which are events and signals, have sequence
// numbers that grow in the order of arrival, from 1.
type History struct {
	limit   int   // of entries and names, in bytes
	started int64 // wall time of New, epoch ms

	mu       sync.Mutex
	chunks   []*chunk // the oldest first; all but the last are full
	first    uint64   // sequence number of the oldest entry
	next     uint64   // sequence number of the next entry
	spare    *chunk   // to be used again
	stores   names
	products names
	resets   names // ids of RESETs, by which those of one time are ordered
	counts   Counts
	badges   queue[Badge]
	letters  queue[Letter]
}

// Counts are how many of each kind were added since the start, whether or not they are still in
// memory.
type Counts struct{ Events, Stocks, Velocities, Badges, DeadLetters int64 }

// Counts returns how many were added.
func (h *History) Counts() Counts {
	if h == nil {
		return Counts{}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.counts
}

// chunk is the unit in which entries leave. It holds no pointers, so the garbage collector does not
// look into it.
type chunk [chunkEntries]record

const chunkEntries = 256

// record is an Entry as it is kept.
type record struct {
	wall, at, amount int64
	detail           int64  // IdentityHash of an event, Barrier of stock, UnitsDay of velocity
	previous         uint64 // sequence number of the previous entry of the product, or 0
	store            uint32 // 0: all stores
	product          uint32
	reset            uint32 // 0: no RESET
	kind             Kind
	on, flagged      bool // Known and LowStock of stock, hourly and HighDemand of velocity
}

// The cost of what is kept, in bytes.
const (
	chunkCost = chunkEntries*56 + 16
	nameCost  = 192 // beside its text: its place in a list and in a map, each grown by doubling
)

// New returns a memory of at most a number of bytes. The oldest leave first: entries get three
// quarters, dead letters and badge changes the rest. now is the wall time, epoch ms.
func New(bytes int, now int64) *History {
	return &History{limit: bytes / 4 * 3, started: now, first: 1, next: 1,
		badges: queue[Badge]{limit: bytes / 16}, letters: queue[Letter]{limit: bytes / 16 * 3}}
}

// Event adds a decoded event. wall is its time of arrival.
func (h *History) Event(e *event.UnifiedInventoryEvent, wall int64) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	r := record{wall: wall, at: e.OccurredAt, amount: e.Quantity, detail: int64(event.IdentityHash(e.ID)),
		kind: Kind(e.Type)}
	h.counts.Events++
	if e.Type == event.Reset {
		r.reset = h.resets.use(e.ID)
	}
	h.add(r, e.StoreID, e.ProductID)
}

// Stock adds a stock signal.
func (h *History) Stock(s *signal.Stock, wall int64) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counts.Stocks++
	h.add(record{wall: wall, at: s.AsOf, amount: s.OnHand, detail: s.Barrier, kind: Stock,
		on: s.Known, flagged: s.Badge != ""}, s.StoreID, s.ProductID)
}

// Velocity adds a velocity signal of all stores together. One of a single store is counted only.
func (h *History) Velocity(v *signal.Velocity, wall int64) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counts.Velocities++
	if v.StoreID != "" {
		return
	}
	h.add(record{wall: wall, at: v.AsOf, amount: v.UnitsHour, detail: v.UnitsDay, kind: Velocity,
		on: v.Window == signal.WindowHour, flagged: v.HighDemand}, "", v.ProductID)
	h.products.list[h.products.numbers[v.ProductID]].sold = v.UnitsHour
}

// add adds an entry. The names that the record uses already are counted.
func (h *History) add(r record, store, product string) {
	if store != "" {
		r.store = h.stores.use(store)
	}
	r.product = h.products.use(product)
	p := &h.products.list[r.product]
	r.previous, p.last, p.wall = p.last, h.next, r.wall
	slot := (h.next - h.first) % chunkEntries
	if slot == 0 {
		if h.spare == nil {
			h.spare = new(chunk)
		}
		h.chunks, h.spare = append(h.chunks, h.spare), nil
	}
	h.chunks[len(h.chunks)-1][slot] = r
	h.next++
	for len(h.chunks) > 1 && h.size() > h.limit {
		h.evict()
	}
}

func (h *History) size() int {
	return (len(h.chunks)+1)*chunkCost + h.stores.size() + h.products.size() + h.resets.size()
}

// evict removes the oldest chunk, and the names that only its entries used.
func (h *History) evict() {
	oldest := h.chunks[0]
	for i := range oldest {
		h.stores.release(oldest[i].store)
		h.products.release(oldest[i].product)
		h.resets.release(oldest[i].reset)
	}
	h.chunks[0] = nil
	h.chunks, h.spare = h.chunks[1:], oldest
	h.first += chunkEntries
}

// at returns the entry of a sequence number, which must be in memory.
func (h *History) at(seq uint64) *record {
	i := seq - h.first
	return &h.chunks[i/chunkEntries][i%chunkEntries]
}
