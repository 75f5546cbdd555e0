package redis

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// The limits of one exchange with Redis. replyTimeout is for a whole pipeline, so it must be long
// enough for maxPipeline commands of up to scriptSignals signals on a slow server.
const (
	dialTimeout  = 5 * time.Second
	replyTimeout = 10 * time.Second
)

// NewClient returns a client for the configuration: of a cluster when there is more than one
// address. It does not connect yet, and it does not retry. It fails when the configuration is not
// valid or its secret or its authorities cannot be read.
func NewClient(cfg Config) (goredis.UniversalClient, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	ctx := context.Background()
	password, err := readPassword(ctx, cfg.PasswordSecret)
	if err != nil {
		return nil, fmt.Errorf("PasswordSecret: %w", err)
	}
	tlsConfig, err := cfg.tlsConfig(ctx)
	if err != nil {
		return nil, err
	}
	opts := &goredis.UniversalOptions{
		Addrs:                    cfg.Addrs,
		Username:                 cfg.Username,
		Password:                 password,
		Dialer:                   dialer(tlsConfig),
		IsClusterMode:            len(cfg.Addrs) > 1,
		MaxRetries:               -1,
		DialTimeout:              dialTimeout,
		DialerRetries:            1,
		ReadTimeout:              replyTimeout,
		WriteTimeout:             replyTimeout,
		ContextTimeoutEnabled:    true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	return goredis.NewUniversalClient(opts), nil
}

// eachMaster calls f with every server that takes writes: each master of a cluster, at the same
// time, or the one server.
func eachMaster(
	ctx context.Context, client goredis.UniversalClient, f func(context.Context, goredis.Cmdable) error,
) error {
	if cc, ok := client.(*goredis.ClusterClient); ok {
		return cc.ForEachMaster(ctx, func(ctx context.Context, node *goredis.Client) error { return f(ctx, node) })
	}
	return f(ctx, client)
}

// Keys returns the keys of a pattern on all servers that take writes, sorted. It tries once.
func (r *Sink) Keys(ctx context.Context, pattern string) (keys []string, err error) {
	var mu sync.Mutex // guards keys: masters are scanned at the same time
	err = eachMaster(ctx, r.client, func(ctx context.Context, node goredis.Cmdable) error {
		it := node.Scan(ctx, 0, pattern, 1000).Iterator()
		for it.Next(ctx) {
			mu.Lock()
			keys = append(keys, it.Val())
			mu.Unlock()
		}
		return it.Err()
	})
	slices.Sort(keys)
	return slices.Compact(keys), err // SCAN may return a key twice
}

func pingServer(ctx context.Context, client goredis.UniversalClient) error {
	if err := client.Ping(ctx).Err(); err != nil {
		return err
	}
	// A user without the right to INFO passes; then the first write fails.
	if info, err := client.Info(ctx, "cluster").Result(); err == nil && strings.Contains(info, "cluster_enabled:1") {
		return errors.New("this is a node of a cluster: " +
			"give another address of the cluster too (the same one again will do)")
	}
	return nil
}

func pingCluster(ctx context.Context, client *goredis.ClusterClient) error {
	return client.ForEachMaster(ctx, func(ctx context.Context, node *goredis.Client) error {
		if err := node.Ping(ctx).Err(); err != nil {
			return fmt.Errorf("node %s: %w", node.Options().Addr, err)
		}
		return nil
	})
}

// pingHint returns what to check, to be appended to an error message.
func (r *Sink) pingHint(err error) string {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var dial *net.OpError
	switch {
	case errors.As(err, &authority):
		return " (none of the trusted authorities has signed the certificate of Redis: check the CA file, --redis_ca)"
	case errors.As(err, &host):
		return " (the certificate of Redis is for another host: check the address, --redis_addrs)"
	case !r.tls && errors.Is(err, io.EOF):
		return " (a server with TLS ends connections without it: is --redis_tls missing?)"
	case r.tls && errors.Is(err, context.DeadlineExceeded):
		return " (a server that does not speak TLS keeps silent: is --redis_tls right?)"
	case goredis.HasErrorPrefix(err, "WRONGPASS"), goredis.HasErrorPrefix(err, "NOAUTH"),
		goredis.HasErrorPrefix(err, "AUTH"):
		return " (check the user name and the password's secret: " +
			"--redis_username, --redis_password_secret or REDIS_PASSWORD)"
	case goredis.HasErrorPrefix(err, "NOPERM"):
		return " (docs/SECURITY.md lists the rights that the user needs)"
	case goredis.HasErrorPrefix(err, "This instance has cluster support disabled"):
		return " (several addresses mean a cluster; this is a single server: give --redis_addrs one)"
	case errors.As(err, &dial), errors.Is(err, context.DeadlineExceeded):
		return " (does Redis listen there? --redis_addrs names it)"
	}
	return ""
}
