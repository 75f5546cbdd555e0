package redis

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	goredis "github.com/redis/go-redis/v9"
)

// server is the state of a server that takes writes, from INFO.
type server struct {
	addr      string
	version   string // of Redis; empty where it is not known
	replica   bool   // it takes no writes
	evicted   int64  // keys evicted since it was started
	maxMemory int64  // bytes; 0: no limit
	policy    string // maxmemory_policy; empty where it is not known
}

// evictsAll reports whether the server may evict keys without an expiry.
func (s server) evictsAll() bool { return s.maxMemory > 0 && strings.HasPrefix(s.policy, "allkeys-") }

// eviction describes the policy and its limit.
func (s server) eviction() string {
	switch {
	case s.policy == "":
		return "INFO names no policy"
	case s.maxMemory == 0:
		return s.policy + ", without a limit of memory"
	default:
		return fmt.Sprintf("%s, at a limit of %d bytes", s.policy, s.maxMemory)
	}
}

// distinct joins the different texts of a list, sorted.
func distinct(list []string) string {
	slices.Sort(list)
	return strings.Join(slices.Compact(list), "; ")
}

// servers returns the state of each server that takes writes, by run id: the name that a server
// takes when it is started. It tries once.
func (r *Sink) servers(ctx context.Context) (map[string]server, error) {
	servers := map[string]server{}
	var mu sync.Mutex // guards servers: masters are asked at the same time
	ask := func(ctx context.Context, node goredis.Cmdable) error {
		info, err := node.Info(ctx).Result()
		if err != nil {
			return err
		}
		s := server{addr: r.addrs, evicted: number(info, "evicted_keys"), maxMemory: number(info, "maxmemory")}
		s.policy, _ = field(info, "maxmemory_policy")
		s.version, _ = field(info, "redis_version")
		role, _ := field(info, "role")
		s.replica = role == "slave"
		if c, ok := node.(*goredis.Client); ok {
			s.addr = c.Options().Addr
		}
		id, ok := field(info, "run_id")
		if !ok {
			id = s.addr // not a redis-server, such as the server of the demo
		}
		mu.Lock()
		defer mu.Unlock()
		servers[id] = s
		return nil
	}
	err := r.do(ctx, func(ctx context.Context) error {
		err := eachMaster(ctx, r.client, ask)
		if cc, ok := r.client.(*goredis.ClusterClient); ok && err != nil {
			cc.ReloadState(ctx) // a replica may have become a master
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ask Redis at %s for INFO: %w", r.addrs, err)
	}
	return servers, nil
}

// mastersOf returns the addresses of a cluster's masters.
func mastersOf(ctx context.Context, cc *goredis.ClusterClient) (map[string]bool, error) {
	masters := map[string]bool{}
	var mu sync.Mutex
	err := cc.ForEachMaster(ctx, func(_ context.Context, node *goredis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		masters[node.Options().Addr] = true
		return nil
	})
	return masters, err
}

// field returns a value in the answer to INFO.
func field(info, name string) (string, bool) {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// number returns a number in the answer to INFO, 0 where there is none.
func number(info, name string) int64 {
	value, _ := field(info, name)
	n, _ := strconv.ParseInt(value, 10, 64)
	return n
}
