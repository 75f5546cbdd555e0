package redistest_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestTap checks what Redis holds at the moments in which the tap calls back.
func TestTap(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := redistest.Start(t)
	behind := s.Client()
	exists := func(key string) bool { return behind.Exists(ctx, key).Val() == 1 }
	// arrives waits: a command that was passed on is executed soon, but at no fixed time.
	arrives := func(key string) bool {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		for !exists(key) && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		return ctx.Err() == nil
	}
	var mu sync.Mutex
	var seen [][]string
	tap := redistest.StartTap(t, s, func(command []string) redistest.Act {
		mu.Lock()
		defer mu.Unlock()
		if command[0] == "set" {
			seen = append(seen, command)
		}
		switch {
		case slices.Contains(command, "before"):
			return redistest.Act{Before: func() {
				if exists("before") {
					t.Error("Redis has a command that was held")
				}
			}}
		case slices.Contains(command, "dropped"):
			return redistest.Act{Break: true}
		case slices.Contains(command, "last"):
			return redistest.Act{After: func() {}, Break: true}
		case slices.Contains(command, "after"):
			return redistest.Act{After: func() {
				if !arrives("after") {
					t.Error("Redis does not get a command that was passed on")
				}
			}}
		}
		return redistest.Act{}
	})

	rdb := redis.NewClient(&redis.Options{Addr: tap.Addr})
	defer rdb.Close()
	value := "line\r\nbreak \x00\xff"
	pipe := rdb.Pipeline()
	for _, key := range []string{"plain", "before", "after"} {
		pipe.Set(ctx, key, value, 0)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"plain", "before", "after"} {
		if got, err := behind.Get(ctx, key).Result(); err != nil || got != value {
			t.Errorf("%s is %q, %v", key, got, err)
		}
	}
	mu.Lock()
	if len(seen) != 3 || !slices.Equal(seen[0], []string{"set", "plain", value}) {
		t.Errorf("the tap saw %q", seen)
	}
	mu.Unlock()

	once := redis.NewClient(&redis.Options{Addr: tap.Addr, MaxRetries: -1})
	if err := once.Set(ctx, "dropped", value, 0).Err(); err == nil || exists("dropped") {
		t.Errorf("a command that was dropped: %v, and Redis has it: %v", err, exists("dropped"))
	}
	pipe = once.Pipeline()
	pipe.Set(ctx, "last", value, 0)
	pipe.Set(ctx, "next", value, 0)
	if _, err := pipe.Exec(ctx); err == nil || !arrives("last") || exists("next") {
		t.Errorf("where the connection breaks after a command: %v; Redis has the command: %v, and the next: %v",
			err, exists("last"), exists("next"))
	}

	s.Stop()
	if err := rdb.Ping(ctx).Err(); err == nil {
		t.Error("there is an answer from behind the tap, where the server is stopped")
	}
	s.Restart()
	if err := rdb.Ping(ctx).Err(); err != nil {
		t.Errorf("after the restart: %v", err)
	}

	if tap.Settle(10 * time.Millisecond) {
		t.Error("the tap has settled, though a program is there")
	}
	_ = rdb.Close()
	_ = once.Close()
	if !tap.Settle(20 * time.Second) {
		t.Error("the tap has not settled, though the program is gone")
	}
	tap.Close()
	late := redis.NewClient(&redis.Options{Addr: tap.Addr, MaxRetries: -1, DialerRetries: 1})
	if err := late.Ping(ctx).Err(); err == nil {
		t.Error("a closed tap answers")
	}
}
