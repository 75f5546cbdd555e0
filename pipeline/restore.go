package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/beamlytics/streamlytics/sinks/mirror"
	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/transforms"
)

// restore restores the state in Redis and reports whether there was any. It fails when a part of the state
// is missing. With --restore=none it drops old state, which this pipeline would make wrong.
func (p *Pipeline) restore(ctx context.Context) (restored bool, err error) {
	targets := p.options.targets(p.id, p.plan.clock, prismRunner)
	if !targets.Mirror {
		r, err := redis.Open(p.options.redis(), redis.Stats{})
		if err != nil {
			return false, err
		}
		defer r.Close()
		n, err := mirror.Drop(ctx, r)
		if n > 0 {
			slog.Warn("starting from empty state, as --restore=none says; the state of an earlier run was dropped from Redis", "keys", n)
		}
		return false, err
	}
	mirror, err := targets.OpenMirror(ctx, p.env)
	if err != nil {
		return false, err
	}
	p.mirror = mirror
	keys, err := mirror.Keys(ctx)
	if err != nil || len(keys) == 0 {
		return false, err
	}
	p.env.BeginRestore(len(keys))
	started := time.Now()
	o, kind := p.options, p.options.runnerKind()
	err = transforms.Restore(ctx, o.keyed(p.id, p.plan, kind), o.velocity(p.plan, kind).Config, mirror, p.env.KeyRestored)
	if err != nil {
		return false, fmt.Errorf("restore the state in Redis at %s: %w", o.RedisAddrs, err)
	}
	slog.Info("state restored from Redis", "keys", len(keys), "took", time.Since(started).Round(time.Millisecond).String())
	return true, nil
}

// verifyFor bounds the last look at the state in Redis.
const verifyFor = 2 * time.Second

// verifyState returns an error when the next start would refuse the state in Redis, with what is missing. A Redis that does not
// answer is no error: all that was acknowledged has been written.
func (p *Pipeline) verifyState(ctx context.Context) error {
	if p.mirror == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), verifyFor)
	defer cancel()
	err := p.mirror.Verify(ctx)
	if err != nil && !errors.Is(err, mirror.ErrIncomplete) && !errors.Is(err, mirror.ErrFenced) {
		slog.Warn("whether the state in Redis is whole is not known", "error", err)
		return nil
	}
	return err
}
