package sinks

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/sinks/mirror"
	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/sinks/retry"
)

// watchEvery is the time between two looks at Redis, wall time.
const watchEvery = time.Second

// lookWithin bounds one look.
const lookWithin = 5 * time.Second

// watch looks once a second whether Redis has lost data, the layout and the epochs of the mirror
// included. After a loss everything is written again, which is harmless where nothing was lost. The
// watch also counts evictions, and fails the pipeline when another one has taken over the mirror.
type watch struct {
	env    *process.Env
	redis  *redis.Watch
	name   string         // of Redis, for the log
	mirror *mirror.Mirror // nil where there is none
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func startWatch(env *process.Env, r *redis.Sink, m *mirror.Mirror) *watch {
	ctx, cancel := context.WithCancel(context.Background())
	evicted := func(ctx context.Context, n int64) { env.Metrics.CountNow(ctx, metrics.RedisEvictedKeys, n) }
	w := &watch{env: env, redis: redis.NewWatch(r, evicted), name: r.String(), mirror: m, cancel: cancel}
	w.done.Go(func() {
		if err := w.run(ctx); err != nil && ctx.Err() == nil {
			env.Fail(err)
		}
	})
	return w
}

// run returns an error when another pipeline has taken over, and nil when the watch or the sink is
// closed.
func (w *watch) run(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	lost := "" // a loss that was noticed and is not yet noted; empty: none
	for {
		losses := w.env.Losses()
		seen, err := w.look(ctx)
		if errors.Is(err, mirror.ErrFenced) {
			return err
		}
		if seen != "" {
			lost = seen
		}
		if ctx.Err() == nil {
			w.env.Metrics.RedisAway.Store(err != nil) // the failed writes log the reason
		}
		if err == nil && lost != "" {
			slog.Warn(lost+"; all signals are written again", "redis", w.name)
			if err := lose(ctx, w.env, w.mirror, losses); err != nil && !errors.Is(err, retry.ErrClosed) {
				return err
			} else if err != nil {
				return nil
			}
			lost = ""
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// look looks once. lost describes a loss, also with an error.
func (w *watch) look(ctx context.Context) (lost string, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	if w.mirror != nil {
		intact, err := w.mirror.Intact(ctx)
		if err != nil {
			return "", err
		}
		if !intact {
			lost = "A part of the state in Redis is gone"
		}
	}
	seen, err := w.redis.Look(ctx)
	if seen != "" {
		lost = seen
	}
	return lost, err
}

// lose notes that Redis has lost data since the given number of losses: first in the mirror, so
// that no pipeline starts from what is left, then for the stages, which write everything again. m
// is nil where there is no mirror.
func lose(ctx context.Context, env *process.Env, m *mirror.Mirror, since int64) error {
	if m != nil {
		if err := m.NoteLosses(ctx, since+1); err != nil {
			return err
		}
	}
	env.Lose(since)
	return nil
}

// Close ends the watch.
func (w *watch) Close() error {
	w.cancel()
	w.done.Wait()
	return nil
}
