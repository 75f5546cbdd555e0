package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/truth"
)

// readAtOnce is the number of keys read in one round trip.
const readAtOnce = 500

// checkVelocity reads every velocity key that exists, and looks for those that must.
func (t *Truth) checkVelocity(ctx context.Context, rdb redis.UniversalClient, nowMs int64) (truth.Report, error) {
	var report truth.Report
	found, err := readVelocity(ctx, rdb)
	if err != nil {
		return report, fmt.Errorf("reading velocity keys: %w", err)
	}
	for name := range found {
		if key, ok := truth.ParseName(name); !ok || t.byKey[key] == nil {
			report.Extra++
			report.Sample("%s exists and should not", name)
		}
	}
	for key := range t.byKey {
		now, allowed := t.Velocity(key, nowMs)
		name := key.VelocityName()
		value, exists := found[name]
		if now.Must || exists {
			report.Keys++
		}
		switch {
		case !exists && now.Must:
			report.Missing++
			report.Sample("%s is missing", name)
		case exists && !allowed:
			report.Extra++
			report.Sample("%s exists and should not: %s", name, value)
		case exists:
			if problem := t.judge(key, value); problem != "" {
				report.Wrong++
				report.Sample("%s: %s: %s", name, problem, value)
			}
		}
	}
	return report, nil
}

// judge says what is wrong with the value of a velocity key, if anything.
func (t *Truth) judge(key truth.Key, value string) string {
	var v truth.VelocitySignal
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return err.Error()
	}
	c, _ := t.Velocity(key, v.AsOf)
	if err := c.Allow(v); err != nil {
		return err.Error()
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

// readVelocity reads all velocity keys. One that goes away meanwhile is left out.
func readVelocity(ctx context.Context, rdb redis.UniversalClient) (map[string]string, error) {
	names, err := truth.ScanKeys(ctx, rdb, "velocity:*")
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
func (t *Truth) checkMeta(ctx context.Context, rdb redis.UniversalClient) (truth.Report, error) {
	var report truth.Report
	names, err := truth.ScanKeys(ctx, rdb, "{stock:*}:meta")
	if err != nil {
		return report, fmt.Errorf("scanning for meta hashes: %w", err)
	}
	for _, name := range names {
		key, ok := truth.ParseName(name)
		_, wanted := t.Stock()[key]
		if key.Store == "" {
			_, wanted = t.Global()[key.Product]
		}
		if !ok || !wanted {
			report.Extra++
			report.Sample("%s exists and should not", name)
		}
	}
	return report, nil
}
