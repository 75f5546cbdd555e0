package truth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/redistest"
)

const checkedAt = 1_800_000_000_000

// many is more keys than one chunk.
const many = chunk + 343

// history returns events of n store and product pairs, and of two with ids that must be encoded.
func history(n int64) (events []Event) {
	for i, key := range []Key{{"c", "a:b"}, {"c:a", "b"}} {
		e := Event{Type: "SALE", Store: key.Store, Product: key.Product, Quantity: int64(1 + i), OccurredAt: checkedAt}
		events = append(events, e)
	}
	for i := range n {
		e := Event{ID: "first", Type: "SALE", Quantity: 50 - i, OccurredAt: checkedAt - i*minute}
		e.Store, e.Product = fmt.Sprint(i%7), fmt.Sprint("p", i%150)
		if i%2 == 0 {
			e.Type, e.Quantity = "RESET", i
		}
		view := e
		view.ID, view.Type, view.Quantity = "", "VIEW", 1
		events = append(events, e, view)
	}
	return events
}

// fill writes the keys of a correct program, straight from the ledger.
func fill(t *testing.T, rdb redis.UniversalClient, l *Ledger) {
	t.Helper()
	ctx := t.Context()
	pipe := rdb.Pipeline()
	stock := l.Stock()
	all := maps.Clone(stock)
	for product, onHand := range Global(stock) {
		all[Key{Product: product}] = Result{OnHand: onHand, Known: true}
	}
	for key, r := range all {
		known, barrier := "0", ""
		if r.Known {
			known = "1"
		}
		if r.Known && key.Store != "" {
			barrier = strconv.FormatInt(r.Barrier, 10)
		}
		badge, _ := l.LowStock.Badge(r)
		pipe.Set(ctx, key.StockName(), r.OnHand, 0)
		pipe.HSet(ctx, key.MetaName(), "known", known, "barrier", barrier, "badge", badge)
	}
	for key := range l.keys {
		for _, key := range []Key{key, {Product: key.Product}} {
			if c, ok := l.Velocity(key, checkedAt); ok {
				pipe.Set(ctx, key.VelocityName(), signalOf(key, c), 0)
			}
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
}

func signalOf(key Key, c Counts) string {
	store := ""
	if key.Store != "" {
		store = fmt.Sprintf(`"store_id":%q,`, key.Store)
	}
	sold := c.UnitsDay.Lower
	return fmt.Sprintf(`{"product_id":%q,%s"window":"24h","units_sold":%d,"units_1h":%d,"units_24h":%d,"views_1h":%d,`+
		`"cart_adds_1h":%d,"views_24h":%d,"cart_adds_24h":%d,"rate_per_hour":%v,`+
		`"message":"%d sold in last 24 hours","as_of":%d}`,
		key.Product, store, sold, c.UnitsHour.Lower, sold, c.ViewsHour.Lower, c.CartsHour.Lower, c.ViewsDay.Lower,
		c.CartsDay.Lower, float64(sold)/24, sold, checkedAt)
}

// commit introduces a fault.
type commit func(ctx context.Context, rdb redis.UniversalClient) error

// faults are single faults, each with the key that must be named.
var faults = map[string]struct {
	key    string
	commit commit
}{
	"stock is off":               {"stock:1:p1", do("INCR", "stock:1:p1")},
	"stock is spelled otherwise": {"stock:0:p0", change("stock:0:p0", "0", "00")},
	"stock is missing":           {"stock:1:p1", do("DEL", "stock:1:p1")},
	"stock is extra":             {"stock:1:x", do("SET", "stock:1:x", 1)},
	"stock is extra, with its meta": {"stock:1:x", func(ctx context.Context, rdb redis.UniversalClient) error {
		return errors.Join(do("SET", "stock:1:x", 1)(ctx, rdb), do("HSET", "{stock:1:x}:meta", "known", 1)(ctx, rdb))
	}},
	"an id is not encoded":     {"stock:c:a:b", do("SET", "stock:c:a:b", 1)},
	"known is wrong":           {"{stock:1:p1}:meta", do("HSET", "{stock:1:p1}:meta", "known", 1)},
	"barrier is wrong":         {"{stock:1:p1}:meta", do("HSET", "{stock:1:p1}:meta", "barrier", 0)},
	"badge is wrong":           {"{stock:0:p0}:meta", do("HSET", "{stock:0:p0}:meta", "badge", "")},
	"badge is unexpected":      {"{stock:1:p1}:meta", do("HSET", "{stock:1:p1}:meta", "badge", "LOW_STOCK")},
	"meta is missing":          {"{stock:1:p1}:meta", do("DEL", "{stock:1:p1}:meta")},
	"meta is stray":            {"stock:9:x", do("HSET", "{stock:9:x}:meta", "known", 1)},
	"global stock is off":      {"stock:global:p2", do("INCR", "stock:global:p2")},
	"global stock is extra":    {"stock:global:x", do("SET", "stock:global:x", 1)},
	"global meta is wrong":     {"{stock:global:p2}:meta", do("HSET", "{stock:global:p2}:meta", "known", 0)},
	"velocity is missing":      {"velocity:1:p1:1hr", do("DEL", "velocity:1:p1:1hr")},
	"velocity is extra":        {"velocity:1:x:1hr", do("SET", "velocity:1:x:1hr", "{}")},
	"velocity is nameless":     {"velocity:1:x", do("SET", "velocity:1:x", "{}")},
	"velocity is nonsense":     {"velocity:1:p1:1hr", do("SET", "velocity:1:p1:1hr", "{")},
	"units are off":            {"velocity:1:p1:1hr", change("velocity:1:p1:1hr", `"units_24h":`, `"units_24h":9`)},
	"views are off":            {"velocity:global:p1:1hr", change("velocity:global:p1:1hr", `ws_1h":`, `ws_1h":9`)},
	"the window is different":  {"velocity:1:p1:1hr", change("velocity:1:p1:1hr", `"window":"24h"`, `"window":"2h"`)},
	"the rate is different":    {"velocity:1:p1:1hr", change("velocity:1:p1:1hr", `per_hour":`, `per_hour":9`)},
	"the message is different": {"velocity:global:p1:1hr", change("velocity:global:p1:1hr", `24 hours`, `24 days`)},
	"the store is different":   {"velocity:1:p1:1hr", change("velocity:1:p1:1hr", `"store_id":"1"`, `"store_id":"2"`)},
	"it is of tomorrow":        {"velocity:1:p1:1hr", change("velocity:1:p1:1hr", `"as_of":18000`, `"as_of":18001`)},
}

func do(args ...any) commit {
	return func(ctx context.Context, rdb redis.UniversalClient) error { return rdb.Do(ctx, args...).Err() }
}

func change(name, from, to string) commit {
	return func(ctx context.Context, rdb redis.UniversalClient) error {
		v, err := rdb.Get(ctx, name).Result()
		if err != nil || !strings.Contains(v, from) {
			return fmt.Errorf("%s is %q: %w", name, v, err)
		}
		return rdb.Set(ctx, name, strings.Replace(v, from, to, 1), 0).Err()
	}
}

// TestCheck checks that the truth has no fault, and that each single fault is found.
func TestCheck(t *testing.T) {
	server, cluster := redistest.Start(t), redistest.StartCluster(t)
	for name, rdb := range map[string]redis.UniversalClient{"server": server.Client(), "cluster": cluster.Client()} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			l := NewLedger(history(300)...)
			fill(t, rdb, l)
			r, err := l.Check(ctx, rdb, checkedAt)
			if err != nil || !r.OK() || r.Stock.Keys != 302 || r.Global.Keys < 70 || r.Velocity.Keys < 400 {
				t.Fatalf("%v %v", r, err)
			}
			for name, fault := range faults {
				if err := fault.commit(ctx, rdb); err != nil {
					t.Fatal(err)
				}
				r, err := l.Check(ctx, rdb, checkedAt)
				all := r.Total()
				if err != nil || all.Count() != 1 || !strings.HasPrefix(fmt.Sprint(all.Samples), "["+fault.key) {
					t.Errorf("%s: %v %v", name, r, err)
				}
				if err := forget(ctx, rdb); err != nil {
					t.Fatal(err)
				}
				fill(t, rdb, l)
			}
		})
	}
}

