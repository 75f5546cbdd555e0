package history

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/signal"
)

// queue keeps the newest values whose costs are at most limit together.
type queue[T any] struct {
	values []T
	costs  []int
	sum    int
	limit  int
	added  uint64
}

// add adds a value that costs a number of bytes. Its number, from 1, is q.added afterwards.
func (q *queue[T]) add(value T, cost int) {
	q.added++
	q.values, q.costs = append(q.values, value), append(q.costs, cost)
	q.sum += cost
	for q.sum > q.limit {
		var none T
		q.values[0] = none
		q.sum -= q.costs[0]
		q.values, q.costs = q.values[1:], q.costs[1:]
	}
}

// newest returns at most limit of the values for which match returns true, the newest first.
func (q *queue[T]) newest(limit int, match func(*T) bool) (values []T) {
	for i := len(q.values) - 1; i >= 0 && len(values) < limit; i-- {
		if match(&q.values[i]) {
			values = append(values, q.values[i])
		}
	}
	return values
}

// Badge is a badge change.
type Badge struct {
	signal.BadgeChange
	N    uint64 // numbers of badge changes grow, from 1
	Wall int64  // when it arrived
}

// Letter is a dead letter. Its message is a copy. A payload that is larger than half of the memory for
// all of them is cut off there, and Cut counts the missing bytes.
type Letter struct {
	event.DeadLetter
	N uint64 // numbers of dead letters grow, from 1
}

// What a value takes beside its texts, in a list that is grown by doubling, in bytes.
const (
	badgeCost  = 512
	letterCost = 1024
)

// Badge adds a badge change.
func (h *History) Badge(c *signal.BadgeChange, wall int64) {
	if h == nil {
		return
	}
	b := Badge{BadgeChange: *c, Wall: wall}
	b.StoreID, b.ProductID = strings.Clone(c.StoreID), strings.Clone(c.ProductID)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counts.Badges++
	b.N = h.badges.added + 1
	h.badges.add(b, badgeCost+len(b.StoreID)+len(b.ProductID))
}

// DeadLetter adds a dead letter.
func (h *History) DeadLetter(l event.DeadLetter) {
	if h == nil {
		return
	}
	m := *l.Message
	m.Token = 0
	if room := h.letters.limit / 2; len(m.Data) > room {
		m.Cut += int64(len(m.Data) - room)
		m.Data = m.Data[:room]
	}
	m.Data, m.Attributes, m.Columns = bytes.Clone(m.Data), maps.Clone(m.Attributes), slices.Clone(m.Columns)
	l.Message = &m
	cost := letterCost + m.Size() + len(l.Detail) + len(m.Unreadable) + len(m.File)
	for _, c := range m.Columns {
		cost += 16 + len(c)
	}
	cost += 64 * len(m.Attributes)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counts.DeadLetters++
	h.letters.add(Letter{l, h.letters.added + 1}, cost)
}

// Badges returns at most limit badge changes, the newest first: those of a product, or of all if
// product is empty.
func (h *History) Badges(product string, limit int) []Badge {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.badges.newest(limit, func(b *Badge) bool { return product == "" || b.ProductID == product })
}

// DeadLetters returns at most limit dead letters, the newest first.
func (h *History) DeadLetters(limit int) []Letter {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.letters.newest(limit, func(*Letter) bool { return true })
}

// Letter returns the dead letter of a number, and whether it is in memory.
func (h *History) Letter(n uint64) (Letter, bool) {
	if h == nil {
		return Letter{}, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	first := h.letters.added - uint64(len(h.letters.values)) + 1
	if n < first || n > h.letters.added {
		return Letter{}, false
	}
	return h.letters.values[n-first], true
}
