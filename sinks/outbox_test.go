package sinks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks/mirror"
	"github.com/beamlytics/streamlytics/test/rig"
)

// slowWriter is what an outbox writes to: it writes when it is let.
type slowWriter struct {
	let chan error // each a write's result

	mu     sync.Mutex
	writes [][]int64 // the versions of each write
}

func (w *slowWriter) write(ctx context.Context, b *batch.Signals) error {
	var versions []int64
	for _, s := range b.Stocks {
		versions = append(versions, s.Version)
	}
	w.mu.Lock()
	w.writes = append(w.writes, versions)
	w.mu.Unlock()
	select {
	case err := <-w.let:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (w *slowWriter) written() [][]int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.writes)
}

func newOutboxFor(t *testing.T, w *slowWriter) (*outbox, *process.Env) {
	t.Helper()
	env, err := process.Register(t.Name(), acks.New(100))
	if err != nil {
		t.Fatal(err)
	}
	o := newOutbox(env, w.write)
	t.Cleanup(func() {
		if err := errors.Join(o.Close(), env.Close()); err != nil {
			t.Error(err)
		}
	})
	return o, env
}

func stockBatch(version int64) batch.Signals {
	return batch.Signals{Stocks: []signal.Stock{{StoreID: "1", ProductID: "p", Version: version}}}
}

// withinPatience is a context that ends when something takes far too long.
func withinPatience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// waitUntil waits for a condition.
func waitUntil(t *testing.T, what string, condition func() bool) {
	t.Helper()
	if err := rig.Until(what, 20*time.Second, condition); err != nil {
		t.Fatal(err)
	}
}

// TestOutboxKeepsOrderAndGathers: what waits behind a slow write is written at once, in order, and
// a flush waits for all of it.
func TestOutboxKeepsOrderAndGathers(t *testing.T) {
	w := &slowWriter{let: make(chan error)}
	o, env := newOutboxFor(t, w)
	ctx := withinPatience(t)
	if err := env.Flush(ctx); err != nil {
		t.Fatalf("flushing nothing: %v", err)
	}
	for version := range int64(4) {
		if err := o.add(ctx, stockBatch(version)); err != nil {
			t.Fatal(err)
		}
		if version == 0 {
			waitUntil(t, "the first write has begun", func() bool { return len(w.written()) == 1 })
		}
	}
	flushed := make(chan error, 1)
	go func() { flushed <- env.Flush(ctx) }()
	w.let <- nil
	select {
	case err := <-flushed:
		t.Fatalf("flushed with three batches waiting: %v", err)
	case w.let <- nil:
	}
	if err := <-flushed; err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(w.written()); got != "[[0] [1 2 3]]" {
		t.Errorf("written %s", got)
	}
}

// TestOutboxHoldsUp: a stage that is faster than Redis waits.
func TestOutboxHoldsUp(t *testing.T) {
	w := &slowWriter{let: make(chan error)}
	o, _ := newOutboxFor(t, w)
	if err := o.add(t.Context(), stockBatch(0)); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the first write has begun", func() bool { return len(w.written()) == 1 })
	for version := range int64(outboxBatches) {
		if err := o.add(t.Context(), stockBatch(version)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := o.add(ctx, stockBatch(9)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("adding to a full outbox: %v", err)
	}
}

// TestOutboxFails: a write that fails for good fails the pipeline, later adding, and whoever waits
// for the rest.
func TestOutboxFails(t *testing.T) {
	w := &slowWriter{let: make(chan error)}
	o, env := newOutboxFor(t, w)
	ctx := withinPatience(t)
	if err := o.add(ctx, stockBatch(0)); err != nil {
		t.Fatal(err)
	}
	w.let <- mirror.ErrFenced
	select {
	case <-env.Context().Done():
	case <-ctx.Done():
		t.Fatal("the pipeline has not failed")
	}
	if err := env.Flush(ctx); !errors.Is(err, mirror.ErrFenced) {
		t.Errorf("flush: %v", err)
	}
	<-o.done
	var err error
	for range outboxBatches + 1 { // the queue may still take some
		err = errors.Join(err, o.add(ctx, stockBatch(1)))
	}
	if !errors.Is(err, mirror.ErrFenced) {
		t.Errorf("adding after a failure: %v", err)
	}
}

// TestOutboxClosesWhileItWrites: that is the pipeline's end and no failure.
func TestOutboxClosesWhileItWrites(t *testing.T) {
	w := &slowWriter{let: make(chan error)}
	o, env := newOutboxFor(t, w)
	if err := o.add(t.Context(), stockBatch(0)); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the write has begun", func() bool { return len(w.written()) == 1 })
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if err := env.Err(); err != nil {
		t.Errorf("the pipeline has failed: %v", err)
	}
}
