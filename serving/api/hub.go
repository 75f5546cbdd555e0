package api

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/beamlytics/streamlytics/serving"
)

const (
	readEvery  = 250 * time.Millisecond
	maxQueue   = 16     // frames that a subscriber may be behind
	maxWatched = 20_000 // distinct pairs, which bounds the work of a round
)

// The reasons for which the hub ends a subscription.
const (
	slow     = "slow"     // the subscriber was more than maxQueue frames behind
	shutdown = "shutdown" // the hub was closed
)

// hub reads the signals that its subscribers watch, every readEvery and once for all of them, and
// gives each subscriber what has changed. Its methods are safe for concurrent use.
type hub struct {
	read    func(context.Context, []serving.Pair) ([]serving.Product, error)
	limit   int // of subscribers
	metrics *metrics
	joined  chan struct{}   // gets a value when there is a new subscriber
	ctx     context.Context // ends when the hub is closed
	cancel  context.CancelFunc

	mu          sync.Mutex // guards what follows
	topics      map[string]*topic
	items       map[serving.Pair]*item // of all topics
	subscribers int
}

// item is a pair that at least one topic has, with its signal.
type item struct {
	topics  int    // that have it
	failed  bool   // the last read of it failed
	version string // of the signal; empty before the first
	sum     string // of event, sumSize bytes: equal for equal signals, in other processes too
	event   []byte // the signal as an event
}

// topic is a list of pairs that at least one subscriber watches.
type topic struct {
	pairs       []serving.Pair
	items       []*item
	subscribers map[*subscriber]bool
}

// subscriber gets frames, which are events in the format of a stream, until frames is closed.
type subscriber struct {
	frames chan []byte
	reason string // why frames was closed

	topic   string
	has     string // the sums of the signals that it has
	failing bool   // its last notice was a problem
}

func newHub(read func(context.Context, []serving.Pair) ([]serving.Product, error), limit int, m *metrics) *hub {
	ctx, cancel := context.WithCancel(context.Background())
	return &hub{read: read, limit: limit, metrics: m, joined: make(chan struct{}, 1), ctx: ctx, cancel: cancel,
		topics: map[string]*topic{}, items: map[serving.Pair]*item{}}
}

// subscribe returns a subscriber of pairs, which are sorted and distinct. It first gets those of
// their signals that differ from what it had when it got the event with the id lastID. The caller
// unsubscribes it.
func (h *hub) subscribe(pairs []serving.Pair, lastID string) (*subscriber, error) {
	key := fmt.Sprintf("%q", pairs)
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[key]
	switch {
	case h.ctx.Err() != nil:
		return nil, errors.New("the server is shutting down")
	case h.subscribers >= h.limit:
		return nil, fmt.Errorf("there are %d streams, which is the limit", h.limit)
	case t == nil && len(h.items)+h.unwatched(pairs) > maxWatched:
		return nil, fmt.Errorf("streams watch %d products, which is the limit", len(h.items))
	case t == nil:
		t = h.addTopic(key, pairs)
	}
	s := &subscriber{frames: make(chan []byte, maxQueue), topic: key, has: lastID}
	t.subscribers[s] = true
	h.subscribers++
	h.metrics.streams.Inc()
	select {
	case h.joined <- struct{}{}:
	default: // there is one
	}
	return s, nil
}

// unwatched returns how many of the pairs no topic has. h.mu is held.
func (h *hub) unwatched(pairs []serving.Pair) (n int) {
	for _, p := range pairs {
		if h.items[p] == nil {
			n++
		}
	}
	return n
}

// addTopic adds a topic of pairs. h.mu is held.
func (h *hub) addTopic(key string, pairs []serving.Pair) *topic {
	t := &topic{pairs: pairs, subscribers: map[*subscriber]bool{}}
	for _, p := range pairs {
		if h.items[p] == nil {
			h.items[p] = &item{}
		}
		h.items[p].topics++
		t.items = append(t.items, h.items[p])
	}
	h.topics[key] = t
	return t
}

// unsubscribe removes a subscriber. It does nothing if the hub has ended it.
func (h *hub) unsubscribe(s *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.reason == "" {
		h.remove(s)
	}
}

// remove removes a subscriber, and what it was the last to watch. h.mu is held.
func (h *hub) remove(s *subscriber) {
	t := h.topics[s.topic]
	delete(t.subscribers, s)
	h.subscribers--
	h.metrics.streams.Dec()
	if len(t.subscribers) > 0 {
		return
	}
	delete(h.topics, s.topic)
	for n, i := range t.items {
		if i.topics--; i.topics == 0 {
			delete(h.items, t.pairs[n])
		}
	}
}

// end ends a subscription. h.mu is held.
func (h *hub) end(s *subscriber, reason string) {
	h.remove(s)
	h.metrics.dropped.WithLabelValues(reason).Inc()
	s.reason = reason
	close(s.frames)
}

// close ends all subscriptions and refuses new ones.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cancel()
	for _, t := range h.topics {
		for s := range t.subscribers {
			h.end(s, shutdown)
		}
	}
}
