package redis

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks/sinktest"
	"github.com/beamlytics/streamlytics/test/redistest"
)

func TestRedisConformance(t *testing.T) {
	t.Parallel()
	runBoth(t, "server", func(t *testing.T) redisTarget {
		s := redistest.Start(t)
		return redisTarget{
			config: Config{Addrs: []string{s.Addr}},
			reader: s.Client(),
			faults: []sinktest.Fault{
				{Name: "hangs", Down: s.Pause, Up: s.Resume},
				{Name: "stopped", Down: s.Stop, Up: s.Restart},
			},
		}
	})
	runBoth(t, "TLS and a user with few rights", func(t *testing.T) redisTarget {
		s, config := startSecured(t)
		reader, err := NewClient(config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = reader.Close() })
		return redisTarget{config: config, reader: reader,
			faults: []sinktest.Fault{{Name: "stopped", Down: s.Stop, Up: s.Restart}}}
	})
}

func TestRedisClusterConformance(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t)
	runBoth(t, "cluster", func(t *testing.T) redisTarget {
		reader := c.Client()
		err := reader.ForEachMaster(context.Background(), func(ctx context.Context, node *goredis.Client) error {
			return node.FlushAll(ctx).Err()
		})
		if err != nil {
			t.Fatal(err)
		}
		node := c.Nodes[1]
		return redisTarget{
			config: Config{Addrs: c.Addrs()[:2]},
			reader: reader,
			faults: []sinktest.Fault{{Name: "a node stopped", Down: node.Stop, Up: func() {
				node.Restart()
				c.WaitWhole()
			}}},
		}
	})
}

// startSecured starts a server that speaks TLS only and knows one user, who has the rights that
// Ping's hint lists and those that the suite reads with.
func startSecured(t *testing.T) (*redistest.Server, Config) {
	t.Helper()
	const password = "p4ss word"
	s, caFile := redistest.StartTLS(t, "--user", "default", "off",
		"--user", "pipeline", "on", ">"+password, "~stock:*", "~{stock:*", "~velocity:*",
		"+ping", "+evalsha", "+script|load", "+hget", "+hset", "+set", "+del", "+mget", "+hgetall")
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return s, Config{
		Addrs: []string{s.Addr}, Username: "pipeline", PasswordSecret: "file:" + secret, TLS: true, CA: caFile,
	}
}

type redisTarget struct {
	config Config
	reader goredis.UniversalClient
	faults []sinktest.Fault
}

// runBoth runs the suite for stock and then for velocity, at the same time as the caller's others.
func runBoth(t *testing.T, name string, open func(*testing.T) redisTarget) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		t.Run("stock", func(t *testing.T) {
			sinktest.Run(t, func(t *testing.T) sinktest.Target { return stockTarget(t, open(t)) })
		})
		t.Run("velocity", func(t *testing.T) {
			sinktest.Run(t, func(t *testing.T) sinktest.Target { return velocityTarget(t, open(t)) })
		})
	})
}

func openRedis(t testing.TB, config Config, stats Stats) *Sink {
	t.Helper()
	r, err := Open(config, stats)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := r.Ping(context.Background()); err != nil {
		t.Fatal(err)
	}
	return r
}

func stockTarget(t *testing.T, target redisTarget) sinktest.Target {
	r := openRedis(t, target.config, Stats{})
	return sinktest.Target{
		Versioned: true,
		Close:     r.Close,
		Faults:    target.faults,
		Write: func(ctx context.Context, records []sinktest.Record) error {
			batch := make([]signal.Stock, len(records))
			for i, rec := range records {
				batch[i] = signal.Stock{
					StoreID: rec.Store, ProductID: rec.Product, OnHand: rec.Value, Version: rec.Version,
					Known: true, AsOf: rec.Value,
				}
			}
			return r.WriteStock(ctx, batch)
		},
		Read: func(tb testing.TB, keys []sinktest.Key) map[sinktest.Key]int64 {
			got := readKeys(tb, target.reader, keys, signal.StockKey, func(s string) (int64, error) {
				return strconv.ParseInt(s, 10, 64)
			})
			expectMeta(tb, target.reader, got)
			return got
		},
	}
}

// expectMeta checks that each hash is of the same write as the value beside it.
func expectMeta(tb testing.TB, reader goredis.UniversalClient, values map[sinktest.Key]int64) {
	tb.Helper()
	ctx := context.Background()
	metas := make(map[sinktest.Key]*goredis.MapStringStringCmd, len(values))
	if _, err := reader.Pipelined(ctx, func(p goredis.Pipeliner) error {
		for k := range values {
			metas[k] = p.HGetAll(ctx, signal.StockMetaKey(k.Store, k.Product))
		}
		return nil
	}); err != nil {
		tb.Fatalf("read back: %v", err)
	}
	for k, value := range values {
		if meta := metas[k].Val(); meta["as_of"] != strconv.FormatInt(value, 10) {
			tb.Errorf("%q holds %d, but its meta hash %v", k, value, meta)
		}
	}
}

func velocityTarget(t *testing.T, target redisTarget) sinktest.Target {
	r := openRedis(t, target.config, Stats{})
	expiry := time.Now().Add(time.Hour)
	return sinktest.Target{
		Close:  r.Close,
		Faults: target.faults,
		Write: func(ctx context.Context, records []sinktest.Record) error {
			batch := make([]signal.Velocity, len(records))
			for i, rec := range records {
				batch[i] = signal.Velocity{StoreID: rec.Store, ProductID: rec.Product, Window: signal.WindowDay,
					UnitsDay: rec.Value}
			}
			return r.WriteVelocity(ctx, batch, func(signal.Velocity) time.Time { return expiry })
		},
		Read: func(tb testing.TB, keys []sinktest.Key) map[sinktest.Key]int64 {
			return readKeys(tb, target.reader, keys, signal.VelocityKey, func(s string) (int64, error) {
				var v struct {
					Units int64 `json:"units_sold"`
				}
				err := json.Unmarshal([]byte(s), &v)
				return v.Units, err
			})
		},
	}
}

// readKeys reads many keys in pipelines of MGETs with one key each, which a cluster can answer too.
func readKeys(
	tb testing.TB, reader goredis.UniversalClient, keys []sinktest.Key,
	name func(store, product string) string, parse func(string) (int64, error),
) map[sinktest.Key]int64 {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	got := map[sinktest.Key]int64{}
	for start := 0; start < len(keys); start += 1000 {
		chunk := keys[start:min(start+1000, len(keys))]
		cmds := make([]*goredis.SliceCmd, len(chunk))
		_, err := reader.Pipelined(ctx, func(p goredis.Pipeliner) error {
			for i, k := range chunk {
				cmds[i] = p.MGet(ctx, name(k.Store, k.Product))
			}
			return nil
		})
		if err != nil {
			tb.Fatalf("read back: %v", err)
		}
		for i, k := range chunk {
			s, ok := cmds[i].Val()[0].(string)
			if !ok {
				continue
			}
			if got[k], err = parse(s); err != nil {
				tb.Errorf("%q holds %q: %v", k, s, err)
			}
		}
	}
	return got
}
