package sinks

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/signal"
)

func init() {
	register.DoFn2x1[context.Context, signal.Batch, error](&signalFn{})
	register.DoFn2x1[context.Context, event.Event, error](&eventFn{})
	register.DoFn2x1[context.Context, event.DeadLetter, error](&deadLetterFn{})
}

// Targets says where the sinks of a pipeline write. It travels inside the DoFns.
type Targets struct {
	PipelineID string
	Clock      clock.Clock // for the expiry of velocity keys
	Redis      RedisConfig
	// WarehouseDir is the local warehouse's folder; empty: rows are not kept, and dead letters go to ./dead_letters.
	WarehouseDir string
	Warehouse    WarehouseOptions
	// Mirror: logs are written to Redis too, for the next start. KeyGroups is the layout they are written in.
	Mirror    bool
	KeyGroups int
}

// redis returns the Redis sink that the DoFns of this process share.
func (t Targets) redis(env *process.Env) (*Redis, error) {
	return process.Shared(env, "redis", func() (*Redis, error) {
		return OpenRedis(t.Redis, RedisStats{
			Writes:  func(n int64) { env.Metrics.Add(metrics.RedisWrites, n) },
			Retries: func(n int64) { env.Metrics.Add(metrics.RedisRetries, n) },
		})
	})
}

// OpenMirror returns the mirror that the DoFns of this process share.
func (t Targets) OpenMirror(ctx context.Context, env *process.Env) (*Mirror, error) {
	return process.Shared(env, "mirror", func() (*Mirror, error) {
		r, err := t.redis(env)
		if err != nil {
			return nil, err
		}
		return OpenMirror(ctx, r, t.KeyGroups)
	})
}

// warehouse returns the local warehouse that the DoFns of this process share.
func (t Targets) warehouse(env *process.Env) (*Warehouse, error) {
	return process.Shared(env, "warehouse", func() (*Warehouse, error) { return OpenWarehouse(t.WarehouseDir, t.Warehouse) })
}

// signalFn writes signals to Redis and then to the warehouse, and releases their ack tokens. It must be fused with the stage
// that makes them: as a stage of its own it would have no output, and Prism spins a core on such a stage.
type signalFn struct {
	Targets Targets

	env       *process.Env
	redis     *Redis
	mirror    *Mirror    // nil: there is none
	warehouse *Warehouse // nil: rows are not kept
	rows      []byte
}

// Signals writes the signals (signal.Batch) of a keyed stage.
func Signals(s beam.Scope, t Targets, batches beam.PCollection) {
	beam.ParDo0(s.Scope("WriteSignals"), &signalFn{Targets: t}, batches)
}

func (f *signalFn) Setup(ctx context.Context) (err error) {
	f.env = process.Of(f.Targets.PipelineID)
	if f.redis, err = f.Targets.redis(f.env); err != nil {
		return err
	}
	if f.Targets.Mirror {
		if f.mirror, err = f.Targets.OpenMirror(ctx, f.env); err != nil {
			return err
		}
	}
	if f.Targets.WarehouseDir != "" {
		f.warehouse, err = f.Targets.warehouse(f.env)
	}
	return err
}

func (f *signalFn) ProcessElement(ctx context.Context, b signal.Batch) error {
	if len(b.Logs) > 0 {
		lost, err := f.mirror.Write(ctx, b.Logs)
		if err != nil {
			return fmt.Errorf("mirror the logs of %d keys: %w", len(b.Logs), err)
		}
		for _, key := range lost {
			f.env.LoseLog(key)
		}
	}
	if len(b.Kept) > 0 {
		if err := f.mirror.WriteKept(ctx, b.Kept); err != nil {
			return fmt.Errorf("keep %d decisions: %w", len(b.Kept), err)
		}
	}
	if len(b.Stocks) > 0 {
		if err := f.redis.WriteStock(ctx, b.Stocks); err != nil {
			return fmt.Errorf("write %d stock signals: %w", len(b.Stocks), err)
		}
		metrics.ObserveStock(ctx, f.env.Metrics, b.PublishedAt, time.Now().UnixMilli())
	}
	if len(b.Velocities) > 0 {
		expires := func(v signal.Velocity) time.Time { return f.Targets.Clock.WallOf(v.Expires) }
		if err := f.redis.WriteVelocity(ctx, b.Velocities, expires); err != nil {
			return fmt.Errorf("write %d velocity signals: %w", len(b.Velocities), err)
		}
	}
	metrics.CountWrites(ctx, len(b.Stocks)+len(b.Velocities))
	if f.warehouse != nil {
		if err := f.archive(ctx, &b); err != nil {
			return err
		}
	}
	f.env.Metrics.VelocityPending.Add(-int64(b.Settles))
	f.env.Tracker.Release(b.Tokens)
	return nil
}

func (f *signalFn) archive(ctx context.Context, b *signal.Batch) error {
	f.rows = f.rows[:0]
	for _, s := range b.Stocks {
		f.rows = AppendStockChange(f.rows, s)
	}
	if err := f.warehouse.Append(ctx, TableStockChanges, f.rows); err != nil {
		return fmt.Errorf("archive stock changes: %w", err)
	}
	f.rows = f.rows[:0]
	for _, v := range b.Velocities {
		f.rows = AppendVelocity(f.rows, v)
	}
	if err := f.warehouse.Append(ctx, TableVelocitySignals, f.rows); err != nil {
		return fmt.Errorf("archive velocity signals: %w", err)
	}
	f.rows = f.rows[:0]
	for _, c := range b.Badges {
		f.rows = AppendBadgeChange(f.rows, c)
	}
	if err := f.warehouse.Append(ctx, TableBadgeChanges, f.rows); err != nil {
		return fmt.Errorf("archive badge changes: %w", err)
	}
	return nil
}
