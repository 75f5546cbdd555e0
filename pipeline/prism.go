package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/extworker"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/runnerlib"
	"google.golang.org/protobuf/proto"

	"github.com/beamlytics/streamlytics/internal/loopback"
)

// validatePrism reports flags of Beam that would move DoFns to another process or detach the job
// from this one, and flags that only Dataflow reads.
func validatePrism(bad reportFunc) {
	if t := *jobopts.EnvironmentType; t != "" && !strings.EqualFold(t, "loopback") {
		bad("environment_type", "%q is not LOOPBACK: this process is the worker", t)
	}
	if *jobopts.EnvironmentConfig != "" {
		bad("environment_config", "has no use: this process is the worker")
	}
	if *jobopts.Endpoint != "" {
		bad("endpoint", "has no use: Prism runs in this process")
	}
	if *jobopts.Async {
		bad("async", "has no use: the job ends with this process")
	}
	for _, name := range onlyOnDataflow {
		if isSet(name) {
			bad(name, "has no use: it is for --runner=dataflow")
		}
	}
}

// cancelWithin is how long Prism may take to end a job that is cancelled.
const cancelWithin = time.Second

// prismJobs starts Prism in this process, once, and returns its job service. All pipelines of the
// process share it, and it ends with the process.
//
// A client of Prism can have it run any program, because the environment of a job may be a process.
// Prism has no passwords and listens on all addresses, so its port is closed to other machines.
var prismJobs = sync.OnceValues(func() (jobpb.JobServiceClient, error) {
	const attempts = 5
	for attempt := 1; ; attempt++ {
		port, err := loopback.FreePort()
		if err != nil {
			return nil, fmt.Errorf("start Prism: %w", err)
		}
		jobs, err := createJobServer(port)
		if err != nil && attempt < attempts {
			continue // another process took the port
		}
		if err != nil {
			return nil, fmt.Errorf("start Prism: %w", err)
		}
		if err := loopback.Only(port); err != nil {
			slog.Warn("the runner's port is open to other machines, and lets them run programs here: "+
				"close it with a firewall", "port", port, "error", err)
		}
		return jobs, nil
	}
})

// runOnPrism executes a graph and returns nil when its input has ended. When ctx ends, the job is
// cancelled, and the error is the cause of ctx.
//
// This process is the job's only worker (Beam's environment EXTERNAL, at an address of this
// process), so DoFns share its ack tracker, images and connections.
func runOnPrism(ctx context.Context, jobs jobpb.JobServiceClient, b *beam.Pipeline) error {
	worker, err := extworker.StartLoopback(context.WithoutCancel(ctx), 0)
	if err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	defer stopWorker(worker)
	graph, err := marshal(ctx, b, worker)
	if err != nil {
		return err
	}
	addSpareWorker(graph)
	prepared, _, _, err := runnerlib.Prepare(ctx, jobs, graph, &runnerlib.JobOptions{
		Name: jobopts.GetJobName(), Experiments: experiments(), Parallelism: *jobopts.Parallelism, Loopback: true})
	if err != nil {
		return err
	}
	job, err := runnerlib.Submit(ctx, jobs, prepared, "")
	if err != nil {
		return err
	}
	return waitForJob(ctx, jobs, job)
}

// stopWorker stops the worker and its service. It returns after a second even if Prism holds the
// connection, so that a drain ends in time.
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

// marshal translates the graph. Nothing is staged, because the worker runs already.
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
	graph, err := graphx.Marshal(edges, &graphx.Options{
		Environment: environment, PipelineResourceHints: jobopts.GetPipelineResourceHints()})
	if err != nil {
		return nil, fmt.Errorf("translate the graph: %w", err)
	}
	return graph, nil
}

// waitForJob returns when a job has ended. It cancels the job when ctx ends first.
func waitForJob(ctx context.Context, jobs jobpb.JobServiceClient, job string) error {
	waiting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() {
		ending, cancel := context.WithTimeout(waiting, cancelWithin)
		defer cancel()
		if _, err := jobs.Cancel(ending, &jobpb.CancelJobRequest{JobId: job}); err == nil {
			<-ending.Done()
		}
		stop()
	})()
	err := runnerlib.WaitForCompletion(waiting, jobs, job)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	state, err := jobs.GetState(ctx, &jobpb.GetJobStateRequest{JobId: job})
	if err != nil {
		return err
	}
	if s := state.GetState(); s != jobpb.JobState_DONE {
		return errors.New("the runner reports that the job is " + s.String())
	}
	return nil
}

// What follows works around faults of Prism 2.77 and can be deleted with them. So can
// transforms.Ballast.

// endWithin is how long a job whose input has ended may take to end by itself.
const endWithin = 2 * time.Second

// endJob returns the error of a job whose input has ended. A job that does not end within endWithin
// is cancelled, and its error is logged only.
//
// The fault: cancelling a job while a bundle runs may end the process with a panic, because Prism
// and the SDK close channels that are still written to. Without it, cancelling at once is enough.
func endJob(finished <-chan error, cancel func()) error {
	select {
	case err := <-finished:
		return err
	case <-time.After(endWithin):
	}
	cancel()
	if err := <-finished; err != nil {
		slog.Debug("the job is cancelled", "error", err)
	}
	return nil
}

// createJobServer starts Prism at a port.
//
// The fault: Prism panics when the port is taken.
func createJobServer(port int) (jobs jobpb.JobServiceClient, err error) {
	defer func() {
		if e := recover(); e != nil {
			err = fmt.Errorf("%v", e)
		}
	}()
	return prism.CreateJobServer(context.Background(), prism.Options{Port: port})
}

// experiments returns the experiments of the job: those of --experiments, and no splits.
//
// The fault: Prism hands out the rest of a split bundle while its first part still runs. Another
// bundle then opens the same keys before their state is committed, and updates are lost. Splits
// also cut batches into single elements.
func experiments() []string {
	const withoutSplits = "prism_disable_sdf_split"
	list := jobopts.GetExperiments()
	if slices.Contains(list, withoutSplits) {
		return list
	}
	return append(list, withoutSplits)
}

// runnersOwn is the environment in which Prism looks for the worker of a step that it runs itself.
const runnersOwn = ""

// addSpareWorker gives a worker to the steps that Prism runs itself, such as Flatten. The worker
// gets no work.
//
// The fault: Prism asks the worker of such a step for its progress after 100 ms, which a step takes
// only on a machine that stalls, and fails the job with a nil pointer in stage.Execute when there
// is no worker.
func addSpareWorker(graph *pipepb.Pipeline) {
	environments := graph.GetComponents().GetEnvironments()
	for _, e := range environments {
		environments[runnersOwn] = proto.CloneOf(e)
		return
	}
}
