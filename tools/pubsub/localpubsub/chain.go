package localpubsub

import (
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
)

// item is one message in one subscription. It is in at most one chain at any time: that of the
// messages that are ready, of the leases of one length, or of the messages that wait equally long
// for their next delivery.
type item struct {
	message   *pb.PubsubMessage // shared between subscriptions, read-only
	bytes     int
	attempt   int32 // deliveries so far
	duplicate bool  // a copy made by fault injection

	due time.Time // when the lease expires, or the wait ends

	// Of a lease.
	ackID  uint64
	holder *consumer

	in         *chain
	prev, next *item
}

// chain is a doubly linked list through the items themselves, so that moving a message allocates
// nothing.
type chain struct {
	front, back *item
	length      int
}

func (c *chain) pushBack(it *item) {
	it.in, it.prev, it.next = c, c.back, nil
	if c.back == nil {
		c.front = it
	} else {
		c.back.next = it
	}
	c.back = it
	c.length++
}

func (c *chain) pushFront(it *item) {
	it.in, it.prev, it.next = c, nil, c.front
	if c.front == nil {
		c.back = it
	} else {
		c.front.prev = it
	}
	c.front = it
	c.length++
}

// remove removes the item from its chain.
func (it *item) remove() {
	c := it.in
	if it.prev == nil {
		c.front = it.next
	} else {
		it.prev.next = it.next
	}
	if it.next == nil {
		c.back = it.prev
	} else {
		it.next.prev = it.prev
	}
	c.length--
	it.in, it.prev, it.next = nil, nil, nil
}
