package acks

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
)

// TestTrackerUnderConcurrency opens batches whose messages fan out through goroutines at random, as
// bundles do. Every batch must be done exactly once, after its last piece.
func TestTrackerUnderConcurrency(t *testing.T) {
	const sources, batchesEach = 8, 200
	tr := New(64)
	var messages, over atomic.Int64
	var work sync.WaitGroup
	for source := range sources {
		work.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(source)))
			for range batchesEach {
				n := r.IntN(5)
				messages.Add(int64(n))
				var pieces atomic.Int64 // not yet released
				var calls atomic.Int64
				pieces.Add(1)
				token := []int64{tr.Open(make([]event.Message, n), func() {
					if calls.Add(1) != 1 {
						t.Error("done was called twice")
					}
					if left := pieces.Load(); left != 0 {
						t.Errorf("done with %d pieces left", left)
					}
					over.Add(1)
				})}
				for range r.IntN(4) {
					k := 1 + r.IntN(3)
					pieces.Add(int64(k))
					tr.Hold(token, k)
					for range k {
						work.Go(func() {
							tr.Message(token[0], 0)
							pieces.Add(-1)
							tr.Release(token)
						})
					}
				}
				pieces.Add(-1)
				tr.Release(token)
			}
		})
	}
	work.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := tr.Wait(ctx); err != nil {
		t.Fatalf("waiting after the last release: %v", err)
	}
	if over.Load() != sources*batchesEach {
		t.Errorf("%d of %d batches are done", over.Load(), sources*batchesEach)
	}
	if tr.Outstanding() != 0 || tr.Acked() != messages.Load() {
		t.Errorf("outstanding %d, acked %d; want 0 and %d", tr.Outstanding(), tr.Acked(), messages.Load())
	}
}

// TestWaitCoversDone checks that every done function has returned when Wait returns, also if two
// batches end at the same time.
func TestWaitCoversDone(t *testing.T) {
	tr := New(10)
	proceed, entered := make(chan struct{}), make(chan struct{})
	slow := []int64{tr.Open(make([]event.Message, 1), func() {
		close(entered)
		<-proceed
	})}
	fast := []int64{tr.Open(make([]event.Message, 1), func() {})}
	released := make(chan struct{})
	go func() {
		defer close(released)
		tr.Release(slow)
	}()
	<-entered
	tr.Release(fast)
	select {
	case <-tr.idle:
		t.Error("the tracker is idle while a done function runs")
	default:
	}
	close(proceed)
	<-released
	if err := tr.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if tr.Outstanding() != 0 {
		t.Errorf("outstanding is %d after everything was released", tr.Outstanding())
	}
}
