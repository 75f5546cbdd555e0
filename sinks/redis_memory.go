package sinks

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// CheckEviction returns an error when a server may evict keys that have no expiry: stock would vanish, and the
// state with it. It asks by INFO, which managed services allow. A server that does not answer that, or a user
// without the right to it, passes.
func (r *Redis) CheckEviction(ctx context.Context) error {
	return r.do(ctx, func(ctx context.Context) error {
		return eachMaster(ctx, r.client, func(ctx context.Context, node redis.Cmdable) error {
			info, err := node.Info(ctx, "memory").Result()
			if err != nil {
				return nil //nolint:nilerr // Ping has shown that the server can be reached
			}
			limit, _ := field(info, "maxmemory")
			policy, _ := field(info, "maxmemory_policy")
			if limit == "" || limit == "0" || !strings.HasPrefix(policy, "allkeys-") {
				return nil
			}
			return fmt.Errorf("redis at %s: %s may evict any key at its limit of %s bytes (maxmemory_policy %s), "+
				"stock and state too: set maxmemory-policy to noeviction", r.addrs, nodeName(node), limit, policy)
		})
	})
}

// nodeName is the address of a server of a cluster, for errors.
func nodeName(node redis.Cmdable) string {
	if c, ok := node.(*redis.Client); ok {
		return "the server " + c.Options().Addr
	}
	return "the server"
}

// evicted returns how many keys all servers have evicted since they started.
func (r *Redis) evicted(ctx context.Context) (sum int64, err error) {
	counts := make(chan int64, 1024) // masters are asked at the same time
	err = r.do(ctx, func(ctx context.Context) error {
		return eachMaster(ctx, r.client, func(ctx context.Context, node redis.Cmdable) error {
			info, err := node.Info(ctx, "stats").Result()
			if err != nil {
				return err
			}
			var n int64
			if text, ok := field(info, "evicted_keys"); ok {
				if _, err := fmt.Sscan(text, &n); err != nil {
					return fmt.Errorf("evicted_keys: %w", err)
				}
			}
			counts <- n
			return nil
		})
	})
	close(counts)
	for n := range counts {
		sum += n
	}
	return sum, err
}
