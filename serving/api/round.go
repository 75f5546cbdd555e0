package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/beamlytics/streamlytics/serving"
)

// run reads until there are no subscribers.
func (h *hub) run() {
	ticks, stop := h.ticker(readEvery)
	defer stop()
	for h.isWatched() {
		select {
		case <-h.joined:
			h.round(false)
		case <-ticks:
			h.round(true)
		case <-h.ctx.Done():
		}
	}
}

// isWatched reports whether there are subscribers. If not, the next one starts run again.
func (h *hub) isWatched() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running = h.subscribers > 0
	return h.running
}

// round reads all pairs, or only those that were not read yet, and gives the subscribers what has
// changed. During an outage only a round over all pairs reads.
func (h *hub) round(all bool) {
	pairs, failing := h.due(all)
	var products []serving.Product
	var err error
	if !failing || all {
		for chunk := range slices.Chunk(pairs, maxPairs) {
			var more []serving.Product
			if more, err = h.read(h.ctx, chunk); err != nil {
				break
			}
			products = append(products, more...)
		}
		failing = err != nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.failing = failing
	if failing {
		h.fail()
		return
	}
	h.apply(products)
	h.deliver()
}

// due returns the pairs to read, and whether the last read failed.
func (h *hub) due(all bool) (pairs []serving.Pair, failing bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for pair, i := range h.items {
		if i.topics > 0 && (all || !i.fresh) {
			pairs = append(pairs, pair)
		}
	}
	return pairs, h.failing
}

// apply takes over what was read. h.mu is held.
func (h *hub) apply(products []serving.Product) {
	next := h.seq + 1
	for _, p := range products {
		i := h.items[serving.Pair{Store: p.StoreID, Product: p.ProductID}]
		if i == nil || i.topics == 0 {
			continue // nobody watches it any more
		}
		i.fresh = true
		if i.version == p.Version() {
			continue
		}
		i.version, i.seq, h.seq = p.Version(), next, next
		b, err := json.Marshal(p)
		if err != nil {
			panic(err) // a Product always marshals
		}
		i.event = append(append([]byte("event: signal\ndata: "), b...), '\n')
	}
}

// deliver gives each subscriber the changes that it has not seen. Those of a topic whose pairs were
// not all read yet wait for the round that reads them. h.mu is held.
func (h *hub) deliver() {
	for _, t := range h.topics {
		if slices.ContainsFunc(t.items, func(i *item) bool { return !i.fresh }) {
			continue
		}
		frames := map[uint64]frame{} // by what was seen: most subscribers have seen the same
		for s := range t.subscribers {
			if s.failed && !h.send(s, recoveredFrame) {
				continue
			}
			s.failed = false
			if s.seen == h.seq {
				continue
			}
			f, ok := frames[s.seen]
			if !ok {
				f = t.changes(s.seen, h.seq)
				frames[s.seen] = f
			}
			if f.events == 0 || h.send(s, f) {
				s.seen = h.seq
			}
		}
	}
}

// changes returns a frame with the signals that have changed after seen, up to seq. Its last event
// has the id, so that a client that has received a part of the frame gets all of it again.
func (t *topic) changes(seen, seq uint64) (f frame) {
	last := 0
	for _, i := range t.items {
		if i.seq > seen {
			last = len(f.bytes)
			f.bytes = append(append(f.bytes, i.event...), '\n')
			f.events++
		}
	}
	if f.events > 0 {
		f.bytes = slices.Insert(f.bytes, last, []byte("id: "+t.id+strconv.FormatUint(seq, 10)+"\n")...)
	}
	return f
}

// fail gives each subscriber a problem, once in an outage. h.mu is held.
func (h *hub) fail() {
	for s := range h.all() {
		if !s.failed && h.send(s, problemFrame) {
			s.failed = true
		}
	}
}

// send queues a frame. It ends a subscriber whose queue is full, and returns false. h.mu is held.
func (h *hub) send(s *subscriber, f frame) bool {
	select {
	case s.frames <- f:
		return true
	default:
		h.end(s, slow)
		return false
	}
}

var (
	problemFrame   = newFrame("problem", problemJSON(http.StatusServiceUnavailable, awayDetail))
	recoveredFrame = newFrame("recovered", []byte("{}"))
)

// newFrame returns a frame with an event.
func newFrame(event string, data []byte) frame {
	return frame{[]byte("event: " + event + "\ndata: " + string(data) + "\n\n"), 1}
}
