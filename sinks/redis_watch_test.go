package sinks

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestWatchNoticesWhatRedisLoses: a restart and an emptied server count as a loss, each once; a Redis that only hangs does not.
func TestWatchNoticesWhatRedisLoses(t *testing.T) {
	server := redistest.Start(t)
	r, err := OpenRedis(RedisConfig{Addrs: []string{server.Addr}}, RedisStats{})
	if err != nil {
		t.Fatal(err)
	}
	env, err := process.Register(t.Name(), nil)
	if err != nil {
		t.Fatal(err)
	}
	w := startWatch(env, r, nil)
	t.Cleanup(func() {
		if err := errors.Join(w.Close(), r.Close(), env.Close()); err != nil {
			t.Error(err)
		}
	})
	here := func() bool { return server.Client().Exists(t.Context(), watchKey).Val() == 1 }
	waitUntil(t, "the watch has begun", here)

	server.Pause()
	server.Resume()
	if err := server.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the emptied server is noticed", func() bool { return env.Losses() == 1 })
	waitUntil(t, "the key is there again", here)
	server.Restart()
	waitUntil(t, "the restart is noticed", func() bool { return env.Losses() == 2 })
	waitUntil(t, "the key is there again", here)

	// A loss that was found elsewhere meanwhile is not counted twice.
	env.Lose(1)
	if n := env.Losses(); n != 2 {
		t.Errorf("%d losses, want 2", n)
	}
}

// watched starts a watch that ends with the test, and returns when it has begun.
func watched(t *testing.T, r *Redis, m *Mirror) *process.Env {
	t.Helper()
	env, err := process.Register(t.Name(), nil)
	if err != nil {
		t.Fatal(err)
	}
	w := startWatch(env, r, m)
	t.Cleanup(func() {
		if err := errors.Join(w.Close(), env.Close()); err != nil {
			t.Error(err)
		}
	})
	waitUntil(t, "the watch has begun", func() bool { return r.client.Exists(t.Context(), watchKey).Val() == 1 })
	return env
}

func openTestRedis(t *testing.T, addrs ...string) *Redis {
	t.Helper()
	r, err := OpenRedis(RedisConfig{Addrs: addrs}, RedisStats{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// TestWatchWithoutTheRight: without INFO, an emptied server is noticed all the same.
func TestWatchWithoutTheRight(t *testing.T) {
	server := redistest.Start(t)
	if err := server.Client().Do(t.Context(), "acl", "setuser", "default", "-info").Err(); err != nil {
		t.Fatal(err)
	}
	r := openTestRedis(t, server.Addr)
	env := watched(t, r, nil)
	if err := server.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the emptied server is noticed", func() bool { return env.Losses() == 1 })
	if err := errors.Join(r.Ping(t.Context()), r.CheckEviction(t.Context())); err != nil {
		t.Error(err)
	}
}

// TestWatchOfACluster: one master that is emptied is noticed, whichever it is.
func TestWatchOfACluster(t *testing.T) {
	cluster := redistest.StartCluster(t)
	r := openTestRedis(t, cluster.Addrs()...)
	env := watched(t, r, nil)
	var mu sync.Mutex // masters are visited at the same time
	var masters []*redis.Client
	err := r.client.(*redis.ClusterClient).ForEachMaster(t.Context(), func(_ context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		masters = append(masters, node)
		return nil
	})
	if err != nil || len(masters) < 2 {
		t.Fatalf("%d masters, %v", len(masters), err)
	}
	for i, master := range masters {
		waitUntil(t, "each master has a key", func() bool { return master.DBSize(t.Context()).Val() > 0 })
		if err := master.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		waitUntil(t, "the emptied master is noticed", func() bool { return env.Losses() == int64(i+1) })
	}
}

// TestWatchEndsTheSuperseded: a pipeline fails when another has begun to use its state, also when it is idle.
func TestWatchEndsTheSuperseded(t *testing.T) {
	server, open := mirrors(t)
	m := mustOpen(t, open)
	env := watched(t, openTestRedis(t, server.Addr), m)
	mustOpen(t, open)
	waitUntil(t, "the pipeline fails", func() bool { return errors.Is(env.Err(), ErrFenced) })
}

// TestEviction: a policy that may evict any key is refused, and evicted keys are counted.
func TestEviction(t *testing.T) {
	server := redistest.Start(t, "--maxmemory", "16mb", "--maxmemory-policy", "allkeys-lru")
	r := openTestRedis(t, server.Addr)
	err := r.CheckEviction(t.Context())
	if err == nil || !strings.Contains(err.Error(), "allkeys-lru") || !strings.Contains(err.Error(), "noeviction") {
		t.Errorf("allkeys-lru: %v", err)
	}
	env := watched(t, r, nil)
	waitUntil(t, "keys are evicted and counted", func() bool {
		server.Client().Set(t.Context(), rand.Text(), strings.Repeat("x", 1<<16), 0)
		return env.Metrics.Count(metrics.RedisEvictedKeys) > 0
	})
	for _, harmless := range [][]string{{"maxmemory-policy", "noeviction"}, {"maxmemory-policy", "volatile-lru"}, {"maxmemory", "0", "maxmemory-policy", "allkeys-lfu"}} {
		args := []any{"config", "set"}
		for _, a := range harmless {
			args = append(args, a)
		}
		if err := server.Client().Do(t.Context(), args...).Err(); err != nil {
			t.Fatal(err)
		}
		if err := r.CheckEviction(t.Context()); err != nil {
			t.Errorf("%v: %v", harmless, err)
		}
	}
}
