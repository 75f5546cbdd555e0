package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/oracle"
)

// readAtOnce is the number of keys read in one round trip.
const readAtOnce = 500

// reading is the value of a velocity key.
type reading struct {
	ProductID   string  `json:"product_id"`
	StoreID     string  `json:"store_id"`
	Window      string  `json:"window"`
	UnitsSold   int64   `json:"units_sold"`
	Units1h     int64   `json:"units_1h"`
	Units24h    int64   `json:"units_24h"`
	Views1h     int64   `json:"views_1h"`
	CartAdds1h  int64   `json:"cart_adds_1h"`
	Views24h    int64   `json:"views_24h"`
	CartAdds24h int64   `json:"cart_adds_24h"`
	Message     string  `json:"message"`
	Badge       *string `json:"badge"`
	AsOf        int64   `json:"as_of"`
}

// checkVelocity reads every velocity key that exists, and looks for those that must.
func (t *Truth) checkVelocity(ctx context.Context, rdb redis.UniversalClient, nowMs int64) (oracle.Report, error) {
	var report oracle.Report
	found, err := readVelocity(ctx, rdb)
	if err != nil {
		return report, fmt.Errorf("reading velocity keys: %w", err)
	}
	for name := range found {
		store, product, ok := velocityParts(name)
		if key := (oracle.Key{Store: store, Product: product}); !ok || t.byKey[key] == nil {
			report.Extra++
			sample(&report, "%s exists and should not", name)
		}
	}
	for key := range t.byKey {
		now, allowed := t.Velocity(key, nowMs)
		name := velocityName(key)
		value, exists := found[name]
		if now.Must || exists {
			report.Keys++
		}
		switch {
		case !exists && now.Must:
			report.Missing++
			sample(&report, "%s is missing", name)
		case exists && !allowed:
			report.Extra++
			sample(&report, "%s exists and should not: %s", name, value)
		case exists:
			if problem := t.judge(key, value); problem != "" {
				report.Wrong++
				sample(&report, "%s: %s: %s", name, problem, value)
			}
		}
	}
	return report, nil
}

// judge says what is wrong with the value of a velocity key, if anything.
func (t *Truth) judge(key oracle.Key, value string) string {
	var v reading
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return err.Error()
	}
	c, _ := t.Velocity(key, v.AsOf)
	for _, x := range []struct {
		name string
		want oracle.Range
		got  int64
	}{
		{"units_1h", c.UnitsHour, v.Units1h}, {"units_24h", c.UnitsDay, v.Units24h}, {"views_1h", c.ViewsHour, v.Views1h},
		{"views_24h", c.ViewsDay, v.Views24h}, {"cart_adds_1h", c.CartsHour, v.CartAdds1h}, {"cart_adds_24h", c.CartsDay, v.CartAdds24h},
	} {
		if !x.want.Contains(x.got) {
			return fmt.Sprintf("%s is %d, want %v", x.name, x.got, x.want)
		}
	}
	units, message := v.Units24h, fmt.Sprintf("%d sold in last 24 hours", v.Units24h)
	if v.Window == "1h" {
		units, message = v.Units1h, fmt.Sprintf("%d sold in last hour", v.Units1h)
	}
	if v.ProductID != key.Product || v.StoreID != key.Store || v.UnitsSold != units || v.Message != message {
		return "its fields do not fit together"
	}
	return ""
}

func velocityName(key oracle.Key) string {
	store := key.Store
	if store == "" {
		store = "global"
	}
	return "velocity:" + store + ":" + key.Product + ":1hr"
}

// velocityParts takes a velocity key apart; the store is empty for one over all stores.
func velocityParts(name string) (store, product string, ok bool) {
	parts := strings.Split(name, ":")
	if len(parts) != 4 || parts[3] != "1hr" {
		return "", "", false
	}
	if parts[1] == "global" {
		parts[1] = ""
	}
	return parts[1], parts[2], true
}

// readVelocity reads all velocity keys. One that goes away meanwhile is left out.
func readVelocity(ctx context.Context, rdb redis.UniversalClient) (map[string]string, error) {
	names, err := scan(ctx, rdb, "velocity:*")
	if err != nil {
		return nil, err
	}
	found := make(map[string]string, len(names))
	for len(names) > 0 {
		n := min(len(names), readAtOnce)
		pipe := rdb.Pipeline()
		values := make([]*redis.StringCmd, n)
		for i, name := range names[:n] {
			values[i] = pipe.Get(ctx, name)
		}
		if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
			return nil, err
		}
		for i, name := range names[:n] {
			value, err := values[i].Result()
			if errors.Is(err, redis.Nil) {
				continue
			}
			if err != nil {
				return nil, err
			}
			found[name] = value
		}
		names = names[n:]
	}
	return found, nil
}

// checkMeta looks for meta hashes without a stock key that should exist.
func (t *Truth) checkMeta(ctx context.Context, rdb redis.UniversalClient) (oracle.Report, error) {
	var report oracle.Report
	names, err := scan(ctx, rdb, "{stock:*}:meta")
	if err != nil {
		return report, fmt.Errorf("scanning for meta hashes: %w", err)
	}
	for _, name := range names {
		store, product, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(name, "{stock:"), "}:meta"), ":")
		_, wanted := t.Stock()[oracle.Key{Store: store, Product: product}]
		if store == "global" {
			_, wanted = t.Global()[product]
		}
		if !wanted {
			report.Extra++
			sample(&report, "%s exists and should not", name)
		}
	}
	return report, nil
}

// scan lists the keys of a pattern, each once, on every master of a cluster.
func scan(ctx context.Context, rdb redis.UniversalClient, pattern string) ([]string, error) {
	var mu sync.Mutex // the masters of a cluster are scanned at the same time
	seen := map[string]bool{}
	one := func(ctx context.Context, node redis.Cmdable) error {
		keys := node.Scan(ctx, 0, pattern, 1000).Iterator()
		for keys.Next(ctx) {
			mu.Lock()
			seen[keys.Val()] = true
			mu.Unlock()
		}
		return keys.Err()
	}
	var err error
	if cluster, ok := rdb.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return one(ctx, node) })
	} else {
		err = one(ctx, rdb)
	}
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	return names, err
}

// sample keeps the first few faults for a person.
func sample(r *oracle.Report, format string, args ...any) {
	if len(r.Samples) < 10 {
		r.Samples = append(r.Samples, fmt.Sprintf(format, args...))
	}
}
