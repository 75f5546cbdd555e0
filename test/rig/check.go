package rig

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/truth"
)

// Report is the outcome of a check.
type Report struct {
	Stock    truth.Report // of the stores, with the meta hashes
	Global   truth.Report // of stock over all stores
	Velocity truth.Report // per store and over all stores
	Meta     truth.Report // meta hashes that should not exist
}

func (r Report) parts() []truth.Report {
	return []truth.Report{r.Stock, r.Global, r.Velocity, r.Meta}
}

// OK reports whether Redis holds the truth, the whole truth and nothing but the truth.
func (r Report) OK() bool { return r.Faults() == 0 }

// Faults is how many keys are wrong, missing or should not exist.
func (r Report) Faults() (n int) {
	for _, p := range r.parts() {
		n += p.Wrong + p.Missing + p.Extra
	}
	return n
}

// Keys is how many keys should exist.
func (r Report) Keys() int { return r.Stock.Keys + r.Global.Keys + r.Velocity.Keys }

// String is one line: the counts, and the first faults of each kind if there are any.
func (r Report) String() string {
	return fmt.Sprintf("stock: %v; global stock: %v; velocity: %v; stray meta: %d %v", r.Stock, r.Global, r.Velocity, r.Meta.Extra, r.Meta.Samples)
}

// Check holds every stock and velocity key of a Redis server or cluster against the truth, and searches for keys that should not
// exist. nowMs is what the program's clock shows (epoch ms). The error says that Redis could not be read.
func (t *Truth) Check(ctx context.Context, rdb redis.UniversalClient, nowMs int64) (r Report, err error) {
	if r.Stock, err = truth.CheckStock(ctx, rdb, t.Stock(), truth.AlsoMeta, truth.AlsoExtra); err != nil {
		return r, err
	}
	if r.Global, err = truth.CheckGlobal(ctx, rdb, t.Global(), truth.AlsoMeta, truth.AlsoExtra); err != nil {
		return r, err
	}
	if r.Meta, err = t.checkMeta(ctx, rdb); err != nil {
		return r, err
	}
	r.Velocity, err = t.checkVelocity(ctx, rdb, nowMs)
	return r, err
}

// Await checks again and again until Redis holds the truth, and returns the last report: velocity may follow the
// acknowledgement by some seconds. The error says that Redis could not be read at the end, or that ctx ended.
func (t *Truth) Await(ctx context.Context, rdb redis.UniversalClient, now func() int64, timeout time.Duration) (Report, error) {
	deadline := time.Now().Add(timeout)
	for {
		r, err := t.Check(ctx, rdb, now())
		if err == nil && r.OK() || time.Now().After(deadline) {
			return r, err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return r, context.Cause(ctx)
		}
	}
}

// Now is the wall clock in epoch ms, which is the program's clock unless it was told otherwise.
func Now() int64 { return time.Now().UnixMilli() }