// forget empties every server of a client.
func forget(ctx context.Context, rdb redis.UniversalClient) error {
	if c, ok := rdb.(*redis.ClusterClient); ok {
		return c.ForEachMaster(ctx, func(ctx context.Context, n *redis.Client) error { return n.FlushAll(ctx).Err() })
	}
	return rdb.FlushAll(ctx).Err()
}

// TestCheckStock checks that extra keys, badges and velocity are not compared.
func TestCheckStock(t *testing.T) {
	rdb := redistest.Start(t).Client()
	l := NewLedger(history(many)...)
	fill(t, rdb, l)
	for _, name := range []string{"stock is extra", "meta is stray", "badge is wrong", "velocity is missing"} {
		if err := faults[name].commit(t.Context(), rdb); err != nil {
			t.Fatal(err)
		}
	}
	for extra, want := range map[bool]int{false: 0, true: 2} {
		r, err := CheckStock(t.Context(), rdb, l.Stock(), extra)
		if err != nil || r.Total().Count() != want || r.Velocity.Keys != 0 {
			t.Errorf("with extra %t: %v %v", extra, r, err)
		}
	}
}

// TestCheckSalesOnly checks that only SALEs are compared.
func TestCheckSalesOnly(t *testing.T) {
	rdb := redistest.Start(t).Client()
	fill(t, rdb, NewLedger(history(many)...))
	sales := NewLedger()
	sales.SalesOnly = true
	for _, e := range history(many) {
		if e.Type != "VIEW" {
			sales.Add(e)
		}
	}
	if f, err := sales.CheckVelocity(t.Context(), rdb, checkedAt); err != nil || f.Count() != 0 || f.Keys < chunk {
		t.Errorf("%v %v", f, err)
	}
	for _, name := range []string{"velocity is missing", "units are off"} {
		if err := faults[name].commit(t.Context(), rdb); err != nil {
			t.Fatal(err)
		}
		if f, err := sales.CheckVelocity(t.Context(), rdb, checkedAt); err != nil || f.Count() != 1 {
			t.Errorf("%s: %v %v", name, f, err)
		}
		fill(t, rdb, NewLedger(history(many)...))
	}
}

