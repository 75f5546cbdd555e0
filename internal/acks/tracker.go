// Package acks knows which messages of this process are still on their way, and says when everything that a message caused
// is where it must be, so that the message can be acknowledged.
//
// A source opens a batch of messages and gets a token. Whoever passes on something that came from the batch holds the token
// once for each thing passed on, and whoever brings such a thing to its end (written to Redis, to the dead letters, or found
// to be nothing) releases it. When the last hold goes, the batch is done and its source acknowledges. The number of messages
// in open batches is the pipeline's backpressure: sources stop emitting while the tracker is full.
//
// It works while all DoFns share one process. On runners with their own delivery guarantee there is no tracker: a nil
// *Tracker does nothing and is never full.
package acks

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/beamlytics/streamlytics/event"
)

// maxBytes bounds what the messages in open batches take, whatever their number: a few thousand of the largest are gigabytes.
const maxBytes = 256 << 20

// Tracker counts holds. It is safe for concurrent use.
type Tracker struct {
	limit       int64
	outstanding atomic.Int64
	bytes       atomic.Int64 // of the messages outstanding
	acked       atomic.Int64

	mu     sync.Mutex
	last   int64
	open   map[int64]*batch
	ending int           // batches without holds whose done has not returned
	idle   chan struct{} // closed while nothing is open or ending
	isIdle bool
	first  time.Time // when the first batch was opened
	latest time.Time // when a batch was done last
}

type batch struct {
	messages []event.Message
	bytes    int64
	holds    int
	done     func()
}

// New returns a tracker that is full at limit messages, or at 256 MiB of them.
func New(limit int64) *Tracker {
	t := &Tracker{limit: limit, open: map[int64]*batch{}, idle: make(chan struct{}), isIdle: true}
	close(t.idle)
	return t
}

// Open registers messages with one hold, which the caller releases when it has emitted them all, stamps Token and Index into
// them, and returns the token. done is called once, outside of any lock, when the last hold is released. The tracker keeps
// the slice until then, for Message.
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

// Hold adds n holds to each token. Tokens of batches that are done, or 0, are ignored.
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

// Release takes one hold from each token, and finishes the batches that have none left.
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

// Message returns a message of an open batch, for a dead letter that is found long after decoding.
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

// Last is the token that Open returned last, 0 before the first.
func (t *Tracker) Last() int64 {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// DoneUpTo reports whether every batch with a token up to the given one has no holds left.
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

// Outstanding is the number of messages in open batches.
func (t *Tracker) Outstanding() int64 {
	if t == nil {
		return 0
	}
	return t.outstanding.Load()
}

// Bytes is the size of the messages in open batches.
func (t *Tracker) Bytes() int64 {
	if t == nil {
		return 0
	}
	return t.bytes.Load()
}

// Acked is the number of messages in batches that are done.
func (t *Tracker) Acked() int64 {
	if t == nil {
		return 0
	}
	return t.acked.Load()
}

// Busy is the time from the first batch that was opened to the last that was done.
func (t *Tracker) Busy() time.Duration {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(t.latest.Sub(t.first), 0)
}

// Full reports whether a source should wait before it opens another batch.
func (t *Tracker) Full() bool {
	return t != nil && (t.outstanding.Load() >= t.limit || t.bytes.Load() >= maxBytes)
}

// Wait returns when no batch is open and every done has returned, or with the context's error.
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
