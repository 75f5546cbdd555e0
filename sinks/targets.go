package sinks

import (
	"context"
	"errors"

	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/sinks/bigquery"
	"github.com/beamlytics/streamlytics/sinks/localfiles"
	"github.com/beamlytics/streamlytics/sinks/mirror"
	"github.com/beamlytics/streamlytics/sinks/redis"
)

// Targets configures the sinks of a pipeline. It travels inside the DoFns. Its methods return sinks
// that the DoFns of this process share.
type Targets struct {
	PipelineID string
	Clock      clock.Clock // for the expiry of velocity keys
	Redis      redis.Config
	// CheckEviction has a sink of signals refuse a Redis that may evict keys without a TTL. It is
	// for workers: a program that runs the DoFns itself checks before it starts the graph.
	CheckEviction bool
	// WarehouseDir is the folder of the local archive. If it is empty, rows are not kept, and dead
	// letters are written to ./dead_letters.
	WarehouseDir string
	Warehouse    localfiles.Options
	BigQuery     bigquery.Config
	// NoLocalDeadLetters has dead letters written to BigQuery alone, for workers whose disk does
	// not last.
	NoLocalDeadLetters bool
	// Mirror has logs written to Redis too, for the next start. KeyGroups and ProductGroups are the
	// layout they are written in.
	Mirror                   bool
	KeyGroups, ProductGroups int
}

// redis returns the sink of signals.
func (t Targets) redis(env *process.Env) (*redis.Sink, error) {
	return process.Shared(env, "redis", func() (*redis.Sink, error) {
		return redis.Open(t.Redis, redis.Stats{
			Writes: func(ctx context.Context, n int64) {
				env.Metrics.RedisAway.Store(false)
				env.Metrics.CountNow(ctx, metrics.RedisWrites, n)
			},
			Retries: func(ctx context.Context) {
				env.Metrics.RedisAway.Store(true)
				env.Metrics.CountNow(ctx, metrics.RedisRetries, 1)
			},
		})
	})
}

// OpenMirror returns the mirror, which this process owns.
func (t Targets) OpenMirror(ctx context.Context, env *process.Env) (*mirror.Mirror, error) {
	return process.Shared(env, "mirror", func() (*mirror.Mirror, error) {
		r, err := t.redis(env)
		if err != nil {
			return nil, err
		}
		return mirror.Open(ctx, r, mirror.Options{KeyGroups: t.KeyGroups, ProductGroups: t.ProductGroups})
	})
}

// localFiles returns the sink of local files.
func (t Targets) localFiles(env *process.Env) (RowSink, error) {
	return process.Shared(env, "warehouse", func() (*localfiles.Sink, error) {
		return localfiles.Open(t.WarehouseDir, t.Warehouse)
	})
}

// bigQuery returns the BigQuery sink.
func (t Targets) bigQuery(env *process.Env) (RowSink, error) {
	return process.Shared(env, "bigquery", func() (*bigquery.Sink, error) {
		return bigquery.Open(t.BigQuery, bigquery.Stats{
			Rows:    func(ctx context.Context, n int64) { env.Metrics.CountNow(ctx, metrics.BigQueryRows, n) },
			Retries: func(ctx context.Context) { env.Metrics.CountNow(ctx, metrics.BigQueryRetries, 1) },
		})
	})
}

// rowSinks returns the local files, if local is set, and BigQuery, if there is a dataset.
func (t Targets) rowSinks(env *process.Env, local bool) (sinks []RowSink, err error) {
	for _, target := range []struct {
		wanted bool
		open   func(*process.Env) (RowSink, error)
	}{{local, t.localFiles}, {t.BigQuery.Enabled(), t.bigQuery}} {
		if !target.wanted {
			continue
		}
		s, err := target.open(env)
		if err != nil {
			return nil, err
		}
		sinks = append(sinks, s)
	}
	return sinks, nil
}

// archive returns a writer of rows to the row sinks.
func (t Targets) archive(env *process.Env) (*archive, error) {
	letters, err := t.deadLetters(env)
	if err != nil {
		return nil, err
	}
	sinks, err := t.rowSinks(env, t.WarehouseDir != "")
	if err != nil {
		return nil, err
	}
	return newArchive(t.Clock, letters, sinks, env.History), nil
}

// deadLetters returns a writer of dead letters. Without a folder for the archive it opens local
// files for the dead letters alone, which are created with the first of them.
func (t Targets) deadLetters(env *process.Env) (*DeadLetters, error) {
	if t.NoLocalDeadLetters && !t.BigQuery.Enabled() {
		return nil, errors.New("dead letters have no place: " +
			"the workers' disks do not last, and there is no BigQuery dataset")
	}
	sinks, err := t.rowSinks(env, !t.NoLocalDeadLetters)
	if err != nil {
		return nil, err
	}
	d := &DeadLetters{env: env, sinks: sinks}
	if t.NoLocalDeadLetters {
		d.lastResort = func() (RowSink, error) { return t.localFiles(env) }
	}
	return d, nil
}
