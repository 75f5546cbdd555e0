package localpubsub

// consumer is the flow control of a stream: what it was sent and has not settled. The queue that
// fills it owns it. A nil consumer has no limit.
type consumer struct {
	maxMessages, maxBytes int64 // 0 or less: no limit
	messages, bytes       int64
}

// full reports whether no more may be sent. By the protocol, the message that reaches the limit is
// still sent.
func (c *consumer) full() bool {
	if c == nil {
		return false
	}
	return c.maxMessages > 0 && c.messages >= c.maxMessages || c.maxBytes > 0 && c.bytes >= c.maxBytes
}

func (c *consumer) take(it *item) {
	if c != nil {
		c.messages++
		c.bytes += int64(it.bytes)
	}
}

func (c *consumer) free(it *item) {
	if c != nil {
		c.messages--
		c.bytes -= int64(it.bytes)
	}
}
