package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/serving"
	"github.com/beamlytics/streamlytics/test/truth"
)

// verdict is the result of comparing Redis with the truth.
type verdict struct {
	keys  int       // stock keys compared at the last check
	wrong int       // the most keys that were wrong at any check
	hot   int       // products that had HIGH_DEMAND over all stores at any check
	at    time.Time // of the last check, wall
}

// checks compares Redis with the truth. It is not safe for concurrent use.
type checks struct {
	rdb      redis.UniversalClient
	ledger   *truth.Ledger
	signals  *serving.Client
	products []string
	verdict  verdict
	samples  []string        // the first differences, as text
	hot      map[string]bool // the products of verdict.hot
}

// stock compares every stock key with the truth. If extra is set, it also finds keys that should
// not exist. All published messages must be processed before.
func (c *checks) stock(ctx context.Context, extra bool) error {
	report, err := truth.CheckStock(ctx, c.rdb, c.ledger.Stock(), extra)
	if err != nil {
		return fmt.Errorf("check the stock: %w", err)
	}
	found := report.Total()
	if found.Count() > 0 && c.verdict.wrong == 0 {
		c.samples = found.Samples
	}
	if err := c.demand(ctx); err != nil {
		return err
	}
	c.verdict = verdict{keys: found.Keys, wrong: max(c.verdict.wrong, found.Count()), hot: len(c.hot), at: time.Now()}
	return nil
}

// demand adds the products that have HIGH_DEMAND now to hot.
func (c *checks) demand(ctx context.Context) error {
	const chunk = 1000 // so that other clients of Redis do not wait
	for ids := range slices.Chunk(c.products, chunk) {
		products, err := c.signals.Products(ctx, "", ids)
		if err != nil {
			return err
		}
		for _, p := range products {
			if p.Velocity != nil && p.Velocity.HighDemand {
				c.hot[p.ProductID] = true
			}
		}
	}
	return nil
}
