package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/beamlytics/streamlytics/sinks"
)

// restore prepares the start from the state in Redis and returns the Beam keys of which there is any. It fails when a part of the
// state is missing. With --restore=none it drops old state: what this pipeline does makes it wrong.
func (p *Pipeline) restore(ctx context.Context) (keys []string, err error) {
	targets := p.options.targets(p.id, p.plan.clock)
	if !targets.Mirror {
		r, err := sinks.OpenRedis(p.options.redis(), sinks.RedisStats{})
		if err != nil {
			return nil, err
		}
		defer r.Close()
		n, err := sinks.DropMirror(ctx, r)
		if n > 0 {
			slog.Warn("starting from empty state, as --restore=none says; the state of an earlier run was dropped from Redis", "keys", n)
		}
		return nil, err
	}
	started := time.Now()
	mirror, err := targets.OpenMirror(ctx, p.env)
	if err != nil {
		return nil, err
	}
	p.mirror = mirror
	if keys, err = mirror.Keys(ctx); err != nil {
		return nil, err
	}
	mirrored := make(map[string]bool, len(keys))
	for _, key := range keys {
		mirrored[key] = true
	}
	state := mirror.State()
	state.Log = func(ctx context.Context, key string) ([][]byte, error) {
		if !mirrored[key] {
			return nil, nil
		}
		return mirror.Load(ctx, key)
	}
	p.env.SetState(state)
	p.env.BeginRestore(len(keys))
	if len(keys) > 0 {
		slog.Info("restoring state from Redis", "keys", len(keys), "found_in", time.Since(started).String())
	}
	return keys, nil
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
	if err != nil && !errors.Is(err, sinks.ErrIncomplete) && !errors.Is(err, sinks.ErrFenced) {
		slog.Warn("whether the state in Redis is whole is not known", "error", err)
		return nil
	}
	return err
}
