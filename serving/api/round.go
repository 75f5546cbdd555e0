package api

import (
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/beamlytics/streamlytics/serving"
)

// run reads all signals at each tick, and those of new subscribers at once, until the hub is
// closed.
func (h *hub) run(ticks <-chan time.Time) {
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-h.joined:
			h.round(false)
		case <-ticks:
			h.round(true)
		}
	}
}

// round reads all pairs, or only those that were not read yet, and gives the subscribers what has
// changed.
func (h *hub) round(all bool) {
	var pairs []serving.Pair
	h.mu.Lock()
	for pair, i := range h.items {
		if all || i.version == "" {
			pairs = append(pairs, pair)
		}
	}
	h.mu.Unlock()
	products := h.readAll(pairs)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, pair := range pairs {
		if i := h.items[pair]; i != nil { // else nobody watches it any more
			p, ok := products[pair]
			i.update(p, ok)
		}
	}
	for _, t := range h.topics {
		h.deliver(t)
	}
}

// readAll returns the products of those pairs that can be read. It stops when none of maxPairs can.
func (h *hub) readAll(pairs []serving.Pair) map[serving.Pair]serving.Product {
	products := map[serving.Pair]serving.Product{}
	for chunk := range slices.Chunk(pairs, maxPairs) {
		read, err := h.read(h.ctx, chunk)
		for n, p := range read {
			products[chunk[n]] = p
		}
		if failed, ok := errors.AsType[*serving.ReadError](err); ok {
			for _, pair := range failed.Pairs {
				delete(products, pair)
			}
			if len(failed.Pairs) == len(chunk) {
				break
			}
		}
	}
	return products
}

// update takes over what was read, or that nothing could be read.
func (i *item) update(p serving.Product, ok bool) {
	i.failed = !ok
	if version := p.Version(); ok && i.version != version {
		i.version, i.event = version, newEvent("signal", marshal(p))
		i.sum = fmt.Sprintf("%0*x", sumSize, crc32.ChecksumIEEE(i.event))
	}
}

// sumSize is the size of the sum of a signal. The sums of all signals of a topic are the id of its
// events.
const sumSize = 8

// unread is the sum of a signal that could not be read yet.
const unread = "--------"

// deliver gives each subscriber of a topic a problem when a pair cannot be read, a recovery when
// all can be again, and the signals that it has not got, once those were read that can be. h.mu is
// held.
func (h *hub) deliver(t *topic) {
	var sums strings.Builder
	failing, complete := false, true
	for _, i := range t.items {
		failing, complete = failing || i.failed, complete && (i.failed || i.sum != "")
		sums.WriteString(cmp.Or(i.sum, unread))
	}
	id, notice := sums.String(), recoveredFrame
	if failing {
		notice = problemFrame
	}
	frames := map[string][]byte{} // by what a subscriber has, which is the same for most
	for s := range t.subscribers {
		if s.failing != failing && !h.send(s, notice) {
			continue
		}
		s.failing = failing
		if s.has == id || !complete {
			continue
		}
		frame, ok := frames[s.has]
		if !ok {
			frame = t.changes(s.has, id)
			frames[s.has] = frame
		}
		if len(frame) == 0 || h.send(s, frame) {
			s.has = id
		}
	}
}

// changes returns a frame with the signals that differ from those that a subscriber has. Its last
// event has the id, so that a client that has received a part of the frame gets all of it again.
func (t *topic) changes(has, id string) (frame []byte) {
	last := 0
	for n, i := range t.items {
		if len(has) != len(id) || has[n*sumSize:(n+1)*sumSize] != i.sum {
			if len(i.event) > 0 {
				last = len(frame)
			}
			frame = append(frame, i.event...)
		}
	}
	if len(frame) == 0 {
		return nil
	}
	return slices.Insert(frame, last, []byte("id: "+id+"\n")...)
}

// send queues a frame. It ends a subscriber whose queue is full, and returns false. h.mu is held.
func (h *hub) send(s *subscriber, frame []byte) bool {
	select {
	case s.frames <- frame:
		return true
	default:
		h.end(s, slow)
		return false
	}
}

var (
	problemFrame   = newEvent("problem", problemJSON(http.StatusServiceUnavailable, awayDetail))
	recoveredFrame = newEvent("recovered", []byte("{}"))
)

// newEvent returns an event in the format of a stream.
func newEvent(name string, data []byte) []byte {
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", name, data)
}
