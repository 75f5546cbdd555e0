package demo

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/truth"
)

// verdict is how Redis stands against the truth.
type verdict struct {
	keys  int // stock keys compared at the last check
	wrong int // the most keys that were wrong at any check
}

// checks compares Redis with the truth. It is not safe for concurrent use.
type checks struct {
	rdb     redis.UniversalClient
	ledger  *truth.Ledger
	verdict verdict
	samples []string // what was wrong first, for a person
}

// stock compares every stock key, and with extra set finds those that should not exist. Nothing may
// be on its way.
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
