package dataflow

import (
	"context"
	"sync"
)

// queue holds the messages for a stream, which may not be open yet and has one writer. It has no
// bound, so that forwarding from one stream to another never waits.
type queue[T any] struct {
	mu    sync.Mutex
	items []T
	more  chan struct{}
}

func newQueue[T any]() *queue[T] { return &queue[T]{more: make(chan struct{}, 1)} }

func (q *queue[T]) put(items ...T) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items = append(q.items, items...)
	select {
	case q.more <- struct{}{}:
	default:
	}
}

// sendTo sends what is put until the context ends or sending fails.
func (q *queue[T]) sendTo(ctx context.Context, send func(T) error) error {
	for {
		q.mu.Lock()
		items := q.items
		q.items = nil
		q.mu.Unlock()
		for _, x := range items {
			if err := send(x); err != nil {
				return err
			}
		}
		select {
		case <-q.more:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
