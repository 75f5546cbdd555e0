package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/extworker"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/runnerlib"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// endWithin is how long a runner may take to end a job that is cancelled.
const endWithin = time.Second

// run executes a graph on the runner and returns when the job has ended: nil when its input came to an end. When ctx ends, the
// job is cancelled, and the error is that of ctx.
//
// Wherever the runner is, this process is the job's one worker (Beam's environment EXTERNAL, at an address of our own): the DoFns
// share the ack tracker, the images and the connections of this process.
func (r *runner) run(ctx context.Context, b *beam.Pipeline) error {
	worker, err := extworker.StartLoopback(context.WithoutCancel(ctx), 0)
	if err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	defer stopWorker(worker)
	graph, err := marshal(ctx, b, worker)
	if err != nil {
		return err
	}
	if r.prism {
		spareWorker(graph)
	}
	withoutSplits()
	prepared, _, _, err := runnerlib.Prepare(ctx, r.jobs, graph, &runnerlib.JobOptions{
		Name: jobopts.GetJobName(), Experiments: jobopts.GetExperiments(), Parallelism: *jobopts.Parallelism, Loopback: true})
	if err != nil {
		return r.failed(err)
	}
	job, err := runnerlib.Submit(ctx, r.jobs, prepared, "")
	if err != nil {
		return r.failed(err)
	}
	return r.wait(ctx, job)
}

// stopWorker ends the worker and its service. It does not wait for a runner that does not take notice: that is no reason to miss
// the time a drain has.
func stopWorker(worker *extworker.Loopback) {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = worker.Stop(context.Background()) // its error is always nil
	}()
	select {
	case <-stopped:
	case <-time.After(time.Second):
	}
}

// marshal is the graph as the runner gets it. The worker is there already, so nothing is staged.
func marshal(ctx context.Context, b *beam.Pipeline, worker *extworker.Loopback) (*pipepb.Pipeline, error) {
	edges, _, err := b.Build()
	if err != nil {
		return nil, fmt.Errorf("build the graph: %w", err)
	}
	environment, err := graphx.CreateEnvironment(ctx, graphx.URNEnvExternal, worker.EnvironmentConfig)
	if err != nil {
		return nil, fmt.Errorf("describe the worker: %w", err)
	}
	environment.Dependencies = nil
	graph, err := graphx.Marshal(edges, &graphx.Options{Environment: environment, PipelineResourceHints: jobopts.GetPipelineResourceHints()})
	if err != nil {
		return nil, fmt.Errorf("translate the graph: %w", err)
	}
	return graph, nil
}

// spareWorker gives what Prism does itself, joining PCollections, a worker to ask for its progress. Prism asks after 100 ms, which such a
// step only takes when the machine gives the process no time; without a worker it then fails the job (a nil pointer in
// stage.Execute, Beam 2.77). The worker gets no other work, and knows of none.
func spareWorker(graph *pipepb.Pipeline) {
	environments := graph.GetComponents().GetEnvironments()
	for _, e := range environments {
		environments[ofRunner] = proto.CloneOf(e)
		return
	}
}

// ofRunner is where Prism looks for the environment of a step that needs none.
const ofRunner = ""

// wait returns when a job has ended, and cancels it when ctx ends first.
func (r *runner) wait(ctx context.Context, job string) error {
	waiting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() {
		ending, cancel := context.WithTimeout(waiting, endWithin)
		defer cancel()
		if _, err := r.jobs.Cancel(ending, &jobpb.CancelJobRequest{JobId: job}); err == nil {
			<-ending.Done()
		}
		stop()
	})()
	err := runnerlib.WaitForCompletion(waiting, r.jobs, job)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return r.failed(err)
	}
	state, err := r.jobs.GetState(ctx, &jobpb.GetJobStateRequest{JobId: job})
	if err != nil {
		return r.failed(err)
	}
	if s := state.GetState(); s != jobpb.JobState_DONE {
		return errors.New("the runner says that the job is " + s.String())
	}
	return nil
}

// failed says where it failed. A runner that is gone took its state along; what was not acknowledged is delivered again.
func (r *runner) failed(err error) error {
	if r.conn != nil && status.Code(err) == codes.Unavailable {
		return fmt.Errorf("the runner at %s is gone: %w", r.addr, err)
	}
	return err
}

var experimentsMu sync.Mutex

// withoutSplits turns off Prism's splits of running bundles. Prism hands out the rest of a split bundle while its first part still
// runs, so that another bundle opens the same keys before their state is committed, and updates are lost. Splits also cut batches
// into single elements.
func withoutSplits() {
	const experiment = "prism_disable_sdf_split"
	experimentsMu.Lock()
	defer experimentsMu.Unlock()
	switch e := *jobopts.Experiments; {
	case e == "":
		*jobopts.Experiments = experiment
	case !strings.Contains(e, experiment):
		*jobopts.Experiments = e + "," + experiment
	}
}
