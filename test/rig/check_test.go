package rig

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/truth"
)

// fill writes what the program would write, straight from the truth.
func fill(t *testing.T, rdb redis.UniversalClient, world *Truth, asOf int64) {
	t.Helper()
	ctx := context.Background()
	pipe := rdb.Pipeline()
	for key, r := range world.Stock() {
		known, barrier := "0", ""
		if r.Known {
			known, barrier = "1", strconv.FormatInt(r.Barrier, 10)
		}
		pipe.Set(ctx, key.StockName(), r.OnHand, 0)
		pipe.HSet(ctx, key.MetaName(), "known", known, "barrier", barrier)
	}
	for product, onHand := range world.Global() {
		key := truth.Key{Product: product}
		pipe.Set(ctx, key.StockName(), onHand, 0)
		pipe.HSet(ctx, key.MetaName(), "known", "1", "barrier", "")
	}
	for key := range world.byKey {
		if c, ok := world.Velocity(key, asOf); ok {
			pipe.Set(ctx, key.VelocityName(), signalOf(key, c, asOf), 0)
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
}

func signalOf(key truth.Key, c truth.Counts, asOf int64) string {
	store := ""
	if key.Store != "" {
		store = fmt.Sprintf(`"store_id":%q,`, key.Store)
	}
	return fmt.Sprintf(`{"product_id":%q,%s"window":"24h","units_sold":%d,"units_1h":%d,"units_24h":%d,"views_1h":%d,"cart_adds_1h":%d,"views_24h":%d,"cart_adds_24h":%d,"message":"%d sold in last 24 hours","as_of":%d}`,
		key.Product, store, c.UnitsDay.Lower, c.UnitsHour.Lower, c.UnitsDay.Lower, c.ViewsHour.Lower, c.CartsHour.Lower, c.ViewsDay.Lower, c.CartsDay.Lower, c.UnitsDay.Lower, asOf)
}

// TestCheck finds nothing wrong with the truth, and each single thing that is not it.
func TestCheck(t *testing.T) {
	ctx := context.Background()
	single, cluster := redistest.Start(t), redistest.StartCluster(t)
	trace := NewTrace(TraceOptions{Seed: 1, Events: 3000})
	for i, key := range []truth.Key{{Store: "c", Product: "a:b"}, {Store: "c:a", Product: "b"}} {
		trace.Events = append(trace.Events, truth.Event{ID: "odd", Type: "SALE", Store: key.Store, Product: key.Product, Quantity: int64(1 + i), OccurredAt: Now()})
	}
	world := NewTruth(trace)
	asOf := Now()
	change := func(name, from, to string) func(redis.UniversalClient) error {
		return func(rdb redis.UniversalClient) error {
			v, err := rdb.Get(ctx, name).Result()
			if err != nil || !strings.Contains(v, from) {
				return fmt.Errorf("%s is %q: %w", name, v, err)
			}
			return rdb.Set(ctx, name, strings.Replace(v, from, to, 1), 0).Err()
		}
	}
	faults := map[string]func(redis.UniversalClient) error{
		"stock is off":             func(rdb redis.UniversalClient) error { return rdb.Incr(ctx, "stock:1:p1").Err() },
		"stock is missing":         func(rdb redis.UniversalClient) error { return rdb.Del(ctx, "stock:1:p1").Err() },
		"stock is extra":           func(rdb redis.UniversalClient) error { return rdb.Set(ctx, "stock:1:x", 1, 0).Err() },
		"known is wrong":           func(rdb redis.UniversalClient) error { return rdb.HIncrBy(ctx, "{stock:1:p1}:meta", "known", 1).Err() },
		"barrier is wrong":         func(rdb redis.UniversalClient) error { return rdb.HSet(ctx, "{stock:1:p1}:meta", "barrier", 7).Err() },
		"meta is missing":          func(rdb redis.UniversalClient) error { return rdb.Del(ctx, "{stock:1:p1}:meta").Err() },
		"meta is stray":            func(rdb redis.UniversalClient) error { return rdb.HSet(ctx, "{stock:9:x}:meta", "known", 1).Err() },
		"global stock is off":      func(rdb redis.UniversalClient) error { return rdb.Incr(ctx, "stock:global:p1").Err() },
		"global stock is extra":    func(rdb redis.UniversalClient) error { return rdb.Set(ctx, "stock:global:x", 1, 0).Err() },
		"velocity is missing":      func(rdb redis.UniversalClient) error { return rdb.Del(ctx, "velocity:1:p1:1hr").Err() },
		"velocity is extra":        func(rdb redis.UniversalClient) error { return rdb.Set(ctx, "velocity:1:x:1hr", "{}", 0).Err() },
		"velocity is nonsense":     func(rdb redis.UniversalClient) error { return rdb.Set(ctx, "velocity:1:p1:1hr", "{", 0).Err() },
		"units are off":            change("velocity:1:p1:1hr", `"units_24h":`, `"units_24h":9`),
		"global views are off":     change("velocity:global:p1:1hr", `"views_24h":`, `"views_24h":9`),
		"the message is different": change("velocity:global:p1:1hr", `24 hours`, `24 days`),
		"the store is different":   change("velocity:1:p1:1hr", `"store_id":"1"`, `"store_id":"2"`),
	}
	for name, rdb := range map[string]redis.UniversalClient{"server": single.Client(), "cluster": cluster.Client()} {
		t.Run(name, func(t *testing.T) {
			fill(t, rdb, world, asOf)
			r, err := world.Check(ctx, rdb, asOf)
			if err != nil || !r.OK() || r.Keys() < 600 {
				t.Fatalf("%v: %v %v", trace, r, err)
			}
			for fault, commit := range faults {
				if err := commit(rdb); err != nil {
					t.Fatal(err)
				}
				r, err := world.Check(ctx, rdb, asOf)
				if err != nil || r.Faults() != 1 {
					t.Errorf("%s: %v %v", fault, r, err)
				}
				if err := forget(ctx, rdb); err != nil {
					t.Fatal(err)
				}
				fill(t, rdb, world, asOf)
			}
		})
	}
}

// forget empties every server of a client.
func forget(ctx context.Context, rdb redis.UniversalClient) error {
	if c, ok := rdb.(*redis.ClusterClient); ok {
		return c.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return node.FlushAll(ctx).Err() })
	}
	return rdb.FlushAll(ctx).Err()
}
