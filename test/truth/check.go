package truth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Check compares every stock, meta and velocity key of a server or a cluster with the ledger, and
// searches for keys that should not exist. nowMs is the time of the program's clock. An error means
// that Redis could not be read.
func (l *Ledger) Check(ctx context.Context, rdb redis.UniversalClient, nowMs int64) (r Report, err error) {
	if r, err = checkStock(ctx, rdb, l.Stock(), l.LowStock, true); err != nil {
		return r, err
	}
	r.Velocity, err = l.CheckVelocity(ctx, rdb, nowMs)
	return r, err
}

// Await is the function Await with Check. now returns the time of the program's clock.
func (l *Ledger) Await(
	ctx context.Context, rdb redis.UniversalClient, now func() int64, timeout time.Duration,
) (Report, error) {
	return Await(ctx, timeout, func(ctx context.Context) (Report, error) { return l.Check(ctx, rdb, now()) })
}

// CheckStock compares the stock of every store and over all stores, with the meta hashes, with
// want, which is a result of Stock or of a Ledger. If extra is set, it searches for keys of stock
// that should not exist. An error means that Redis could not be read.
func CheckStock(ctx context.Context, rdb redis.UniversalClient, want map[Key]Result, extra bool) (Report, error) {
	return checkStock(ctx, rdb, want, LowStock{}, extra)
}

func checkStock(
	ctx context.Context, rdb redis.UniversalClient, stores map[Key]Result, low LowStock, extra bool,
) (r Report, err error) {
	want := maps.Clone(stores)
	for product, onHand := range Global(stores) {
		want[Key{Product: product}] = Result{OnHand: onHand, Known: true}
	}
	for keys := range slices.Chunk(slices.Collect(maps.Keys(want)), chunk) {
		if err := r.readStock(ctx, rdb, keys, want, low); err != nil {
			return r, fmt.Errorf("reading stock keys: %w", err)
		}
	}
	if !extra {
		return r, nil
	}
	found := map[string]Key{} // by the name of the stock key, so that a key and its meta hash count once
	for _, pattern := range [...]string{"stock:*", "{stock:*}:meta"} {
		names, err := ScanKeys(ctx, rdb, pattern)
		if err != nil {
			return r, fmt.Errorf("scanning for stock keys: %w", err)
		}
		for _, name := range names {
			key, ok := ParseName(name)
			if _, expected := want[key]; ok && expected {
				continue
			}
			if ok {
				name = key.StockName()
			}
			found[name] = key
		}
	}
	for name, key := range found {
		f := r.of(key)
		f.add(&f.Extra, "%s exists and should not", name)
	}
	return r, nil
}

// of returns the faults of the stock of a key.
func (r *Report) of(key Key) *Faults {
	if key.Store == "" && key.Product != "" {
		return &r.Global
	}
	return &r.Stock
}

// chunk is the number of keys read in one round trip.
const chunk = 1000

// readStock compares some keys, which may be of any slot of a cluster.
func (r *Report) readStock(
	ctx context.Context, rdb redis.UniversalClient, keys []Key, want map[Key]Result, low LowStock,
) error {
	pipe := rdb.Pipeline()
	values, metas := make([]*redis.StringCmd, len(keys)), make([]*redis.SliceCmd, len(keys))
	for i, key := range keys {
		values[i] = pipe.Get(ctx, key.StockName())
		metas[i] = pipe.HMGet(ctx, key.MetaName(), "known", "barrier", "badge")
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	for i, key := range keys {
		f := r.of(key)
		f.Keys++
		got, err := values[i].Result()
		switch onHand := strconv.FormatInt(want[key].OnHand, 10); {
		case errors.Is(err, redis.Nil):
			f.add(&f.Missing, "%s is missing, want %s", key.StockName(), onHand)
		case err != nil:
			return err
		case got != onHand:
			f.add(&f.Wrong, "%s is %q, want %s", key.StockName(), got, onHand)
		default:
			fields, err := metas[i].Result()
			if err != nil {
				return err
			}
			f.judgeMeta(key, fields, want[key], low)
		}
	}
	return nil
}

// judgeMeta compares the meta hash of a key. It counts the key as wrong once, however many fields
// are.
func (f *Faults) judgeMeta(key Key, got []any, r Result, low LowStock) {
	want := [...]string{"0", "", ""}
	if r.Known {
		want[0] = "1"
	}
	if r.Known && key.Store != "" {
		want[1] = strconv.FormatInt(r.Barrier, 10)
	}
	badge, certain := low.Badge(r)
	want[2] = badge
	for i, field := range [...]string{"known", "barrier", "badge"} {
		if field == "badge" && !certain {
			continue
		}
		if got[i] != want[i] {
			f.add(&f.Wrong, "%s has %s %v, want %q", key.MetaName(), field, got[i], want[i])
			return
		}
	}
}

// ScanKeys returns the keys that match a pattern, each once, of every master of a cluster.
func ScanKeys(ctx context.Context, rdb redis.UniversalClient, pattern string) ([]string, error) {
	var mu sync.Mutex         // the masters of a cluster are scanned at the same time
	seen := map[string]bool{} // SCAN may return a key twice
	scan := func(ctx context.Context, node redis.Cmdable) error {
		keys := node.Scan(ctx, 0, pattern, chunk).Iterator()
		for keys.Next(ctx) {
			mu.Lock()
			seen[keys.Val()] = true
			mu.Unlock()
		}
		return keys.Err()
	}
	var err error
	if cluster, ok := rdb.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return scan(ctx, node) })
	} else {
		err = scan(ctx, rdb)
	}
	return slices.Collect(maps.Keys(seen)), err
}
