package sinks

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// server is what INFO says of a server that takes writes.
type server struct {
	addr      string
	evicted   int64  // keys evicted since it was started
	maxMemory int64  // bytes; 0: no limit
	policy    string // maxmemory_policy; empty where it is not known
}

// evictsAll reports whether the server may evict keys without an expiry.
func (s server) evictsAll() bool { return s.maxMemory > 0 && strings.HasPrefix(s.policy, "allkeys-") }

// servers asks each server that takes writes for INFO and returns the answers by run id, the name that a server takes when it is
// started. It tries once.
func (r *Redis) servers(ctx context.Context) (map[string]server, error) {
	servers := map[string]server{}
	var mu sync.Mutex // masters are asked at the same time
	ask := func(ctx context.Context, node redis.Cmdable) error {
		info, err := node.Info(ctx).Result()
		if err != nil {
			return err
		}
		s := server{addr: r.addrs, evicted: number(info, "evicted_keys"), maxMemory: number(info, "maxmemory")}
		s.policy, _ = field(info, "maxmemory_policy")
		if c, ok := node.(*redis.Client); ok {
			s.addr = c.Options().Addr
		}
		id, ok := field(info, "run_id")
		if !ok {
			id = s.addr // a server that is no redis-server, such as that of the demo
		}
		mu.Lock()
		defer mu.Unlock()
		servers[id] = s
		return nil
	}
	err := r.do(ctx, func(ctx context.Context) error {
		err := eachMaster(ctx, r.client, ask)
		if cc, ok := r.client.(*redis.ClusterClient); ok && err != nil {
			cc.ReloadState(ctx) // another master may have taken over
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ask Redis at %s for INFO: %w", r.addrs, err)
	}
	return servers, nil
}

// mastersOf returns the addresses of a cluster's masters.
func mastersOf(ctx context.Context, cc *redis.ClusterClient) (map[string]bool, error) {
	masters := map[string]bool{}
	var mu sync.Mutex
	err := cc.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		masters[node.Options().Addr] = true
		return nil
	})
	return masters, err
}

// field finds a value in the answer to INFO.
func field(info, name string) (string, bool) {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// number finds a number in the answer to INFO, 0 where there is none.
func number(info, name string) int64 {
	value, _ := field(info, name)
	n, _ := strconv.ParseInt(value, 10, 64)
	return n
}
