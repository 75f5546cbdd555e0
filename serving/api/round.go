package api

import (
	"encoding/json"
	"errors"
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
	pairs, outage := h.due(all)
	var products []serving.Product
	failed := pairs
	if all || !outage {
		products, failed = h.readAll(pairs)
		outage = len(pairs) > 0 && len(failed) == len(pairs)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.outage = outage
	h.apply(products, failed)
	for _, t := range h.topics {
		h.deliver(t)
	}
}

// due returns the pairs to read, and whether the last read failed for all pairs.
func (h *hub) due(all bool) (pairs []serving.Pair, outage bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for pair, i := range h.items {
		if i.topics > 0 && (all || !i.fresh) {
			pairs = append(pairs, pair)
		}
	}
	return pairs, h.outage
}

// readAll reads pairs. It stops when none of maxPairs can be read, and returns the products of the
// pairs that were read, and the other pairs.
func (h *hub) readAll(pairs []serving.Pair) (products []serving.Product, failed []serving.Pair) {
	for n := 0; n < len(pairs); n += maxPairs {
		chunk := pairs[n:min(n+maxPairs, len(pairs))]
		read, err := h.read(h.ctx, chunk)
		some, _ := errors.AsType[*serving.ReadError](err)
		if err != nil && (some == nil || len(some.Pairs) == len(chunk)) {
			return products, append(failed, pairs[n:]...)
		}
		if err != nil {
			failed = append(failed, some.Pairs...)
			read = slices.DeleteFunc(read, func(p serving.Product) bool {
				return slices.Contains(some.Pairs, serving.Pair{Store: p.StoreID, Product: p.ProductID})
			})
		}
		products = append(products, read...)
	}
	return products, failed
}

// apply takes over what was read, and what could not be read. h.mu is held.
func (h *hub) apply(products []serving.Product, failed []serving.Pair) {
	for _, pair := range failed {
		if i := h.items[pair]; i != nil {
			i.failed = true
		}
	}
	next := h.seq + 1
	for _, p := range products {
		i := h.items[serving.Pair{Store: p.StoreID, Product: p.ProductID}]
		if i == nil || i.topics == 0 {
			continue // nobody watches it any more
		}
		i.fresh, i.failed = true, false
		if i.version == p.Version() {
			continue
		}
		i.version, i.seq, h.seq = p.Version(), next, next
		b, err := json.Marshal(p)
		if err != nil {
			panic(err) // what serving has read marshals
		}
		i.event = append(append([]byte("event: signal\ndata: "), b...), '\n')
	}
}

// deliver gives each subscriber of a topic a problem when a pair cannot be read, a recovery when all
// can be again, and the changes that it has not seen, once each pair was read. h.mu is held.
func (h *hub) deliver(t *topic) {
	failing := slices.ContainsFunc(t.items, func(i *item) bool { return i.failed })
	waiting := slices.ContainsFunc(t.items, func(i *item) bool { return !i.fresh })
	if waiting && !failing {
		return
	}
	notice := recoveredFrame
	if failing {
		notice = problemFrame
	}
	frames := map[uint64]frame{} // by what was seen: most subscribers have seen the same
	for s := range t.subscribers {
		if s.failing != failing && !h.send(s, notice) {
			continue
		}
		s.failing = failing
		if waiting || s.seen == h.seq {
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
