package demo

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/truth"
)

// verdict is the result of comparing Redis with the truth.
type verdict struct {
	keys  int // stock keys compared at the last check
	wrong int // the most keys that were wrong at any check
}

// checks compares Redis with the truth. It is not safe for concurrent use.
type checks struct {
	rdb     redis.UniversalClient
	ledger  *truth.Ledger
	verdict verdict
	samples []string // the first differences, as text
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
	c.verdict = verdict{keys: found.Keys, wrong: max(c.verdict.wrong, found.Count())}
	return nil
}
