package sinks

import (
	"context"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
)

func init() {
	dofn.Register(func(f *signalFn) dofn.Func { return dofn.Func2x1(f.ProcessElement) })
	dofn.Register(func(f *eventFn) dofn.Func { return dofn.Func2x1(f.ProcessElement) })
	dofn.Register(func(f *deadLetterFn) dofn.Func { return dofn.Func2x1(f.ProcessElement) })
}

// Targets says where the sinks of a pipeline write. It travels inside the DoFns.
type Targets struct {
	PipelineID string
	Clock      clock.Clock // for the expiry of velocity keys
	Redis      RedisConfig
	// WarehouseDir is the local warehouse's folder; empty: rows are not kept, and dead letters go to ./dead_letters.
	WarehouseDir string
	Warehouse    WarehouseOptions
	BigQuery     BigQueryConfig
	// NoLocalDeadLetters: dead letters go to BigQuery alone. For workers whose disk does not last.
	NoLocalDeadLetters bool
	// Mirror: logs are written to Redis too, for the next start. KeyGroups and ProductGroups are the layout they are written in.
	Mirror                   bool
	KeyGroups, ProductGroups int
}

// redis returns the Redis sink that the DoFns of this process share.
func (t Targets) redis(env *process.Env) (*Redis, error) {
	return process.Shared(env, "redis", func() (*Redis, error) {
		return OpenRedis(t.Redis, RedisStats{
			Writes: func(ctx context.Context, n int64) {
				env.Metrics.RedisAway.Store(false)
				env.Metrics.CountNow(ctx, metrics.RedisWrites, n)
			},
			Retries: func(ctx context.Context, n int64) {
				env.Metrics.RedisAway.Store(true)
				env.Metrics.CountNow(ctx, metrics.RedisRetries, n)
			},
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
		return OpenMirror(ctx, r, MirrorOptions{KeyGroups: t.KeyGroups, ProductGroups: t.ProductGroups, Job: t.job(env)})
	})
}

// job names the pipeline where this process is one of its workers.
func (t Targets) job(env *process.Env) string {
	if env.Worker() {
		return t.PipelineID
	}
	return ""
}

// signalFn writes signals to Redis and then to the warehouse, and releases their ack tokens. It must be fused with the stage
// that makes them: as a stage of its own it would have no output, and Prism spins a core on such a stage. Where an ack tracker
// waits for what is written, it leaves the writing to an outbox.
type signalFn struct {
	Targets Targets
	Stage   string

	env    *process.Env
	outbox *outbox
	writer *signalWriter // where there is no outbox
}

// Signals writes the signals (batch.Signals) of a keyed stage, which has a name.
func Signals(s beam.Scope, t Targets, stage string, batches beam.PCollection) {
	beam.ParDo0(s.Scope("WriteSignals"), &signalFn{Targets: t, Stage: stage}, batches)
}

func (f *signalFn) Setup(ctx context.Context) (err error) {
	f.env = process.Of(f.Targets.PipelineID)
	if f.env.Tracker == nil {
		f.writer, err = f.Targets.openSignalWriter(ctx, f.env)
		return err
	}
	f.outbox, err = process.Shared(f.env, "outbox of "+f.Stage, func() (*outbox, error) {
		w, err := f.Targets.openSignalWriter(ctx, f.env)
		if err != nil {
			return nil, err
		}
		return newOutbox(f.env, w.write), nil
	})
	return err
}

func (f *signalFn) ProcessElement(ctx context.Context, b batch.Signals) error {
	if f.outbox != nil {
		return f.outbox.add(ctx, b)
	}
	return f.writer.write(ctx, &b)
}

// FinishBundle gives the Beam metrics what was counted behind the bundles' back.
func (f *signalFn) FinishBundle(ctx context.Context) { f.env.Metrics.FlushPending(ctx) }
