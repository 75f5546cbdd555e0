package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/beamlytics/streamlytics/sinks/bigquery"
	"github.com/beamlytics/streamlytics/sinks/mirror"
	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/sources/pubsub"
	"github.com/beamlytics/streamlytics/transforms"
)

// prepare checks that the pipeline can reach what it reads and writes, restores the state, and
// reports whether there was any.
func (p *Pipeline) prepare(ctx context.Context) (restored bool, err error) {
	if err := p.checkRedis(ctx); err != nil {
		return false, err
	}
	if err := p.checkBigQuery(ctx); err != nil {
		return false, err
	}
	if len(p.plan.subscriptions) > 0 {
		if err := pubsub.Check(p.options.Emulator); err != nil {
			return false, err
		}
	}
	return p.restore(ctx)
}

// checkRedis returns an error for a Redis that does not answer or may evict keys without a TTL.
func (p *Pipeline) checkRedis(ctx context.Context) error {
	r, err := redis.Open(p.options.Redis.Config(), redis.Stats{})
	if err != nil {
		return err
	}
	defer r.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := r.Ping(ctx); err != nil {
		return err
	}
	return r.CheckEviction(ctx)
}

// checkBigQuery returns an error for tables that do not have the columns of the rows.
func (p *Pipeline) checkBigQuery(ctx context.Context) error {
	c, err := p.options.bigQuery()
	if err != nil || !c.Enabled() {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return bigquery.Check(ctx, c)
}

// restore restores the state from the mirror and reports whether there was any. It returns an error
// when a part of the mirror is missing. With --restore=none it deletes the mirror, because this
// pipeline does not keep it up to date.
func (p *Pipeline) restore(ctx context.Context) (restored bool, err error) {
	targets := p.options.targets(p.id, p.plan.clock, prismRunner)
	if !targets.Mirror {
		return false, p.dropMirror(ctx)
	}
	p.mirror, err = targets.OpenMirror(ctx, p.env)
	if err != nil {
		return false, err
	}
	keys, err := p.mirror.Keys(ctx)
	if err != nil || len(keys) == 0 {
		return false, err
	}
	p.env.BeginRestore(len(keys))
	started := time.Now()
	o := p.options
	err = transforms.Restore(ctx, o.keyed(p.id, p.plan, prismRunner), o.velocityConfig(), p.mirror, p.env.KeyRestored)
	if err != nil {
		return false, fmt.Errorf("restore the state in Redis at %s: %w", o.Redis.Addrs, err)
	}
	slog.Info("state restored from Redis", "keys", len(keys),
		"took", time.Since(started).Round(time.Millisecond).String())
	return true, nil
}

func (p *Pipeline) dropMirror(ctx context.Context) error {
	r, err := redis.Open(p.options.Redis.Config(), redis.Stats{})
	if err != nil {
		return err
	}
	defer r.Close()
	n, err := mirror.Drop(ctx, r)
	if n > 0 {
		slog.Warn("--restore=none: starting from empty state; the state of an earlier run was dropped from Redis",
			"keys", n)
	}
	return err
}

// verifyWithin bounds the time of verifyState.
const verifyWithin = 2 * time.Second

// verifyState returns an error that names what is missing when the next start would refuse the
// mirror. A Redis that does not answer is no error: all that was acknowledged has been written.
func (p *Pipeline) verifyState(ctx context.Context) error {
	if p.mirror == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), verifyWithin)
	defer cancel()
	err := p.mirror.Verify(ctx)
	if err != nil && !errors.Is(err, mirror.ErrIncomplete) && !errors.Is(err, mirror.ErrFenced) {
		slog.Warn("the state in Redis could not be verified", "error", err)
		return nil
	}
	return err
}