// TestCheckFresh checks that a signal is refused that was right at its own time and not since.
func TestCheckFresh(t *testing.T) {
	rdb := miniredisClient(t, miniredis.RunT(t))
	l := NewLedger(Event{Type: "SALE", Store: "1", Product: "x", Quantity: 5, OccurredAt: checkedAt - 30*minute})
	fill(t, rdb, l)
	for _, c := range []struct {
		now, fresh int64
		wrong      int
	}{
		{checkedAt + 50*minute, 0, 0}, {checkedAt + 50*minute, 20 * minute, 0}, {checkedAt + 60*minute, 20 * minute, 2},
		{checkedAt - 1, minute, 0}, {checkedAt - minute - 1, minute, 2},
	} {
		l.FreshMs = c.fresh
		r, err := l.Check(t.Context(), rdb, c.now)
		if err != nil || r.Velocity.Wrong != c.wrong || r.Total().Count() != c.wrong {
			t.Errorf("%+v: %v %v", c, r, err)
		}
	}
}

func miniredisClient(t *testing.T, server *miniredis.Miniredis) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { client.Close() })
	return client
}

func TestCheckKeepsFewSamples(t *testing.T) {
	l := NewLedger(history(many)...)
	r, err := l.Check(t.Context(), miniredisClient(t, miniredis.RunT(t)), checkedAt)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []Faults{r.Stock, r.Global, r.Velocity} {
		if f.Keys == 0 || f.Missing != f.Keys || len(f.Samples) != maxSamples {
			t.Errorf("%+v", f)
		}
		want := fmt.Sprintf("keys: %d, wrong: 0, missing: %d, extra: 0 (", f.Keys, f.Keys)
		if !strings.HasPrefix(f.String(), want) {
			t.Errorf("the faults read %q", f)
		}
	}
}

func TestCheckReportsThatRedisCannotBeRead(t *testing.T) {
	server := miniredis.RunT(t)
	client := miniredisClient(t, server)
	server.SetError("LOADING dataset in memory")
	for _, l := range []*Ledger{NewLedger(), NewLedger(history(many)...)} {
		if _, err := l.Check(t.Context(), client, checkedAt); err == nil || !strings.Contains(err.Error(), "LOADING") {
			t.Errorf("got error %v, want LOADING", err)
		}
	}
	server.SetError("")
	server.HSet("stock:1:a", "field", "value")
	_, err := CheckStock(t.Context(), client, map[Key]Result{{"1", "a"}: {}}, false)
	if err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
		t.Errorf("of a hash: got error %v, want WRONGTYPE", err)
	}
}
