package truth

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
)

// Expected is the stock that Redis should hold.
type Expected struct {
	Stores map[Key]Result
	Global map[string]int64 // by product, as Global makes it
}

// Found is the outcome of a look at all of Redis.
type Found struct {
	Stores, Global Report
	Took           time.Duration // until it was found
}

// OK reports whether nothing was wrong, missing or extra.
func (f Found) OK() bool { return f.Stores.OK() && f.Global.OK() }

// Check looks once. An error means that Redis could not be read.
func (e Expected) Check(ctx context.Context, rdb redis.UniversalClient, options ...Option) (f Found, err error) {
	if f.Stores, err = CheckStock(ctx, rdb, e.Stores, options...); err != nil {
		return f, fmt.Errorf("checking the stock of the stores: %w", err)
	}
	if f.Global, err = CheckGlobal(ctx, rdb, e.Global, options...); err != nil {
		return f, fmt.Errorf("checking the stock over all stores: %w", err)
	}
	return f, nil
}

// leastPause between two looks at Redis; a look that took long is followed by a longer pause, to leave Redis to the pipeline.
const leastPause = 500 * time.Millisecond

// sayEvery is how often it is said that something is still missing.
const sayEvery = 10 * time.Second

// Await looks at Redis until it holds what is expected, or the timeout has passed since the call, or the context ends. It returns
// what it saw last. An error of Redis while there is time is tried again.
func (e Expected) Await(ctx context.Context, rdb redis.UniversalClient, timeout time.Duration, options ...Option) (Found, error) {
	start := time.Now()
	var said time.Time
	for {
		looked := time.Now()
		found, err := e.Check(ctx, rdb, options...)
		found.Took = time.Since(start)
		if err == nil && found.OK() || ctx.Err() != nil || time.Since(start) >= timeout {
			return found, err
		}
		if time.Since(said) >= sayEvery {
			said = time.Now()
			if err != nil {
				slog.Warn("checking the stock failed, trying again", "err", err)
			} else {
				slog.Info("the stock is not there yet", "keys", found.Stores.Keys, "wrong", found.Stores.Wrong, "missing", found.Stores.Missing)
			}
		}
		pause := max(leastPause, 2*time.Since(looked))
		select {
		case <-time.After(min(pause, time.Until(start.Add(timeout)))):
		case <-ctx.Done():
			return found, context.Cause(ctx)
		}
	}
}
