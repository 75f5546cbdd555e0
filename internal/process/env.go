// Package process holds what the DoFns of one pipeline share in this process: the ack tracker,
// counts, state and connections. DoFns are serialised and exist in many copies, so they carry the
// id of the pipeline and find the rest here.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/history"
	"github.com/beamlytics/streamlytics/internal/metrics"
)

// Env is what the DoFns of one pipeline share in this process. It is safe for concurrent use.
type Env struct {
	Tracker *acks.Tracker // nil where the runner acknowledges messages
	Metrics *metrics.Process
	History *history.History // nil where nobody reads it; set before the DoFns are set up

	input
	losses

	restoring atomic.Int64 // keys still to be restored

	failing context.Context // ends with the first Fail, whose error is the cause
	fail    context.CancelCauseFunc

	mu        sync.Mutex
	flushers  []func(context.Context) error
	resources map[string]*resource
	order     []string
}

type resource struct {
	once  sync.Once
	value any
	err   error
}

var (
	mu   sync.Mutex
	envs = map[string]*Env{}
)

// Register makes the Env of a pipeline whose DoFns all run in this process. Close removes it.
func Register(id string, tracker *acks.Tracker) (*Env, error) {
	mu.Lock()
	defer mu.Unlock()
	if envs[id] != nil {
		return nil, fmt.Errorf("register pipeline %q: the id is in use", id)
	}
	e := newEnv(tracker)
	envs[id] = e
	return e, nil
}

func newEnv(tracker *acks.Tracker) *Env {
	e := &Env{Tracker: tracker, Metrics: metrics.NewProcess(time.Now()), resources: map[string]*resource{}}
	e.failing, e.fail = context.WithCancelCause(context.Background())
	return e
}

// Of returns the Env of a pipeline. In a worker of a runner none is registered; Of makes one
// without a tracker, which lives as long as the process.
func Of(id string) *Env {
	mu.Lock()
	defer mu.Unlock()
	e := envs[id]
	if e == nil {
		e = newEnv(nil)
		envs[id] = e
	}
	return e
}

// BeginRestore sets how many Beam keys are to be restored before the graph starts.
func (e *Env) BeginRestore(keys int) { e.restoring.Store(int64(keys)) }

// KeyRestored counts one of them as restored.
func (e *Env) KeyRestored() { e.restoring.Add(-1) }

// RestoringKeys returns how many keys are still to be restored.
func (e *Env) RestoringKeys() int64 { return max(e.restoring.Load(), 0) }

// Fail ends the pipeline with an error of something that runs beside the bundles. The first error
// counts.
func (e *Env) Fail(err error) { e.fail(err) }

// Context ends when Fail is called, with its error as the cause.
func (e *Env) Context() context.Context { return e.failing }

// Err returns the first error of Fail, or nil.
func (e *Env) Err() error { return context.Cause(e.failing) }

// OnFlush adds a function that waits until something that runs beside the bundles has finished all
// that it was given.
func (e *Env) OnFlush(f func(context.Context) error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.flushers = append(e.flushers, f)
}

// Flush calls the functions of OnFlush.
func (e *Env) Flush(ctx context.Context) error {
	e.mu.Lock()
	flushers := e.flushers
	e.mu.Unlock()
	var errs []error
	for _, f := range flushers {
		errs = append(errs, f(ctx))
	}
	return errors.Join(errs...)
}

// MustWait reports whether a source must not emit now: too much is outstanding, or the pipeline
// drains.
func (e *Env) MustWait() bool { return e.Tracker.Full() || e.Stopping() }

// Shared returns the resource of a name. The first caller opens it, and after a failure the next
// one. A resource that is an io.Closer is closed with the Env, the last one opened first.
func Shared[T any](e *Env, name string, open func() (T, error)) (T, error) {
	e.mu.Lock()
	r := e.resources[name]
	if r == nil {
		r = &resource{}
		e.resources[name] = r
		e.order = append(e.order, name)
	}
	e.mu.Unlock()
	r.once.Do(func() { r.value, r.err = open() })
	if r.err != nil {
		e.forget(name, r)
		var zero T
		return zero, r.err
	}
	return r.value.(T), nil
}

// forget removes a resource that could not be opened.
func (e *Env) forget(name string, r *resource) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.resources[name] == r {
		delete(e.resources, name)
		e.order = slices.DeleteFunc(e.order, func(s string) bool { return s == name })
	}
}

var errClosed = errors.New("the pipeline is closed")

// Close waits for resources that are being opened, closes all, and removes the Env.
func (e *Env) Close() error {
	mu.Lock()
	for id, x := range envs {
		if x == e {
			delete(envs, id)
		}
	}
	mu.Unlock()
	e.mu.Lock()
	resources, order := e.resources, e.order
	e.resources, e.order = map[string]*resource{}, nil
	e.mu.Unlock()
	var errs []error
	for i := len(order) - 1; i >= 0; i-- {
		r := resources[order[i]]
		r.once.Do(func() { r.err = errClosed }) // waits for a bundle that is just opening it
		if c, ok := r.value.(io.Closer); ok && r.err == nil {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}
