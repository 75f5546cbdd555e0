package redis

import (
	"context"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// counters collects what a sink reports.
type counters struct{ writes, retries atomic.Int64 }

func (c *counters) stats() Stats {
	return Stats{
		Writes:  func(_ context.Context, n int64) { c.writes.Add(n) },
		Retries: func(context.Context) { c.retries.Add(1) },
	}
}

func TestStockKeys(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := redistest.Start(t)
	rdb := s.Client()
	var count counters
	r := openRedis(t, Config{Addrs: []string{s.Addr}}, count.stats())
	for _, test := range []struct {
		stock signal.Stock
		key   string
		value string
		meta  map[string]string
	}{
		{
			signal.Stock{
				StoreID: "12", ProductID: "555", OnHand: -3, Version: 9007199254740991, Known: true,
				Barrier: 1_790_000_000_000,
				AsOf:    1_790_000_000_001, Badge: signal.LowStock,
			},
			"stock:12:555", "-3",
			map[string]string{
				"version": "9007199254740991", "known": "1", "barrier": "1790000000000", "as_of": "1790000000001",
				"badge": "LOW_STOCK",
			},
		},
		{
			signal.Stock{ProductID: "555", OnHand: 7, Version: 5, AsOf: 2},
			"stock:global:555", "7",
			map[string]string{"version": "5", "known": "0", "barrier": "", "as_of": "2", "badge": ""},
		},
	} {
		for range 2 { // an equal version is written again
			if err := r.WriteStock(ctx, []signal.Stock{test.stock}); err != nil {
				t.Fatal(err)
			}
		}
		older := test.stock
		older.Version, older.OnHand = 4, 99
		if err := r.WriteStock(ctx, []signal.Stock{older}); err != nil {
			t.Fatal(err)
		}
		if got := rdb.Get(ctx, test.key).Val(); got != test.value {
			t.Errorf("%s = %q, want %q", test.key, got, test.value)
		}
		if got := rdb.HGetAll(ctx, "{"+test.key+"}:meta").Val(); !maps.Equal(got, test.meta) {
			t.Errorf("{%s}:meta = %v, want %v", test.key, got, test.meta)
		}
	}
	if writes, retries := count.writes.Load(), count.retries.Load(); writes != 4 || retries != 0 {
		t.Errorf("reported %d writes and %d retries, want 4 and 0", writes, retries)
	}
	if n := rdb.DBSize(ctx).Val(); n != 4 {
		t.Errorf("%d keys, want 4: %v", n, rdb.Keys(ctx, "*").Val())
	}
}

func TestVelocityKeys(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := redistest.Start(t)
	rdb := s.Client()
	var count counters
	r := openRedis(t, Config{Addrs: []string{s.Addr}}, count.stats())
	v := signal.Velocity{StoreID: "12", ProductID: "555", Window: signal.WindowHour, UnitsHour: 50, UnitsDay: 120,
		AsOf: 1_790_000_000_000}
	global := v
	global.StoreID = ""
	write := func(expiry time.Time, batch ...signal.Velocity) {
		t.Helper()
		if err := r.WriteVelocity(ctx, batch, func(signal.Velocity) time.Time { return expiry }); err != nil {
			t.Fatal(err)
		}
	}

	expiry := time.Now().Add(time.Hour).Truncate(time.Millisecond)
	write(expiry, v, global)
	for key, want := range map[string]signal.Velocity{"velocity:12:555:1hr": v, "velocity:global:555:1hr": global} {
		if got := rdb.Get(ctx, key).Val(); got != string(want.AppendJSON(nil)) {
			t.Errorf("%s = %s", key, got)
		}
		if got := rdb.PExpireTime(ctx, key).Val(); got != time.Duration(expiry.UnixMilli())*time.Millisecond {
			t.Errorf("%s expires at %v ms, want %v", key, got.Milliseconds(), expiry.UnixMilli())
		}
	}

	write(time.Time{}, v)
	if got := rdb.TTL(ctx, v.Key()).Val(); got != -1 {
		t.Errorf("without an expiry the key lives for %v", got)
	}

	gone := v
	gone.Gone = true
	before := count.writes.Load()
	write(expiry, v, gone)
	if n := count.writes.Load() - before; n != 1 {
		t.Errorf("a key that is twice in a batch was written %d times", n)
	}
	if n := rdb.Exists(ctx, v.Key()).Val(); n != 0 {
		t.Error("a signal that is gone is still there")
	}
	for _, past := range []time.Time{time.UnixMilli(-5), time.UnixMilli(0), time.Now().Add(-time.Hour)} {
		write(time.Time{}, v)
		write(past, v)
		if n := rdb.Exists(ctx, v.Key()).Val(); n != 0 {
			t.Errorf("a signal that expired at %v is there", past)
		}
	}
}

func TestForgottenScriptIsNoFailure(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := redistest.Start(t)
	var count counters
	r := openRedis(t, Config{Addrs: []string{s.Addr}}, count.stats())
	if err := s.Client().ScriptFlush(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	batch := make([]signal.Stock, 350)
	for i := range batch {
		batch[i] = signal.Stock{StoreID: "s", ProductID: string(rune('A' + i)), Version: 1}
	}
	if err := r.WriteStock(ctx, batch); err != nil {
		t.Fatal(err)
	}
	if writes, retries := count.writes.Load(), count.retries.Load(); writes != 350 || retries != 0 {
		t.Errorf("reported %d writes and %d retries, want 350 and 0", writes, retries)
	}
}

// A key that cannot be written blocks its batch, but not what goes with it, and is written once
// that is possible.
func TestPartialFailure(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := redistest.Start(t)
	rdb := s.Client()
	var count counters
	retried := make(chan struct{}, 100)
	stats := count.stats()
	stats.Retries = func(context.Context) { retried <- struct{}{} }
	r := openRedis(t, Config{Addrs: []string{s.Addr}}, stats)
	bad := signal.Stock{StoreID: "s", ProductID: "bad", OnHand: 1, Version: 1}
	good := signal.Stock{StoreID: "s", ProductID: "good", OnHand: 2, Version: 1}
	if err := rdb.Set(ctx, bad.MetaKey(), "no hash", 0).Err(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- r.WriteStock(ctx, []signal.Stock{good, bad}) }()
	for range 2 {
		select {
		case <-retried:
		case err := <-done:
			t.Fatalf("the write returned %v", err)
		case <-time.After(20 * time.Second):
			t.Fatal("nothing was retried")
		}
	}
	if got := rdb.Get(ctx, good.Key()).Val(); got != "2" {
		t.Errorf("%s = %q while another key fails", good.Key(), got)
	}
	if err := rdb.Del(ctx, bad.MetaKey()).Err(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the write has not returned")
	}
	if got := rdb.Get(ctx, bad.Key()).Val(); got != "1" {
		t.Errorf("%s = %q", bad.Key(), got)
	}
}

func TestPingSaysWhatIsWrong(t *testing.T) {
	t.Setenv("STREAMLYTICS_TEST_PASSWORD", "hunter2hunter2")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()

	protected := redistest.Start(t, "--requirepass", "another")
	down := redistest.Start(t)
	down.Stop()
	hangs := redistest.Start(t)
	hangs.Pause()
	single := redistest.Start(t)
	encrypted, _ := redistest.StartTLS(t)
	node := redistest.StartCluster(t).Nodes[0]
	for _, test := range []struct {
		name   string
		config Config
		want   []string
	}{
		{"wrong password", Config{Addrs: []string{protected.Addr}, PasswordSecret: "env:STREAMLYTICS_TEST_PASSWORD"},
			[]string{protected.Addr, "WRONGPASS", "check the user name"}},
		{"no password", Config{Addrs: []string{protected.Addr}},
			[]string{protected.Addr, "NOAUTH", "check the user name"}},
		{"down", Config{Addrs: []string{down.Addr}}, []string{down.Addr, "refused"}},
		{"hangs", Config{Addrs: []string{hangs.Addr}}, []string{hangs.Addr, "deadline"}},
		{"single server as cluster", Config{Addrs: []string{single.Addr, single.Addr}},
			[]string{single.Addr, "single server"}},
		{"cluster as single server", Config{Addrs: []string{node.Addr}}, []string{node.Addr,
			"another address of the cluster"}},
		{"unknown authority", Config{Addrs: []string{encrypted.Addr}, TLS: true},
			[]string{encrypted.Addr, "certificate"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := Open(test.config, Stats{})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			pingCtx := ctx
			if test.name == "hangs" {
				short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
				defer cancel()
				pingCtx = short
			}
			err = r.Ping(pingCtx)
			if err == nil {
				t.Fatal("all is well")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q holds the password", err)
			}
		})
	}
}
