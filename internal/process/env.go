// Package process gives the DoFns of one pipeline what they share within this process: the ack tracker, the counts, and
// connections. DoFns are serialised and come to life in many copies, so they carry only the pipeline's id and look the rest up
// here.
package process

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/metrics"
)

// Env is what the DoFns of one pipeline share. It is safe for concurrent use.
type Env struct {
	Tracker *acks.Tracker // nil where the runner itself acknowledges
	Metrics *metrics.Process

	stopping atomic.Bool

	mu        sync.Mutex
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

// Register makes an Env for a pipeline whose DoFns all run in this process. Close removes it.
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
	return &Env{Tracker: tracker, Metrics: metrics.NewProcess(time.Now()), resources: map[string]*resource{}}
}

// Of returns the Env of a pipeline. In a worker process that another process submitted to, nobody registered one; it is made
// on first use, without a tracker, and lives as long as the process.
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

// Stop tells sources to emit nothing more.
func (e *Env) Stop() { e.stopping.Store(true) }

// Stopping reports whether Stop was called.
func (e *Env) Stopping() bool { return e.stopping.Load() }

// Shared returns the resource of a name, opened by the first who asks. A failure is final for the name. Resources that are
// io.Closers are closed with the Env, last opened first.
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
		var zero T
		return zero, r.err
	}
	return r.value.(T), nil
}

// Close closes the shared resources and forgets the pipeline.
func (e *Env) Close() error {
	mu.Lock()
	for id, x := range envs {
		if x == e {
			delete(envs, id)
		}
	}
	mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	var errs []error
	for i := len(e.order) - 1; i >= 0; i-- {
		r := e.resources[e.order[i]]
		if c, ok := r.value.(io.Closer); ok && r.err == nil {
			errs = append(errs, c.Close())
		}
	}
	e.resources, e.order = map[string]*resource{}, nil
	return errors.Join(errs...)
}
