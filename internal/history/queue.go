package history

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/signal"
)

// Queue keeps the newest values whose costs are at most a limit together. It is safe for concurrent
// use.
type Queue[T any] struct {
	mu          sync.Mutex
	items       []Item[T]
	cost, limit int // bytes
	added       int64
}

// Item is a value with its number: one more than that of the value before it.
type Item[T any] struct {
	N     int64
	Value T
	cost  int
}

func (q *Queue[T]) add(value T, cost int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.added++
	q.items = append(q.items, Item[T]{q.added, value, cost})
	for q.cost += cost; q.cost > q.limit; q.items = q.items[1:] {
		q.cost -= q.items[0].cost
		q.items[0] = Item[T]{} // what it refers to can be freed
	}
}

// count returns how many values were added.
func (q *Queue[T]) count() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.added
}

// Newest returns at most limit of the items for which match returns true, the newest first.
func (q *Queue[T]) Newest(limit int, match func(Item[T]) bool) (items []Item[T]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := len(q.items) - 1; i >= 0 && len(items) < limit; i-- {
		if match(q.items[i]) {
			items = append(items, q.items[i])
		}
	}
	return items
}

// What a value takes beside its texts, in a list that grows by steps, in bytes.
const (
	badgeCost  = 512
	letterCost = 1024
)

// Badge adds a badge change.
func (h *History) Badge(c signal.BadgeChange) {
	if h == nil {
		return
	}
	c.StoreID, c.ProductID = strings.Clone(c.StoreID), strings.Clone(c.ProductID)
	h.Badges.add(c, badgeCost+len(c.StoreID)+len(c.ProductID))
}

// DeadLetter adds a copy of a dead letter. A payload that is larger than half of the memory for all
// of them is cut off there, and Cut counts the missing bytes.
func (h *History) DeadLetter(l event.DeadLetter) {
	if h == nil {
		return
	}
	m := *l.Message
	m.Token = 0
	if room := h.Letters.limit / 2; len(m.Data) > room {
		m.Cut += int64(len(m.Data) - room)
		m.Data = m.Data[:room]
	}
	m.Data, m.Attributes, m.Columns = bytes.Clone(m.Data), maps.Clone(m.Attributes), slices.Clone(m.Columns)
	l.Message = &m
	cost := letterCost + m.Size() + len(l.Detail) + len(m.Unreadable) + len(m.File) + 64*len(m.Attributes)
	for _, c := range m.Columns {
		cost += 16 + len(c)
	}
	h.Letters.add(l, cost)
}
