package localpubsub

import (
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
)

// maxBatchBytes is the most bytes of one response, beyond its first message.
const maxBatchBytes = 8 << 20

// queue holds the messages of one subscription: those that are ready, in the order in which they
// became ready, those that are leased, and those that were given up and wait for their next
// delivery. It has no lock and no clock; the caller passes a time that never goes back. Every
// operation on a message is O(1).
type queue struct {
	ids       ackIDs
	ready     chain
	leases    map[uint64]*item
	expiring  schedule    // the leases
	waiting   schedule    // given up, and not delivered again before their time
	failing   failing     // what happens to messages that are given up
	dead      []*item     // given up too often; see takeDead
	duplicate func() bool // reports whether a first delivery is followed by another; nil for never
	stats     Stats       // without Backlog and Leased
}

func newQueue(serial uint64) queue {
	return queue{
		ids: ackIDs{serial: serial}, leases: map[uint64]*item{},
		expiring: schedule{byLength: map[time.Duration]*chain{}},
		waiting:  schedule{byLength: map[time.Duration]*chain{}},
	}
}

// push adds a message at the end.
func (q *queue) push(m *pb.PubsubMessage, bytes int) {
	q.ready.pushBack(&item{message: m, bytes: bytes})
}

// lease takes up to limit messages from the front, for the given length of time. It stops when the
// consumer is full or when the messages have too many bytes for one response.
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
		q.expiring.add(it, now, length)
		q.stats.Delivered++
		if it.attempt > 1 {
			q.stats.Redelivered++
		} else if !it.duplicate && q.duplicate != nil && q.duplicate() {
			q.stats.Duplicated++
			q.ready.pushBack(&item{message: it.message, bytes: it.bytes, duplicate: true})
		}
		out = append(out, &pb.ReceivedMessage{AckId: q.ids.text(it.ackID), Message: it.message,
			DeliveryAttempt: it.attempt})
	}
	return out
}

// ack forgets a message. It reports whether the id is that of a lease.
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

// extend gives a lease another length from now on. Length 0 gives the message up. Unknown ids are
// ignored.
func (q *queue) extend(now time.Time, id uint64, length time.Duration) {
	it := q.leases[id]
	if it == nil {
		return
	}
	if length == 0 {
		q.giveUp(it, now)
		return
	}
	it.remove()
	q.expiring.add(it, now, length)
}

// undo cancels deliveries that were not sent: the messages are again at the front, in their order,
// as if they had not been leased. ids must be those of one result of lease, in its order.
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

// giveUp ends a lease without an acknowledgement. The message is delivered again, at once or later,
// or is dead.
func (q *queue) giveUp(it *item, now time.Time) {
	q.settle(it)
	switch wait := q.failing.backoff(it.attempt); {
	case q.failing.hopeless(it.attempt):
		q.dead = append(q.dead, it)
	case wait > 0:
		q.waiting.add(it, now, wait)
	default:
		q.ready.pushBack(it)
	}
}

// expire gives up the messages of expired leases. It returns how many messages became ready: these,
// and those whose wait is over.
func (q *queue) expire(now time.Time) int {
	before := q.ready.length
	q.endLeases(now, now)
	q.waiting.take(now, func(it *item) {
		it.remove()
		q.ready.pushBack(it)
	})
	return q.ready.length - before
}

// endLeases gives up the messages of all leases that expire by a time.
func (q *queue) endLeases(now, by time.Time) {
	q.expiring.take(by, func(it *item) {
		q.giveUp(it, now)
		q.stats.Expired++
	})
}

// takeDead returns the messages that were given up too often, and forgets them.
func (q *queue) takeDead() []*item {
	dead := q.dead
	q.dead = nil
	return dead
}

// nextChange returns a time before which no lease expires and no wait ends, or false if there is
// neither.
func (q *queue) nextChange() (time.Time, bool) {
	next := q.expiring.earliest
	if at := q.waiting.earliest; next.IsZero() || !at.IsZero() && at.Before(next) {
		next = at
	}
	return next, !next.IsZero()
}

func (q *queue) snapshot() Stats {
	s := q.stats
	s.Backlog, s.Leased = int64(q.ready.length+q.waiting.length()), int64(len(q.leases))
	return s
}

// settle ends a lease. The item is in no chain afterwards.
func (q *queue) settle(it *item) {
	delete(q.leases, it.ackID)
	it.remove()
	it.holder.free(it)
	it.ackID, it.due, it.holder = 0, time.Time{}, nil
}
