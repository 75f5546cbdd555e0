package truth

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Report is the result of a check.
type Report struct {
	Stock    Faults // of the stores, with the meta hashes
	Global   Faults // of stock over all stores, with the meta hashes
	Velocity Faults // per store and over all stores
}

// Faults counts keys of one sort.
type Faults struct {
	Keys    int      `json:"keys"`              // that should exist
	Wrong   int      `json:"wrong"`             // of Keys, with another value
	Missing int      `json:"missing"`           // of Keys, that do not exist
	Extra   int      `json:"extra"`             // that exist and should not
	Samples []string `json:"samples,omitempty"` // the first faults, as text
}

const maxSamples = 10

// add counts a fault in one of the counts of f.
func (f *Faults) add(count *int, format string, args ...any) {
	*count++
	if len(f.Samples) < maxSamples {
		f.Samples = append(f.Samples, fmt.Sprintf(format, args...))
	}
}

// Count returns the number of keys that are wrong, missing or should not exist.
func (f Faults) Count() int { return f.Wrong + f.Missing + f.Extra }

// String returns one line: the counts, and the first fault if there is one.
func (f Faults) String() string {
	s := fmt.Sprintf("keys: %d, wrong: %d, missing: %d, extra: %d", f.Keys, f.Wrong, f.Missing, f.Extra)
	if len(f.Samples) > 0 {
		s += " (" + f.Samples[0] + ")"
	}
	return s
}

// Total returns the sum over all sorts of keys.
func (r Report) Total() (sum Faults) {
	for _, f := range [...]Faults{r.Stock, r.Global, r.Velocity} {
		sum.Keys += f.Keys
		sum.Wrong += f.Wrong
		sum.Missing += f.Missing
		sum.Extra += f.Extra
		sum.Samples = slices.Concat(sum.Samples, f.Samples)
	}
	return sum
}

// OK reports whether nothing was wrong, missing or extra.
func (r Report) OK() bool { return r.Total().Count() == 0 }

// String returns one line: the counts, and the first fault of each sort.
func (r Report) String() string {
	return fmt.Sprintf("stock: %v; global stock: %v; velocity: %v", r.Stock, r.Global, r.Velocity)
}

const (
	// leastPause is the least time between two checks. A longer pause follows a slow check, so that
	// Redis serves mostly the pipeline.
	leastPause = 50 * time.Millisecond
	// logEvery is how often Await logs what is still missing.
	logEvery = 10 * time.Second
)

// Await checks until nothing is wrong, the timeout has passed, or the context ends, and returns the
// last report. The error is that of the last check; after earlier errors it tries again.
func Await(ctx context.Context, timeout time.Duration, check func(context.Context) (Report, error)) (Report, error) {
	start := time.Now()
	logged := start
	for {
		began := time.Now()
		r, err := check(ctx)
		if err == nil && r.OK() || ctx.Err() != nil || time.Since(start) >= timeout {
			return r, err
		}
		if time.Since(logged) >= logEvery {
			logged = time.Now()
			if err != nil {
				slog.Warn("checking Redis failed, trying again", "err", err)
			} else {
				slog.Info("Redis is not right yet", "found", r)
			}
		}
		pause := max(leastPause, 2*time.Since(began))
		select {
		case <-time.After(min(pause, time.Until(start.Add(timeout)))):
		case <-ctx.Done():
			return r, context.Cause(ctx)
		}
	}
}
