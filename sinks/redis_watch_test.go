package sinks

import (
	"errors"
	"testing"

	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/internal/redistest"
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

// TestWatchWithoutTheRight gives up, and nothing else suffers.
func TestWatchWithoutTheRight(t *testing.T) {
	server := redistest.Start(t)
	if err := server.Client().Do(t.Context(), "acl", "setuser", "default", "-info").Err(); err != nil {
		t.Fatal(err)
	}
	r, err := OpenRedis(RedisConfig{Addrs: []string{server.Addr}}, RedisStats{})
	if err != nil {
		t.Fatal(err)
	}
	env, err := process.Register(t.Name(), nil)
	if err != nil {
		t.Fatal(err)
	}
	w := startWatch(env, r, nil)
	w.done.Wait()
	if err := errors.Join(w.Close(), r.Ping(t.Context()), r.Close(), env.Close()); err != nil {
		t.Error(err)
	}
}
