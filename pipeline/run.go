package pipeline

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/sinks/mirror"
	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/sources/files"
	"github.com/beamlytics/streamlytics/sources/pubsub"
)

// drainFor is how long a pipeline may take to finish what it has pulled when it is told to stop.
const drainFor = 25 * time.Second

// errDrained is the cause by which a drained pipeline is cancelled.
var errDrained = errors.New("the pipeline has drained")

// Pipeline is a validated pipeline.
type Pipeline struct {
	options Options
	plan    plan
	id      string
	env     *process.Env

	// Progress, if set, gets a line of progress once a second.
	Progress io.Writer
	// Notices, if set, gets a line about what is read and written, about each address at which the pipeline serves something, and about
	// a job that it submits; and, without Progress, every ten seconds how far the files are read.
	Notices io.Writer

	begun       atomic.Bool    // the runner has the job
	mirror      *mirror.Mirror // nil where no state is mirrored
	completion  completion     // of the bounded input
	progress    *files.Progress
	noticeEvery time.Duration // how often a line of progress goes to Notices
}

// New validates the options. The error lists everything that is wrong with them. A Pipeline that is not run must be closed.
func New(ctx context.Context, o Options) (*Pipeline, error) {
	p, err := o.check(ctx, time.Now())
	if err != nil {
		return nil, err
	}
	id := "streamlytics-" + rand.Text()
	env, err := process.Register(id, acks.New(o.OutstandingEvents))
	if err != nil {
		return nil, err
	}
	return &Pipeline{options: o, plan: p, id: id, env: env, progress: files.ProgressOf(env), noticeEvery: noticeEvery}, nil
}

// Run executes the pipeline; its DoFns run in this process. It returns nil when bounded input is read to its end, or, where the input has
// no end, after ctx ended, when what had been pulled is finished: written and acknowledged. The error is ErrInterrupted when ctx ended
// before input that is all bounded was read to its end. A drain that takes too long, and any failure of the job, is an error; messages
// that were not finished will be delivered again. It closes the pipeline.
func (p *Pipeline) Run(ctx context.Context) (err error) {
	defer func() { err = hinted(errors.Join(err, p.Close())) }()
	if p.options.runnerKind() == dataflowRunner {
		return p.submit(ctx)
	}
	server, err := p.serveMetrics()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	p.announce()
	stopReports := p.report()
	defer stopReports()
	jobs, err := prismJobs()
	if err != nil {
		return err
	}
	restored, err := p.prepare(ctx)
	if err != nil && ctx.Err() != nil {
		slog.Info("told to stop before anything was read", "during", err)
		return p.interrupted(nil)
	}
	if err != nil {
		return err
	}
	if p.plan.bounded() {
		p.env.BeginFiles(len(p.plan.files))
	}
	stopProfiles, err := startProfiles(p.options.ProfileDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopProfiles()) }()
	b := beam.NewPipeline()
	build(b.Root(), p.id, p.options, p.plan, prismRunner, restored)
	return p.execute(ctx, func(ctx context.Context) error { return runOnPrism(ctx, jobs, b) })
}

// execute runs the job until its input ends, it fails, or ctx ends and the pipeline has drained.
func (p *Pipeline) execute(ctx context.Context, run func(context.Context) error) (err error) {
	job, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	finished := make(chan error, 1)
	p.begun.Store(true)
	go func() { finished <- run(job) }()
	select {
	case err = <-finished:
		if err == nil {
			err = p.flush(ctx)
		}
		if err == nil {
			err = p.verifyState(ctx)
		}
	case <-p.env.Context().Done():
		cancel(p.env.Err())
		if err := <-finished; err != nil {
			slog.Debug("the job is cancelled", "error", err)
		}
		return fmt.Errorf("run the pipeline: %w", p.env.Err())
	case <-ctx.Done():
		drained := p.drain()
		p.env.End()
		err = endJob(finished, func() { cancel(errDrained) })
		return p.interrupted(errors.Join(drained, failure(err)))
	}
	if cause := pubsub.SubscriptionsOf(p.env).Err(); err != nil && cause != nil {
		return cause
	}
	if err != nil {
		return fmt.Errorf("run the pipeline: %w", failure(err))
	}
	p.completion.finish()
	return nil
}

// prepare checks that what the pipeline reads from and writes to is reachable, restores the state of an
// earlier run, and reports whether there was any.
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

// flush waits, after the input has ended, until all that was emitted is written. It ends early, as a drain does, when ctx ends.
func (p *Pipeline) flush(ctx context.Context) error {
	stop, cancel := context.WithCancelCause(p.env.Context())
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() {
		select {
		case <-time.After(drainFor):
			cancel(errors.New("told to stop"))
		case <-stop.Done():
		}
	})()
	if err := p.env.Flush(stop); err != nil {
		return fmt.Errorf("write what is left at the end of the input: %w", err)
	}
	return nil
}

// checkRedis fails early where it is certain that nothing could be written.
func (p *Pipeline) checkRedis(ctx context.Context) error {
	r, err := redis.Open(p.options.redis(), redis.Stats{})
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

// drain stops the sources and waits until all that they emitted is finished and said.
func (p *Pipeline) drain() error {
	started := time.Now()
	ctx, cancel := context.WithTimeout(p.env.Context(), drainFor) // what has failed will not be written
	defer cancel()
	p.env.Stop()
	subscriptions := pubsub.SubscriptionsOf(p.env)
	subscriptions.Stop(ctx)
	if err := errors.Join(p.env.Tracker.Wait(ctx), subscriptions.Wait(ctx)); err != nil {
		return fmt.Errorf("drain: %d messages were not finished within %v%s: %w", p.env.Tracker.Outstanding(), drainFor, p.again(), err)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for p.env.Metrics.VelocityPending.Load() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("drain: velocity of %d product groups was not written within %v: %w", p.env.Metrics.VelocityPending.Load(), drainFor, context.Cause(ctx))
		}
	}
	if err := p.env.Flush(ctx); err != nil {
		return fmt.Errorf("drain: signals were not written within %v: %w", drainFor, err)
	}
	if err := p.verifyState(ctx); err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	slog.Info("drained", "took", time.Since(started).Round(time.Millisecond).String(), "acked", p.env.Tracker.Acked())
	return nil
}

// again is what becomes of messages that were not finished.
func (p *Pipeline) again() string {
	if len(p.plan.subscriptions) == 0 {
		return ", and the next run reads them again"
	}
	return " and will be delivered again"
}

// Close releases what the pipeline holds.
func (p *Pipeline) Close() error {
	if err := p.env.Close(); err != nil {
		return fmt.Errorf("close the pipeline: %w", err)
	}
	return nil
}
