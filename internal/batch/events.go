package batch

import "github.com/beamlytics/streamlytics/event"

// Messages are the messages that a source emits at once, at most a few thousand. Its owner is the
// ack tracker: receivers do not change it.
type Messages struct {
	Messages []event.Message
	Token    int64 // ack token of all of them; 0 where the runner acknowledges
}

// Events are events of one Messages. A receiver may keep the events' strings and messages, but not
// the slice: it is used again when ProcessElement has returned.
type Events struct {
	Events []event.UnifiedInventoryEvent
	Token  int64 // ack token of the messages; 0 where the runner acknowledges
}

// DeadLetters are dead letters of any number of ack tokens. Whoever emits them holds these tokens
// until ProcessElement of the receiver, which writes the letters, has returned. The slice is used
// again then.
type DeadLetters struct {
	Letters []event.DeadLetter
}
