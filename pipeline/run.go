// Package pipeline joins sources, transforms and sinks. Options configure a pipeline, New validates
// them, and Run executes the graph in this process until its input ends or its context does. On
// Dataflow, Run submits the job.
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
	"github.com/beamlytics/streamlytics/internal/history"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/serving/page"
	"github.com/beamlytics/streamlytics/sinks/mirror"
	"github.com/beamlytics/streamlytics/sources/files"
	"github.com/beamlytics/streamlytics/sources/pubsub"
)

// Pipeline is a pipeline with valid options. It runs once.
type Pipeline struct {
	options Options
	plan    plan
	id      string
	env     *process.Env

	// Progress, if set, gets a line of progress once a second, written over the last one. Without it
	// a line of progress is logged every ten seconds while files are read.
	Progress io.Writer

	// Demo, if set, is what a demo adds to the page of --ui_addr.
	Demo *page.Demo

	begun      atomic.Bool // the runner has the job
	restored   atomic.Bool // the state of an earlier run was restored
	pageAddr   atomic.Pointer[string]
	recent     recentLatency
	mirror     *mirror.Mirror // nil where the state is not mirrored
	completion completion     // of the bounded input
	progress   *files.Progress
	logEvery   time.Duration // between two lines of progress in the log
}

// New validates the options and returns a pipeline, which must be run or closed. The error lists
// everything that is wrong with the options.
func New(ctx context.Context, o Options) (*Pipeline, error) {
	p, err := o.validate(ctx, time.Now())
	if err != nil {
		return nil, err
	}
	id := "streamlytics-" + rand.Text()[:13] // 65 bits
	env, err := process.Register(id, acks.New(o.OutstandingEvents))
	if err != nil {
		return nil, err
	}
	if o.UIAddr != "" {
		env.History = history.New(o.UIHistoryMB << 20)
	}
	return &Pipeline{options: o, plan: p, id: id, env: env,
		progress: files.ProgressOf(env), logEvery: logEvery}, nil
}

// ID returns the id of the pipeline, which no other run has.
func (p *Pipeline) ID() string { return p.id }

// Run executes the pipeline and closes it. Bounded input ends by itself: Run returns nil when all
// of it is read and its results are written, and ErrInterrupted when ctx ends before that.
// Unbounded input ends with ctx: Run returns nil when all that was pulled is written and
// acknowledged. A job that fails and a drain that takes too long are errors; Pub/Sub delivers their
// messages again.
func (p *Pipeline) Run(ctx context.Context) (err error) {
	defer func() { err = hinted(errors.Join(err, p.Close())) }()
	if p.options.runnerKind() == dataflowRunner {
		return p.submit(ctx)
	}
	if err := p.options.createFolders(); err != nil {
		return err
	}
	server, err := p.serveMetrics()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	stopPage, err := p.servePage()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopPage()) }()
	p.logStart()
	defer p.logEnd()
	stopReports := p.report()
	defer stopReports()
	jobs, err := prismJobs()
	if err != nil {
		return err
	}
	restored, err := p.prepare(ctx)
	if err != nil && ctx.Err() != nil {
		slog.Info("stopped before anything was read", "during", err)
		return p.interrupted(nil)
	}
	if err != nil {
		return err
	}
	p.restored.Store(restored)
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

// errDrained is the cause with which the job of a drained pipeline is cancelled.
var errDrained = errors.New("the pipeline has drained")

// execute runs the job until its input ends, it fails, or ctx ends and the pipeline has drained.
func (p *Pipeline) execute(ctx context.Context, run func(context.Context) error) error {
	job, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	finished := make(chan error, 1)
	p.begun.Store(true)
	go func() { finished <- run(job) }()
	select {
	case err := <-finished:
		return p.finish(ctx, err)
	case <-p.env.Context().Done():
		cancel(p.env.Err())
		if err := <-finished; err != nil {
			slog.Debug("the job is cancelled", "error", err)
		}
		return fmt.Errorf("run the pipeline: %w", p.env.Err())
	case <-ctx.Done():
		drained := p.drain()
		p.env.End()
		err := endJob(finished, func() { cancel(errDrained) })
		return p.interrupted(errors.Join(drained, failure(err)))
	}
}

// finish completes a job that has ended by itself, with its error.
func (p *Pipeline) finish(ctx context.Context, err error) error {
	if err == nil {
		err = p.flush(ctx)
	}
	if err == nil {
		err = p.verifyState(ctx)
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

// Close releases what the pipeline holds.
func (p *Pipeline) Close() error {
	if err := p.env.Close(); err != nil {
		return fmt.Errorf("close the pipeline: %w", err)
	}
	return nil
}
