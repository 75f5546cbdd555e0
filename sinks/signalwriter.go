package sinks

import (
	"context"
	"fmt"
	"time"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks/mirror"
	"github.com/beamlytics/streamlytics/sinks/redis"
)

// signalWriter writes batches of signals. It is not safe for concurrent use.
type signalWriter struct {
	targets Targets
	env     *process.Env
	redis   *redis.Sink
	mirror  *mirror.Mirror // nil: there is none
	archive *archive
}

func (t Targets) openSignalWriter(ctx context.Context, env *process.Env) (w *signalWriter, err error) {
	w = &signalWriter{targets: t, env: env}
	if w.redis, err = t.redis(env); err != nil {
		return nil, err
	}
	if t.CheckEviction {
		if err := w.redis.CheckEviction(ctx); err != nil {
			return nil, err
		}
	}
	if t.Mirror {
		if w.mirror, err = t.OpenMirror(ctx, env); err != nil {
			return nil, err
		}
	}
	if w.archive, err = t.archive(env); err != nil {
		return nil, err
	}
	_, err = process.Shared(env, "redis watch", func() (*watch, error) {
		return startWatch(env, w.redis, w.mirror), nil
	})
	return w, err
}

// write writes a batch in the order that a crash between any two steps requires: state is mirrored
// before a signal shows it, signals are visible before they are archived, and messages are
// acknowledged when all of it is written.
func (w *signalWriter) write(ctx context.Context, b *batch.Signals) error {
	for _, step := range []func(context.Context, *batch.Signals) error{
		w.writeMirror,
		w.writeStock,
		w.writeVelocity,
		w.writeArchive,
	} {
		if err := step(ctx, b); err != nil {
			return err
		}
	}
	metrics.ObserveVelocity(ctx, w.env.Metrics, b.Settles, time.Now().UnixMilli())
	w.env.Tracker.Release(b.Tokens)
	return nil
}

func (w *signalWriter) writeMirror(ctx context.Context, b *batch.Signals) error {
	if w.mirror == nil {
		return nil
	}
	if len(b.Logs) > 0 {
		lost, err := w.mirror.Write(ctx, b.Logs, w.env.Losses())
		if err != nil {
			return fmt.Errorf("mirror the logs of %d keys: %w", len(b.Logs), err)
		}
		if lost >= 0 {
			if err := lose(ctx, w.env, w.mirror, lost); err != nil {
				return fmt.Errorf("note what Redis has lost: %w", err)
			}
		}
	} else if err := w.mirror.CheckEpoch(ctx); err != nil {
		// A batch of the product stage has no log that is fenced, and time alone changes its
		// signals.
		return fmt.Errorf("check the owner of the state in Redis: %w", err)
	}
	if len(b.Kept) > 0 {
		if err := w.mirror.WriteKept(ctx, b.Kept); err != nil {
			return fmt.Errorf("keep %d decisions: %w", len(b.Kept), err)
		}
	}
	return nil
}

func (w *signalWriter) writeStock(ctx context.Context, b *batch.Signals) error {
	if len(b.Stocks) == 0 {
		return nil
	}
	if err := w.redis.WriteStock(ctx, b.Stocks); err != nil {
		return fmt.Errorf("write %d stock signals: %w", len(b.Stocks), err)
	}
	metrics.ObserveStock(ctx, w.env.Metrics, b.PublishedAt, time.Now().UnixMilli())
	return nil
}

func (w *signalWriter) writeVelocity(ctx context.Context, b *batch.Signals) error {
	if len(b.Velocities) == 0 {
		return nil
	}
	expires := func(v signal.Velocity) time.Time { return w.targets.Clock.WallOf(v.Expires) }
	if err := w.redis.WriteVelocity(ctx, b.Velocities, expires); err != nil {
		return fmt.Errorf("write %d velocity signals: %w", len(b.Velocities), err)
	}
	return nil
}

func (w *signalWriter) writeArchive(ctx context.Context, b *batch.Signals) error {
	w.archive.begin(time.Now().UnixMilli())
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
