package replay

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/oracle"
)

// leastPause between two looks at Redis; a look that took long is followed by a longer pause, to leave Redis to the pipeline.
const leastPause = 500 * time.Millisecond

// awaitTruth looks at Redis until it holds the stock that the events lead to, or the timeout has passed since the call, or
// the context ends. It returns what it saw last. An error of Redis while there is time is tried again.
func awaitTruth(ctx context.Context, rdb redis.UniversalClient, events []oracle.Event, timeout time.Duration, extra bool) (Check, error) {
	start := time.Now()
	stock := oracle.Stock(events)
	global := oracle.Global(stock)
	options := []oracle.Option{oracle.AlsoMeta}
	if extra {
		options = append(options, oracle.AlsoExtra)
	}
	for {
		looked := time.Now()
		check, ok, err := look(ctx, rdb, stock, global, options)
		check.Seconds = time.Since(start).Seconds()
		if ok || ctx.Err() != nil || time.Since(start) >= timeout {
			return check, err
		}
		if err != nil {
			slog.Warn("checking the stock failed, trying again", "err", err)
		} else {
			slog.Info("the stock is not there yet", "keys", check.Stock.Keys, "wrong", check.Stock.Wrong, "missing", check.Stock.Missing)
		}
		pause := max(leastPause, 2*time.Since(looked))
		select {
		case <-time.After(min(pause, time.Until(start.Add(timeout)))):
		case <-ctx.Done():
			return check, context.Cause(ctx)
		}
	}
}

func look(ctx context.Context, rdb redis.UniversalClient, stock map[oracle.Key]oracle.Result, global map[string]int64, options []oracle.Option) (c Check, ok bool, err error) {
	stores, err := oracle.CheckStock(ctx, rdb, stock, options...)
	c.Stock = Faults(stores)
	if err != nil {
		return c, false, fmt.Errorf("checking the stock of the stores: %w", err)
	}
	sums, err := oracle.CheckGlobal(ctx, rdb, global, options...)
	c.Global = Faults(sums)
	if err != nil {
		return c, false, fmt.Errorf("checking the stock over all stores: %w", err)
	}
	return c, stores.OK() && sums.OK(), nil
}
