package sinks

import (
	"context"
	"sync"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/sinks/retry"
)

// outboxBatches is how many batches an outbox holds before its stage is blocked.
const outboxBatches = 4

// outbox writes the batches of one stage in a goroutine, in order, so that the next bundle computes
// while Redis answers. Batches that wait are joined: the signals of a busy key are then written
// once. It is used only where messages are acknowledged by the ack tracker, so that a bundle may
// end before its signals are written. A write that fails for good fails the pipeline through
// Env.Fail.
//
// It is safe for concurrent use; batches are written in the order of their adding.
type outbox struct {
	env   *process.Env
	write func(context.Context, *batch.Signals) error

	queue  chan batch.Signals
	cancel context.CancelFunc
	done   chan struct{} // closed when the writer has ended

	mu      sync.Mutex
	waiting int           // batches that are not yet written
	empty   chan struct{} // closed while there are none
}

func newOutbox(env *process.Env, write func(context.Context, *batch.Signals) error) *outbox {
	ctx, cancel := context.WithCancel(context.Background())
	o := &outbox{
		env: env, write: write, queue: make(chan batch.Signals, outboxBatches),
		cancel: cancel, done: make(chan struct{}), empty: make(chan struct{}),
	}
	close(o.empty)
	env.OnFlush(o.flush)
	go func() {
		defer close(o.done)
		if err := o.run(ctx); err != nil && ctx.Err() == nil { // otherwise it was closed
			env.Fail(err)
		}
	}()
	return o
}

// add queues a batch. It waits while the queue is full, and fails when the writer has ended.
func (o *outbox) add(ctx context.Context, b batch.Signals) error {
	o.mu.Lock()
	if o.waiting == 0 {
		o.empty = make(chan struct{})
	}
	o.waiting++
	o.mu.Unlock()
	select {
	case o.queue <- b:
		return nil
	case <-o.done:
		if err := o.env.Err(); err != nil {
			return err
		}
		return retry.ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (o *outbox) run(ctx context.Context) error {
	for {
		select {
		case b := <-o.queue:
			n := 1
			for more := true; more; {
				select {
				case next := <-o.queue:
					b.Join(next)
					n++
				default:
					more = false
				}
			}
			if err := o.write(ctx, &b); err != nil {
				return err
			}
			o.wrote(n)
		case <-ctx.Done():
			return nil
		}
	}
}

func (o *outbox) wrote(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.waiting -= n; o.waiting == 0 {
		close(o.empty)
	}
}

// flush returns when all batches that were added are written. It returns the cause when ctx ends or
// the pipeline fails.
func (o *outbox) flush(ctx context.Context) error {
	o.mu.Lock()
	empty := o.empty
	o.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-o.env.Context().Done():
		return o.env.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close ends the goroutine. Batches that wait are not written.
func (o *outbox) Close() error {
	o.cancel()
	<-o.done
	return nil
}
