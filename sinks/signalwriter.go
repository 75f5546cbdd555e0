package sinks

import (
	"context"
	"fmt"
	"time"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/signal"
)

// signalWriter writes batches of signals to the mirror, to Redis and to the warehouses, in this order, and releases their ack
// tokens. It is not safe for concurrent use.
type signalWriter struct {
	targets Targets
	env     *process.Env
	redis   *Redis
	mirror  *Mirror // nil: there is none
	archive *archive
}

func (t Targets) openSignalWriter(ctx context.Context, env *process.Env) (w *signalWriter, err error) {
	w = &signalWriter{targets: t, env: env}
	if w.redis, err = t.redis(env); err != nil {
		return nil, err
	}
	if env.Worker() { // else the program has looked before it started the pipeline
		if err := w.redis.CheckEviction(ctx); err != nil {
			return nil, err
		}
	}
	if t.Mirror {
		if w.mirror, err = t.OpenMirror(ctx, env); err != nil {
			return nil, err
		}
	}
	if !t.Mirror && env.Worker() {
		// Whoever starts from empty state makes what an earlier run kept wrong.
		if err := DropMirrorOnce(ctx, w.redis, t.PipelineID); err != nil {
			return nil, err
		}
	}
	if w.archive, err = t.archive(env); err != nil {
		return nil, err
	}
	if w.mirror != nil && w.mirror.options.Job != "" {
		_, err = process.Shared(env, "mirror mender", func() (*mender, error) { return startMender(env, w.mirror, mendAfter), nil })
		if err != nil {
			return nil, err
		}
	}
	_, err = process.Shared(env, "redis watch", func() (*watch, error) { return startWatch(env, w.redis, w.mirror), nil })
	return w, err
}

func (w *signalWriter) write(ctx context.Context, b *batch.Signals) error {
	if len(b.Logs) > 0 {
		lost, err := w.mirror.Write(ctx, b.Logs, w.env.Losses())
		if err != nil {
			return fmt.Errorf("mirror the logs of %d keys: %w", len(b.Logs), err)
		}
		if lost >= 0 {
			if err := lose(ctx, w.env, w.mirror, lost); err != nil {
				return fmt.Errorf("deal with what Redis has lost: %w", err)
			}
		}
	} else if w.mirror != nil { // the product stage keeps no log, and would go on saying what time alone changes
		if err := w.mirror.checkEpoch(ctx); err != nil {
			return fmt.Errorf("look whose the state in Redis is: %w", err)
		}
	}
	if len(b.Kept) > 0 {
		if err := w.mirror.WriteKept(ctx, b.Kept); err != nil {
			return fmt.Errorf("keep %d decisions: %w", len(b.Kept), err)
		}
	}
	if len(b.Stocks) > 0 {
		if err := w.redis.WriteStock(ctx, b.Stocks); err != nil {
			return fmt.Errorf("write %d stock signals: %w", len(b.Stocks), err)
		}
		metrics.ObserveStock(ctx, w.env.Metrics, b.PublishedAt, time.Now().UnixMilli())
	}
	if len(b.Velocities) > 0 {
		expires := func(v signal.Velocity) time.Time { return w.targets.Clock.WallOf(v.Expires) }
		if err := w.redis.WriteVelocity(ctx, b.Velocities, expires); err != nil {
			return fmt.Errorf("write %d velocity signals: %w", len(b.Velocities), err)
		}
	}
	if err := w.keep(ctx, b); err != nil {
		return err
	}
	metrics.ObserveVelocity(ctx, w.env.Metrics, b.Settles, time.Now().UnixMilli())
	w.env.Tracker.Release(b.Tokens)
	return nil
}

// keep archives a batch.
func (w *signalWriter) keep(ctx context.Context, b *batch.Signals) error {
	w.archive.reset() // of a batch that failed
	for i := range b.Stocks {
		w.archive.stock(&b.Stocks[i])
	}
	for i := range b.Velocities {
		w.archive.velocity(&b.Velocities[i])
	}
	for i := range b.Badges {
		w.archive.badge(&b.Badges[i])
	}
	return w.archive.flush(ctx)
}
