package demo

import (
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/test/redistest"
)

func openTestStore(t *testing.T, addrs ...string) (*store, *redis.Sink) {
	t.Helper()
	s, err := openStore(t.Context(), addrs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	sink, err := redis.Open(s.config, redis.Stats{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	return s, sink
}

func TestAUsedRedisIsRefused(t *testing.T) {
	server := redistest.Start(t)
	rdb := server.Client()
	for _, key := range []string{"stock:s:p", "velocity:global:p:1hr"} {
		if err := rdb.Set(t.Context(), key, "1", 0).Err(); err != nil {
			t.Fatal(err)
		}
		s, err := openStore(t.Context(), []string{server.Addr})
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("a Redis with %s: error %v", key, err)
			if err == nil {
				s.close()
			}
		}
		if err := rdb.Del(t.Context(), key).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := rdb.Set(t.Context(), "stocking", "something else", 0).Err(); err != nil {
		t.Fatal(err)
	}
	s, err := openStore(t.Context(), []string{server.Addr})
	if err != nil {
		t.Fatal(err)
	}
	s.close()
	server.Stop()
	_, err = openStore(t.Context(), []string{server.Addr})
	if err == nil || !strings.Contains(err.Error(), server.Addr) {
		t.Errorf("no Redis: error %v", err)
	}
}
