package demo

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/truth"
	"github.com/beamlytics/streamlytics/tools/retail"
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
func (c *checks) stock(ctx context.Context, options ...truth.Option) error {
	found, err := c.truth.Stock().Check(ctx, c.rdb, options...)
	if err != nil {
		return err
	}
	wrong := 0
	for _, r := range [...]truth.Report{found.Stores, found.Global} {
		wrong += r.Wrong + r.Missing + r.Extra
	}
	if wrong > 0 && c.verdict.wrong == 0 {
		c.samples = slices.Concat(found.Stores.Samples, found.Global.Samples)
	}
	c.verdict = verdict{keys: found.Stores.Keys + found.Global.Keys, wrong: max(c.verdict.wrong, wrong)}
	return nil
}
