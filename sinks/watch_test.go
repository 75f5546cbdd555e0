package sinks

import (
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/sinks/mirror"
	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// canaryKey is the canary of a single server.
const canaryKey = "streamlytics:here"

// watched starts a watch that ends with the test, and returns when it has begun.
func watched(t *testing.T, r *redis.Sink, m *mirror.Mirror) *process.Env {
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
	waitUntil(t, "the watch has begun", func() bool { return r.Client().Exists(t.Context(), canaryKey).Val() == 1 })
	return env
}

func openRedis(t *testing.T, addrs ...string) *redis.Sink {
	t.Helper()
	r, err := redis.Open(redis.Config{Addrs: addrs}, redis.Stats{})
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

// openMirror opens the mirror as one more pipeline would.
func openMirror(t *testing.T, server *redistest.Server) *mirror.Mirror {
	t.Helper()
	m, err := mirror.Open(t.Context(), openRedis(t, server.Addr), mirror.Options{KeyGroups: 64, ProductGroups: 16})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestWatchNoticesWhatRedisLoses: a restart and an emptied server count as a loss, each once; a
// Redis that only hangs does not.
func TestWatchNoticesWhatRedisLoses(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	env := watched(t, openRedis(t, server.Addr), nil)
	here := func() bool { return server.Client().Exists(t.Context(), canaryKey).Val() == 1 }

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

// TestWatchNoticesEachMaster empties the masters of a cluster, one after the other: each is one
// loss. So is each that is restarted, and none is a failover in agreement but for the new server.
func TestWatchNoticesEachMaster(t *testing.T) {
	t.Parallel()
	c := redistest.StartClusterWithReplicas(t, 0)
	env := watched(t, openRedis(t, c.Addrs()...), nil)
	canaries := func(master *redistest.Server) bool {
		keys, err := master.Client().Keys(t.Context(), canaryKey+"*").Result()
		return err == nil && len(keys) > 0
	}
	losses := int64(0)
	for _, master := range c.Masters() {
		waitUntil(t, "each master has a canary", func() bool { return canaries(master) })
		if err := master.Client().FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		losses++
		waitUntil(t, fmt.Sprint("loss ", losses, " is noticed"), func() bool { return env.Losses() == losses })
	}
	promoted := c.Failover(c.Masters()[0])
	losses++
	waitUntil(t, "the other server is noticed", func() bool { return env.Losses() == losses })
	waitUntil(t, "it has a canary", func() bool { return canaries(promoted) })
	if err := promoted.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	losses++
	waitUntil(t, "it is noticed as empty", func() bool { return env.Losses() == losses })
}

// TestWatchWithoutTheRight: without INFO, an emptied server is noticed all the same.
func TestWatchWithoutTheRight(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	if err := server.Client().Do(t.Context(), "acl", "setuser", "default", "-info").Err(); err != nil {
		t.Fatal(err)
	}
	r := openRedis(t, server.Addr)
	env := watched(t, r, nil)
	if err := server.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the emptied server is noticed", func() bool { return env.Losses() == 1 })
	if err := errors.Join(r.Ping(t.Context()), r.CheckEviction(t.Context())); err != nil {
		t.Error(err)
	}
}

// TestWatchEndsTheSuperseded: a pipeline fails when another has begun to use its state, also when
// it is idle.
func TestWatchEndsTheSuperseded(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	env := watched(t, openRedis(t, server.Addr), openMirror(t, server))
	openMirror(t, server)
	waitUntil(t, "the pipeline fails", func() bool { return errors.Is(env.Err(), mirror.ErrFenced) })
}

// TestWatchNoticesAMissingLayout: the layout and the epochs are written again when somebody deletes
// them.
func TestWatchNoticesAMissingLayout(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	m := openMirror(t, server)
	write := func(w batch.LogWrite) {
		t.Helper()
		if _, err := m.Write(t.Context(), []batch.LogWrite{w}, w.Losses); err != nil {
			t.Fatal(err)
		}
	}
	write(batch.LogWrite{Key: "7", Seq: 1, Record: []byte("a")})
	env := watched(t, openRedis(t, server.Addr), m)
	server.Client().Del(t.Context(), "streamlytics:layout")
	waitUntil(t, "the loss is noticed", func() bool { return env.Losses() == 1 })
	write(batch.LogWrite{Key: "7", Seq: 2, Prev: 1, Losses: 1, Anew: true, Record: []byte("a")})
	server.Client().Del(t.Context(), "streamlytics:epochs")
	waitUntil(t, "the loss is noticed", func() bool { return env.Losses() == 2 })
	if last := server.Client().HGet(t.Context(), "streamlytics:epochs", "last").Val(); last != "1" {
		t.Errorf("the last epoch is %s, want 1", last)
	}
}

// TestEvictionIsNoLoss: keys that a full Redis evicts are counted, and are no loss of data.
func TestEvictionIsNoLoss(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--maxmemory-policy", "volatile-lru")
	env := watched(t, openRedis(t, server.Addr), nil)
	rdb := server.Client()
	const keys, size = 200, 20_000
	pipe := rdb.Pipeline()
	for i := range keys {
		pipe.SetArgs(t.Context(), fmt.Sprint("expires", i), make([]byte, size), goredis.SetArgs{TTL: time.Hour})
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	used, err := strconv.Atoi(rdb.InfoMap(t.Context(), "memory").Item("Memory", "used_memory"))
	if err != nil {
		t.Fatal(err)
	}
	if err := rdb.ConfigSet(t.Context(), "maxmemory", strconv.Itoa(used-keys*size/2)).Err(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the evictions are counted", func() bool { return env.Metrics.Count(metrics.RedisEvictedKeys) > 0 })
	if n := env.Losses(); n != 0 {
		t.Errorf("%d losses", n)
	}
}
