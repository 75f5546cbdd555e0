package sinks

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestEvictionIsNoLoss: keys that a full Redis evicts are counted, and are no loss of data.
func TestEvictionIsNoLoss(t *testing.T) {
	server := redistest.Start(t, "--maxmemory-policy", "volatile-lru")
	env := watched(t, openTestRedis(t, server.Addr), nil)
	rdb := server.Client()
	const keys, size = 200, 20_000
	pipe := rdb.Pipeline()
	for i := range keys {
		pipe.SetArgs(t.Context(), fmt.Sprint("expires", i), make([]byte, size), redis.SetArgs{TTL: time.Hour})
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	used, err := rdb.Info(t.Context(), "memory").Result()
	if err != nil {
		t.Fatal(err)
	}
	if err := rdb.ConfigSet(t.Context(), "maxmemory", fmt.Sprint(number(used, "used_memory")-keys*size/2)).Err(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the evictions are counted", func() bool { return env.Metrics.Count(metrics.RedisEvictedKeys) > 0 })
	if n := env.Losses(); n != 0 {
		t.Errorf("%d losses", n)
	}
}

// TestCheckEviction: a Redis that may evict keys without an expiry is refused.
func TestCheckEviction(t *testing.T) {
	for _, c := range []struct {
		policy, limit string
		refused       bool
	}{
		{"noeviction", "100mb", false}, {"volatile-lru", "100mb", false}, {"allkeys-lru", "0", false},
		{"allkeys-lru", "100mb", true}, {"allkeys-lfu", "100mb", true}, {"allkeys-random", "100mb", true},
	} {
		server := redistest.Start(t, "--maxmemory-policy", c.policy, "--maxmemory", c.limit)
		checkEviction(t, []string{server.Addr}, c.policy, c.refused)
	}
	cluster := redistest.StartCluster(t)
	last := cluster.Nodes[2].Client()
	for _, set := range [][2]string{{"maxmemory", "100mb"}, {"maxmemory-policy", "allkeys-lru"}} {
		if err := last.ConfigSet(t.Context(), set[0], set[1]).Err(); err != nil {
			t.Fatal(err)
		}
	}
	checkEviction(t, cluster.Addrs(), "allkeys-lru", true)
}

func checkEviction(t *testing.T, addrs []string, policy string, refused bool) {
	t.Helper()
	err := openTestRedis(t, addrs...).CheckEviction(t.Context())
	if (err != nil) != refused {
		t.Errorf("%s: %v, want refused %v", policy, err, refused)
	}
	for _, want := range []string{addrs[len(addrs)-1], policy, "noeviction"} {
		if refused && err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}
