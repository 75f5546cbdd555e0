package localpubsub

import (
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
)

// maxBatchBytes bounds one response, beyond its first message.
const maxBatchBytes = 8 << 20

// queue holds the messages of one subscription: those that are ready, in the order in which they became so, and those that
// are leased. It is plain data without lock or clock; the caller passes a time that never goes back.
//
// Leases of the same length expire in the order in which they were given. So there is one chain for each length in use (the
// protocol has whole seconds up to 600), its front expires first, and every operation on a message is O(1).
type queue struct {
	ids       ackIDs
	ready     chain
	leases    map[uint64]*item
	byLength  map[time.Duration]*chain
	earliest  time.Time   // no lease expires before it; zero if nothing was leased since it was last worked out
	duplicate func() bool // draws whether a first delivery is followed by another; nil for never
	stats     Stats       // without Backlog and Leased
}

func newQueue(serial uint64) queue {
	return queue{ids: ackIDs{serial: serial}, leases: map[uint64]*item{}, byLength: map[time.Duration]*chain{}}
}

// push adds a message at the end.
func (q *queue) push(m *pb.PubsubMessage, bytes int) {
	q.ready.pushBack(&item{message: m, bytes: bytes})
}

// lease takes up to limit messages off the front for the given length of time. It stops when the consumer is full or the
// messages get too many bytes for one response.
func (q *queue) lease(now time.Time, length time.Duration, limit int, to *consumer) []*pb.ReceivedMessage {
	if q.ready.length == 0 || limit <= 0 || to.full() {
		return nil
	}
	out := make([]*pb.ReceivedMessage, 0, min(limit, q.ready.length, 1000))
	total := 0
	for len(out) < limit && !to.full() {
		it := q.ready.front
		if it == nil || len(out) > 0 && total+it.bytes > maxBatchBytes {
			break
		}
		it.remove()
		total += it.bytes
		it.attempt++
		it.ackID = q.ids.next()
		it.holder = to
		to.take(it)
		q.leases[it.ackID] = it
		q.expireAfter(it, now, length)
		q.stats.Delivered++
		if it.attempt > 1 {
			q.stats.Redelivered++
		} else if !it.duplicate && q.duplicate != nil && q.duplicate() {
			q.stats.Duplicated++
			q.ready.pushBack(&item{message: it.message, bytes: it.bytes, duplicate: true})
		}
		out = append(out, &pb.ReceivedMessage{AckId: q.ids.text(it.ackID), Message: it.message, DeliveryAttempt: it.attempt})
	}
	return out
}

// ack forgets a message. It reports whether the id named a lease.
func (q *queue) ack(id uint64) bool {
	it := q.leases[id]
	if it == nil {
		q.stats.UnknownAcks++
		return false
	}
	q.settle(it)
	if !it.duplicate {
		q.stats.Acked++
	}
	return true
}

// extend gives a lease another length from now on. Length 0 gives the message up for delivery. Unknown ids are ignored.
func (q *queue) extend(now time.Time, id uint64, length time.Duration) {
	it := q.leases[id]
	if it == nil {
		return
	}
	if length == 0 {
		q.settle(it)
		q.ready.pushBack(it)
		return
	}
	it.remove()
	q.expireAfter(it, now, length)
}

// undo takes back deliveries that never left: the messages are again at the front, in their order, as if not leased. Ids
// must be those of one result of lease, in its order.
func (q *queue) undo(ids []uint64) {
	for i := len(ids) - 1; i >= 0; i-- {
		it := q.leases[ids[i]]
		if it == nil {
			continue
		}
		q.settle(it)
		q.stats.Delivered--
		if it.attempt > 1 {
			q.stats.Redelivered--
		}
		it.attempt--
		q.ready.pushFront(it)
	}
}

// expire makes the messages of expired leases ready, and returns their number.
func (q *queue) expire(now time.Time) int {
	if q.earliest.IsZero() || now.Before(q.earliest) {
		return 0
	}
	n := 0
	q.earliest = time.Time{}
	for length, c := range q.byLength {
		for it := c.front; it != nil && !it.expires.After(now); it = c.front {
			q.settle(it)
			q.ready.pushBack(it)
			n++
		}
		if c.front == nil {
			delete(q.byLength, length)
		} else if q.earliest.IsZero() || c.front.expires.Before(q.earliest) {
			q.earliest = c.front.expires
		}
	}
	q.stats.Expired += int64(n)
	return n
}

// nextExpiry is a time before which no lease expires, or false when there is no lease.
func (q *queue) nextExpiry() (time.Time, bool) {
	return q.earliest, len(q.leases) > 0
}

func (q *queue) snapshot() Stats {
	s := q.stats
	s.Backlog, s.Leased = int64(q.ready.length), int64(len(q.leases))
	return s
}

// settle ends a lease. The item is in no chain then.
func (q *queue) settle(it *item) {
	delete(q.leases, it.ackID)
	it.remove()
	it.holder.free(it)
	it.ackID, it.expires, it.holder = 0, time.Time{}, nil
}

func (q *queue) expireAfter(it *item, now time.Time, length time.Duration) {
	c := q.byLength[length]
	if c == nil {
		c = &chain{}
		q.byLength[length] = c
	}
	it.expires = now.Add(length)
	c.pushBack(it)
	if q.earliest.IsZero() || it.expires.Before(q.earliest) {
		q.earliest = it.expires
	}
}
