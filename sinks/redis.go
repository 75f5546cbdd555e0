package sinks

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Limits of one conversation with Redis. replyTimeout is for a whole pipeline, so it must leave a slow Redis the time for
// maxPipeline commands of up to scriptSignals signals.
const (
	dialTimeout  = 5 * time.Second
	replyTimeout = 10 * time.Second
)

// RedisStats is told what a Redis sink does, with the context of the write. A nil function is not called; the others must be safe
// for concurrent use.
type RedisStats struct {
	// Writes is told how many signals were written; older ones that Redis did not take are not among them.
	Writes func(ctx context.Context, n int64)
	// Retries is told of each attempt that failed, in part or whole, and is repeated.
	Retries func(ctx context.Context, n int64)
}

// Redis writes signals to a Redis server or cluster. It is safe for concurrent use, but the order of two writes of the same
// velocity key that overlap in time is not defined.
type Redis struct {
	addrs    string
	client   redis.UniversalClient
	cluster  bool
	tls      bool
	stats    RedisStats
	failures failureLog

	closed chan struct{}

	mu       sync.Mutex // guards isClosed and adding to inFlight
	isClosed bool
	inFlight sync.WaitGroup
}

// NewRedisClient returns a client for the configuration: of a cluster when there is more than one address. It does not
// connect yet. It fails when the configuration is not valid or its secret or its authorities cannot be read. The client leaves
// retries to its caller.
func NewRedisClient(cfg RedisConfig) (redis.UniversalClient, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	ctx := context.Background()
	password, err := redisPassword(ctx, cfg.PasswordSecret)
	if err != nil {
		return nil, fmt.Errorf("PasswordSecret: %w", err)
	}
	tlsConfig, err := cfg.tlsConfig(ctx)
	if err != nil {
		return nil, err
	}
	opts := &redis.UniversalOptions{
		Addrs:                    cfg.Addrs,
		Username:                 cfg.Username,
		Password:                 password,
		Dialer:                   redisDialer(tlsConfig),
		IsClusterMode:            len(cfg.Addrs) > 1,
		MaxRetries:               -1,
		DialTimeout:              dialTimeout,
		DialerRetries:            1,
		ReadTimeout:              replyTimeout,
		WriteTimeout:             replyTimeout,
		ContextTimeoutEnabled:    true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	return redis.NewUniversalClient(opts), nil
}

// OpenRedis opens the sink. It does not connect yet: call Ping at start-up.
func OpenRedis(cfg RedisConfig, stats RedisStats) (*Redis, error) {
	client, err := NewRedisClient(cfg)
	if err != nil {
		return nil, fmt.Errorf("open Redis: %w", err)
	}
	return &Redis{
		addrs:    cfg.String(),
		client:   client,
		cluster:  len(cfg.Addrs) > 1,
		tls:      cfg.TLS,
		stats:    stats,
		failures: failureLog{what: "write to Redis"},
		closed:   make(chan struct{}),
	}, nil
}

// Ping checks once that Redis can be reached, lets the user in, and may be written to in the way of this sink. Its error
// names the address and what to look at.
func (r *Redis) Ping(ctx context.Context) error {
	err := r.do(ctx, func(ctx context.Context) error {
		if cc, ok := r.client.(*redis.ClusterClient); ok {
			return pingCluster(ctx, cc)
		}
		return pingServer(ctx, r.client)
	})
	if err == nil {
		err = r.loadScript(ctx)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) { // the connection's deadline is that of ctx, and may come first
		err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	if err != nil {
		return fmt.Errorf("redis at %s: %w%s", r.addrs, err, r.pingHint(err))
	}
	return nil
}

// eachMaster hands every server that takes writes to f: each master of a cluster, at the same time, or the one server.
func eachMaster(ctx context.Context, client redis.UniversalClient, f func(context.Context, redis.Cmdable) error) error {
	if cc, ok := client.(*redis.ClusterClient); ok {
		return cc.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return f(ctx, node) })
	}
	return f(ctx, client)
}

func pingServer(ctx context.Context, client redis.UniversalClient) error {
	if err := client.Ping(ctx).Err(); err != nil {
		return err
	}
	// A user without the right to INFO is let pass: then the first write tells.
	if info, err := client.Info(ctx, "cluster").Result(); err == nil && strings.Contains(info, "cluster_enabled:1") {
		return fmt.Errorf("this is a node of a cluster: give another address of the cluster too (the same one again will do)")
	}
	return nil
}

func pingCluster(ctx context.Context, client *redis.ClusterClient) error {
	return client.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		if err := node.Ping(ctx).Err(); err != nil {
			return fmt.Errorf("node %s: %w", node.Options().Addr, err)
		}
		return nil
	})
}

// pingHint says what to look at, after an error message.
func (r *Redis) pingHint(err error) string {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var dial *net.OpError
	switch {
	case errors.As(err, &authority):
		return " (none of the trusted authorities has signed the certificate of Redis: check the CA file, --redis_ca)"
	case errors.As(err, &host):
		return " (the certificate of Redis is for another host: check the address, --redis_addrs)"
	case !r.tls && errors.Is(err, io.EOF):
		return " (a server that speaks TLS ends connections without it: is --redis_tls missing?)"
	case r.tls && errors.Is(err, context.DeadlineExceeded):
		return " (a server that does not speak TLS keeps silent: is --redis_tls right?)"
	case redis.HasErrorPrefix(err, "WRONGPASS"), redis.HasErrorPrefix(err, "NOAUTH"), redis.HasErrorPrefix(err, "AUTH"):
		return " (check the user name and the password's secret: --redis_username, --redis_password_secret or REDIS_PASSWORD)"
	case redis.HasErrorPrefix(err, "NOPERM"):
		return " (docs/SECURITY.md lists the rights that the user needs)"
	case redis.HasErrorPrefix(err, "This instance has cluster support disabled"):
		return " (several addresses mean a cluster; this is a single server: give --redis_addrs one)"
	case errors.As(err, &dial), errors.Is(err, context.DeadlineExceeded):
		return " (does Redis listen there? --redis_addrs names it)"
	}
	return ""
}

// Close closes the connections. Writes under way end with ErrClosed, as do later ones. Closing again does nothing.
func (r *Redis) Close() error {
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

// do runs fn and returns its error, or returns early when ctx ends or the sink is closed: a client that waits for a reply
// does not notice the end of its context. What fn uses must not be touched after an early return.
func (r *Redis) do(ctx context.Context, fn func(context.Context) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.mu.Lock()
	if r.isClosed {
		r.mu.Unlock()
		return ErrClosed
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
		return ErrClosed
	case <-ctx.Done():
		select {
		case err := <-result: // done, and not cancelled
			return err
		default:
			return context.Cause(ctx)
		}
	}
}
