package demo

import (
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/signal"
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

// The Redis in this process must understand all that the pipeline says to it.
func TestTheRedisInThisProcessTakesSignals(t *testing.T) {
	s, sink := openTestStore(t)
	ctx := t.Context()
	if err := sink.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	stock := signal.Stock{StoreID: "s", ProductID: "p", OnHand: -3, Version: 1_795_000_000_000_002, Known: true, Barrier: 7, AsOf: 8, Badge: signal.LowStock}
	older, tiny := stock, stock
	older.OnHand, older.Version = 99, stock.Version-1
	tiny.ProductID, tiny.Known, tiny.Barrier, tiny.Badge = "q", false, 0, ""
	for _, batch := range [][]signal.Stock{{stock, tiny}, {older}, {stock}} {
		if err := sink.WriteStock(ctx, batch); err != nil {
			t.Fatal(err)
		}
	}
	values, err := mget(ctx, s.client, []string{"stock:s:p", "stock:s:q", "stock:s:r"})
	if err != nil || values[0] != "-3" || values[1] != "-3" || values[2] != "" {
		t.Errorf("stock %q, %v", values, err)
	}
	meta, err := s.client.HMGet(ctx, "{stock:s:p}:meta", "version", "known", "barrier", "as_of", "badge").Result()
	if err != nil || meta[0] != "1795000000000002" || meta[1] != "1" || meta[2] != "7" || meta[3] != "8" || meta[4] != signal.LowStock {
		t.Errorf("meta %q, %v", meta, err)
	}

	now := time.Now()
	expiries := map[string]time.Time{"soon": now.Add(time.Minute), "past": now.Add(-time.Minute), "never": {}}
	expires := func(v signal.Velocity) time.Time { return expiries[v.ProductID] }
	var velocities []signal.Velocity
	for id := range expiries {
		velocities = append(velocities, signal.Velocity{ProductID: id, Window: signal.WindowHour, UnitsHour: 5, AsOf: 9})
	}
	gone := signal.Velocity{ProductID: "gone"}
	if err := sink.WriteVelocity(ctx, append(velocities, gone), expires); err != nil {
		t.Fatal(err)
	}
	gone.Gone = true
	if err := sink.WriteVelocity(ctx, []signal.Velocity{gone}, expires); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{"soon": true, "past": false, "never": true, "gone": false} {
		if n, err := s.client.Exists(ctx, signal.VelocityKey("", id)).Result(); err != nil || (n == 1) != want {
			t.Errorf("%s: %d keys, %v", id, n, err)
		}
	}
	if ttl, err := s.client.PTTL(ctx, signal.VelocityKey("", "soon")).Result(); err != nil || ttl <= 50*time.Second || ttl > time.Minute {
		t.Errorf("expires in %v, %v", ttl, err)
	}
}

func TestAUsedRedisIsRefused(t *testing.T) {
	server := redistest.Start(t)
	rdb := server.Client()
	for _, key := range []string{"stock:s:p", "velocity:global:p:1hr"} {
		if err := rdb.Set(t.Context(), key, "1", 0).Err(); err != nil {
			t.Fatal(err)
		}
		if s, err := openStore(t.Context(), []string{server.Addr}); err == nil || !strings.Contains(err.Error(), key) {
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
	if _, err := openStore(t.Context(), []string{server.Addr}); err == nil || !strings.Contains(err.Error(), server.Addr) {
		t.Errorf("no Redis: error %v", err)
	}
}
