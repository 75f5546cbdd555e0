package api

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/beamlytics/streamlytics/serving"
)

const (
	readEvery  = 250 * time.Millisecond
	maxQueue   = 16     // frames that a subscriber may be behind
	maxWatched = 20_000 // distinct pairs, which bounds the work of a round and the memory of the hub
)

// The reasons for which the hub ends a subscription.
const (
	slow     = "slow"     // the subscriber was more than maxQueue frames behind
	shutdown = "shutdown" // the hub was closed
)

// hub reads the signals that its subscribers watch, every readEvery and once for all of them, and
// gives each subscriber what has changed. While there are no subscribers it does nothing. Its
// methods are safe for concurrent use.
type hub struct {
	read    func(context.Context, []serving.Pair) ([]serving.Product, error)
	ticker  func(time.Duration) (<-chan time.Time, func())
	limit   int // of subscribers
	metrics *metrics
	seed    maphash.Seed
	joined  chan struct{} // gets a value when there are pairs that were not read yet
	ctx     context.Context
	cancel  context.CancelFunc

	mu          sync.Mutex // guards what follows
	topics      map[string]*topic
	items       map[serving.Pair]*item // also those that nobody watches any more, while there is room
	subscribers int
	seq         uint64 // of the newest change
	outage      bool   // the last read failed for all pairs
	running     bool
	closed      bool
}

// item is a pair with its last known signal. One that nobody watches is kept, so that a client that
// comes back gets only what has changed.
type item struct {
	pair    serving.Pair
	topics  int    // that contain it
	fresh   bool   // it was read since it is watched
	failed  bool   // the last read of it failed
	version string // of what was read last; empty before
	seq     uint64 // of its last change
	event   []byte // its signal as an event without an id and without the empty line at its end
}

// topic is a list of pairs that at least one subscriber watches.
type topic struct {
	key         string
	id          string // begins the ids of its events
	items       []*item
	subscribers map[*subscriber]bool
}

// subscriber gets frames until ended is closed.
type subscriber struct {
	frames chan frame
	ended  chan struct{}
	reason string // why it ended; valid once ended is closed

	topic   *topic
	seen    uint64 // it has all changes up to this
	failing bool   // its last notice was a problem
}

// frame is a number of events in the format of a stream.
type frame struct {
	bytes  []byte
	events int
}

func newHub(read func(context.Context, []serving.Pair) ([]serving.Product, error),
	ticker func(time.Duration) (<-chan time.Time, func()), limit int, m *metrics) *hub {
	ctx, cancel := context.WithCancel(context.Background())
	return &hub{read: read, ticker: ticker, limit: limit, metrics: m, seed: maphash.MakeSeed(),
		joined: make(chan struct{}, 1), ctx: ctx, cancel: cancel,
		topics: map[string]*topic{}, items: map[serving.Pair]*item{}}
}

var errClosed = errors.New("the server is shutting down")

// subscribe returns a subscriber of pairs, which are sorted, distinct and of one store. It first
// gets all their signals or, if lastID is the id of an event of the same list in this process,
// those that have changed since. The caller unsubscribes it.
func (h *hub) subscribe(pairs []serving.Pair, lastID string) (*subscriber, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, errClosed
	case h.subscribers >= h.limit:
		return nil, fmt.Errorf("there are %d streams, which is the limit", h.limit)
	case !h.hasRoom(len(pairs)):
		return nil, fmt.Errorf("streams watch %d products, which is the limit", len(h.items))
	}
	t := h.topic(pairs)
	s := &subscriber{frames: make(chan frame, maxQueue), ended: make(chan struct{}), topic: t, seen: t.seen(lastID)}
	if s.seen > h.seq {
		s.seen = 0
	}
	t.subscribers[s] = true
	h.subscribers++
	h.metrics.streams.Inc()
	select {
	case h.joined <- struct{}{}:
	default: // there is one
	}
	if !h.running {
		h.running = true
		go h.run()
	}
	return s, nil
}

// hasRoom reports whether n more pairs can be watched. It forgets those that nobody watches if they
// take the room. h.mu is held.
func (h *hub) hasRoom(n int) bool {
	if len(h.items)+n > maxWatched {
		maps.DeleteFunc(h.items, func(_ serving.Pair, i *item) bool { return i.topics == 0 })
	}
	return len(h.items)+n <= maxWatched
}

// topic returns the topic of pairs. h.mu is held.
func (h *hub) topic(pairs []serving.Pair) *topic {
	var b strings.Builder
	b.WriteString(pairs[0].Store)
	for _, p := range pairs {
		b.WriteString("\x00" + p.Product) // no id has this character
	}
	key := b.String()
	if t := h.topics[key]; t != nil {
		return t
	}
	// The seed is random, so that the ids of another process are not taken for those of this one.
	t := &topic{key: key, id: fmt.Sprintf("%016x-", maphash.String(h.seed, key)), subscribers: map[*subscriber]bool{}}
	for _, p := range pairs {
		if h.items[p] == nil {
			h.items[p] = &item{pair: p}
		}
		h.items[p].topics++
		t.items = append(t.items, h.items[p])
	}
	h.topics[key] = t
	return t
}

// seen returns up to which change a subscriber with the id of an event has everything.
func (t *topic) seen(lastID string) uint64 {
	text, ok := strings.CutPrefix(lastID, t.id)
	if !ok {
		return 0
	}
	seq, _ := strconv.ParseUint(text, 10, 64)
	return seq
}

// unsubscribe removes a subscriber. It does nothing if the hub has ended it.
func (h *hub) unsubscribe(s *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.topic.subscribers[s] {
		h.remove(s)
	}
}

// remove removes a subscriber, and what it was the last to watch. h.mu is held.
func (h *hub) remove(s *subscriber) {
	t := s.topic
	delete(t.subscribers, s)
	h.subscribers--
	h.metrics.streams.Dec()
	if len(t.subscribers) > 0 {
		return
	}
	delete(h.topics, t.key)
	for _, i := range t.items {
		if i.topics--; i.topics == 0 {
			i.fresh, i.failed = false, false
		}
	}
}

// end ends a subscription. h.mu is held.
func (h *hub) end(s *subscriber, reason string) {
	h.remove(s)
	h.metrics.dropped.WithLabelValues(reason).Inc()
	s.reason = reason
	close(s.ended)
}

// close ends all subscriptions and refuses new ones.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.cancel()
	for _, t := range h.topics {
		for s := range t.subscribers {
			h.end(s, shutdown)
		}
	}
}
