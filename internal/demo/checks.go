package demo

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/oracle"
	"github.com/beamlytics/streamlytics/internal/retail"
)

// verdict is how Redis stands against the truth.
type verdict struct {
	keys  int // stock keys compared at the last check
	wrong int // the most keys that were wrong at any check
}

// checks compares Redis with the truth. It is not safe for concurrent use.
type checks struct {
	rdb     redis.UniversalClient
	truth   *retail.Truth
	verdict verdict
	samples []string // what was wrong first, for a person
}

// stock compares every stock key. Nothing may be on its way.
func (c *checks) stock(ctx context.Context, options ...oracle.Option) error {
	stores := map[oracle.Key]oracle.Result{}
	products := map[string]bool{}
	c.truth.EachStock(func(store, product string, onHand int64, known bool) {
		stores[oracle.Key{Store: store, Product: product}] = oracle.Result{OnHand: onHand, Known: known}
		products[product] = true
	})
	global := map[string]int64{}
	for product := range products {
		if onHand, known := c.truth.GlobalOnHand(product); known {
			global[product] = onHand
		}
	}
	perStore, err := oracle.CheckStock(ctx, c.rdb, stores, options...)
	if err != nil {
		return fmt.Errorf("check the stock of the stores: %w", err)
	}
	overAll, err := oracle.CheckGlobal(ctx, c.rdb, global, options...)
	if err != nil {
		return fmt.Errorf("check the stock over all stores: %w", err)
	}
	wrong := 0
	for _, r := range [...]oracle.Report{perStore, overAll} {
		wrong += r.Wrong + r.Missing + r.Extra
	}
	if wrong > 0 && c.verdict.wrong == 0 {
		c.samples = slices.Concat(perStore.Samples, overAll.Samples)
	}
	c.verdict = verdict{keys: perStore.Keys + overAll.Keys, wrong: max(c.verdict.wrong, wrong)}
	return nil
}
