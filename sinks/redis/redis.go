// Package redis writes signals to a Redis server or cluster, and notices when a server has lost
// data.
package redis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/sinks/retry"
)

// Stats are functions that are called with what a sink does, with the context of the write. Each
// may be nil; the others must be safe for concurrent use.
type Stats struct {
	// Writes is called with the number of signals written, without older ones that Redis refused.
	Writes func(ctx context.Context, n int64)
	// Retries is called for each attempt that failed, in part or whole, and is repeated.
	Retries func(ctx context.Context)
}

// Sink writes signals to a Redis server or cluster. It is safe for concurrent use, but the order of
// two writes of the same velocity key that overlap in time is not defined.
type Sink struct {
	addrs   string
	client  goredis.UniversalClient
	cluster bool
	tls     bool
	stats   Stats
	target  *retry.Target

	closed chan struct{}

	mu       sync.Mutex // guards isClosed and adding to inFlight
	isClosed bool
	inFlight sync.WaitGroup
}

// Open returns a sink. It does not connect yet: call Ping at start-up.
func Open(cfg Config, stats Stats) (*Sink, error) {
	client, err := NewClient(cfg)
	if err != nil {
		return nil, fmt.Errorf("open Redis: %w", err)
	}
	closed := make(chan struct{})
	return &Sink{
		addrs:   cfg.String(),
		client:  client,
		cluster: len(cfg.Addrs) > 1,
		tls:     cfg.TLS,
		stats:   stats,
		target:  retry.NewTarget("write to Redis", cfg.String(), closed),
		closed:  closed,
	}, nil
}

// String returns the addresses, for logs and errors.
func (r *Sink) String() string { return r.addrs }

// Client returns the client of the sink, which does not retry.
func (r *Sink) Client() goredis.UniversalClient { return r.client }

// Ping is Reach, and checks that Redis allows the writes of the sink: it loads their script.
func (r *Sink) Ping(ctx context.Context) error {
	if err := r.Reach(ctx); err != nil {
		return err
	}
	return r.explain(r.loadScript(ctx))
}

// Reach checks once that Redis can be reached and accepts the user. It changes nothing. Its error
// names the address and what to check.
func (r *Sink) Reach(ctx context.Context) error {
	return r.explain(r.do(ctx, func(ctx context.Context) error {
		if cc, ok := r.client.(*goredis.ClusterClient); ok {
			return pingCluster(ctx, cc)
		}
		return pingServer(ctx, r.client)
	}))
}

// explain adds to an error of the connection the address and what to check.
func (r *Sink) explain(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) { // the connection's deadline, which may pass before that of ctx
		err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	if err != nil {
		return fmt.Errorf("redis at %s: %w%s", r.addrs, err, r.pingHint(err))
	}
	return nil
}

// Close closes the connections. Writes that are waiting, and later ones, return ErrClosed of
// package retry. Another Close does nothing.
func (r *Sink) Close() error {
	r.mu.Lock()
	if r.isClosed {
		r.mu.Unlock()
		return nil
	}
	r.isClosed = true
	close(r.closed)
	r.mu.Unlock()
	err := r.client.Close()
	r.inFlight.Wait()
	if err != nil {
		return fmt.Errorf("close Redis: %w", err)
	}
	return nil
}

// do runs fn and returns its error. It returns early when ctx ends or the sink is closed, because a
// client that waits for a reply does not notice the end of its context. What fn uses must not be
// touched after an early return.
func (r *Sink) do(ctx context.Context, fn func(context.Context) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.mu.Lock()
	if r.isClosed {
		r.mu.Unlock()
		return retry.ErrClosed
	}
	r.inFlight.Add(1)
	r.mu.Unlock()

	ctx, cancel := context.WithCancel(ctx)
	result := make(chan error, 1)
	go func() {
		defer r.inFlight.Done()
		defer cancel()
		result <- fn(ctx)
	}()
	select {
	case err := <-result:
		return err
	case <-r.closed:
		cancel()
		return retry.ErrClosed
	case <-ctx.Done():
		select {
		case err := <-result: // done, and not cancelled
			return err
		default:
			return context.Cause(ctx)
		}
	}
}
