// Package acks tracks which messages of this process are outstanding, so that a message is
// acknowledged after all its results are written. It works while all DoFns share one process.
//
// A source opens a batch of messages and gets an ack token. Each stage that passes on an element of
// the batch holds the token once for it. The stage that ends the element releases the token: it has
// written it to Redis or to the dead letters, or dropped it. When the last hold is released, the
// batch is done and its source acknowledges the messages. The number of outstanding messages is the
// backpressure of the pipeline: sources wait while the tracker is full.
//
// On a runner with its own delivery guarantee there is no tracker: a nil *Tracker does nothing and
// is never full.
package acks

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/beamlytics/streamlytics/event"
)

// maxBytes bounds the memory of outstanding messages, as a few thousand large ones take gigabytes.
const maxBytes = 256 << 20

// Tracker counts the holds of each token. It is safe for concurrent use.
type Tracker struct {
	limit       int64
	outstanding atomic.Int64
	bytes       atomic.Int64 // of the outstanding messages
	acked       atomic.Int64

	mu     sync.Mutex
	last   int64 // the token that was returned last
	open   map[int64]*batch
	ending int           // batches without holds whose done function has not returned
	idle   chan struct{} // closed while no batch is open or ending
	isIdle bool
	first  time.Time // when the first batch was opened
	latest time.Time // when the latest batch was done
}

type batch struct {
	messages []event.Message
	bytes    int64
	holds    int
	done     func()
}

// New returns a tracker that is full at limit messages or at 256 MiB of them.
func New(limit int64) *Tracker {
	t := &Tracker{limit: limit, open: map[int64]*batch{}, idle: make(chan struct{}), isIdle: true}
	close(t.idle)
	return t
}

// Open registers a batch of messages with one hold and returns its token. The caller releases that
// hold when it has emitted all messages. Open sets Token and Index of the messages and retains the
// slice until the batch is done. It calls done once, without holding a lock, when the last hold is
// released.
func (t *Tracker) Open(messages []event.Message, done func()) int64 {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	if t.first.IsZero() {
		t.first = time.Now()
	}
	b := &batch{messages: messages, holds: 1, done: done}
	for i := range messages {
		messages[i].Token, messages[i].Index = t.last, int32(i)
		b.bytes += int64(messages[i].Size())
	}
	t.open[t.last] = b
	t.outstanding.Add(int64(len(messages)))
	t.bytes.Add(b.bytes)
	if t.isIdle {
		t.isIdle, t.idle = false, make(chan struct{})
	}
	return t.last
}

// Hold adds n holds to each token. It ignores 0 and tokens of batches that are done.
func (t *Tracker) Hold(tokens []int64, n int) {
	if t == nil || n == 0 || len(tokens) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range tokens {
		if b := t.open[k]; b != nil {
			b.holds += n
		}
	}
}

// Release releases one hold of each token. Batches without a hold are done.
func (t *Tracker) Release(tokens []int64) {
	if t == nil || len(tokens) == 0 {
		return
	}
	var finished []*batch
	t.mu.Lock()
	for _, k := range tokens {
		b := t.open[k]
		if b == nil {
			continue
		}
		if b.holds--; b.holds == 0 {
			delete(t.open, k)
			finished = append(finished, b)
		}
	}
	t.ending += len(finished)
	t.mu.Unlock()
	for _, b := range finished {
		b.done()
		t.acked.Add(int64(len(b.messages)))
		t.outstanding.Add(-int64(len(b.messages)))
		t.bytes.Add(-b.bytes)
	}
	if len(finished) == 0 {
		return
	}
	t.mu.Lock()
	t.latest = time.Now()
	t.ending -= len(finished)
	if len(t.open) == 0 && t.ending == 0 && !t.isIdle {
		t.isIdle = true
		close(t.idle)
	}
	t.mu.Unlock()
}

// Message returns a message of an open batch, for a dead letter of a later stage than decoding.
func (t *Tracker) Message(token int64, index int32) (event.Message, bool) {
	if t == nil {
		return event.Message{}, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.open[token]
	if b == nil || int(index) >= len(b.messages) {
		return event.Message{}, false
	}
	return b.messages[index], true
}

// Last returns the token that Open returned last, or 0 if there is none.
func (t *Tracker) Last() int64 {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// DoneUpTo reports whether all batches with tokens up to the given one are done.
func (t *Tracker) DoneUpTo(token int64) bool {
	if t == nil {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for k := range t.open {
		if k <= token {
			return false
		}
	}
	return true
}

// Outstanding returns the number of messages in open batches.
func (t *Tracker) Outstanding() int64 {
	if t == nil {
		return 0
	}
	return t.outstanding.Load()
}

// Bytes returns the size of the messages in open batches.
func (t *Tracker) Bytes() int64 {
	if t == nil {
		return 0
	}
	return t.bytes.Load()
}

// Acked returns the number of messages in batches that are done.
func (t *Tracker) Acked() int64 {
	if t == nil {
		return 0
	}
	return t.acked.Load()
}

// Busy returns the time from the opening of the first batch to the end of the latest.
func (t *Tracker) Busy() time.Duration {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(t.latest.Sub(t.first), 0)
}

// Full reports whether sources must wait before they open another batch.
func (t *Tracker) Full() bool {
	return t != nil && (t.outstanding.Load() >= t.limit || t.bytes.Load() >= maxBytes)
}

// Wait waits until no batch is open and every done function has returned, or until the context
// ends. Then it returns the context's cause.
func (t *Tracker) Wait(ctx context.Context) error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	idle := t.idle
	t.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
