package dataflow

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/runnerlib"
	"google.golang.org/protobuf/proto"

	"github.com/beamlytics/streamlytics/pipeline"
	"github.com/beamlytics/streamlytics/test/rig"
)

// job is a job with the graph for Dataflow, which Prism runs on a fleet.
type job struct {
	*fleet

	jobs  jobpb.JobServiceClient
	id    string
	ended chan error
}

// runnersOwn is the environment in which Prism looks for the worker of a step that it runs itself.
const runnersOwn = ""

// submit starts a pipeline on a Prism of its own, with a fleet as its worker. Both end with the test.
func submit(t *testing.T, f *fleet, o pipeline.Options) *job {
	t.Helper()
	ctx := t.Context()
	p, err := pipeline.New(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}()
	edges, _, err := p.WorkersGraph().Build()
	if err != nil {
		t.Fatal(err)
	}
	addr := func(context.Context) string { return f.addr }
	environment, err := graphx.CreateEnvironment(ctx, graphx.URNEnvExternal, addr)
	if err != nil {
		t.Fatal(err)
	}
	environment.Dependencies = nil // the processes have the program
	graph, err := graphx.Marshal(edges, &graphx.Options{Environment: environment})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range graph.GetComponents().GetEnvironments() {
		graph.Components.Environments[runnersOwn] = proto.CloneOf(e)
		break
	}
	j := &job{fleet: f, jobs: startPrism(t), ended: make(chan error, 1)}
	// The experiment and the environment of no name are for faults of Prism (pipeline/prism.go).
	prepared, _, _, err := runnerlib.Prepare(ctx, j.jobs, graph,
		&runnerlib.JobOptions{Name: "workers", Experiments: []string{"prism_disable_sdf_split"}, Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	if j.id, err = runnerlib.Submit(ctx, j.jobs, prepared, ""); err != nil {
		t.Fatal(err)
	}
	go func() { j.ended <- j.run(ctx) }()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(f.report())
		}
	})
	return j
}

// run returns when the job has ended: nil when its input came to an end.
func (j *job) run(ctx context.Context) error {
	err := runnerlib.WaitForCompletion(ctx, j.jobs, j.id)
	if err != nil {
		return err
	}
	state, err := j.jobs.GetState(ctx, &jobpb.GetJobStateRequest{JobId: j.id})
	if err != nil {
		return err
	}
	if s := state.GetState(); s != jobpb.JobState_DONE {
		return errors.New("the job is " + s.String())
	}
	return nil
}

// cancel ends the job before its input ends.
func (j *job) cancel() {
	j.t.Helper()
	if _, err := j.jobs.Cancel(j.ctx, &jobpb.CancelJobRequest{JobId: j.id}); err != nil {
		j.t.Fatal(err)
	}
	select {
	case err := <-j.ended:
		j.t.Logf("cancelled, the job ended with %v", err)
	case <-time.After(patience):
		j.t.Fatal("the job does not end when it is cancelled")
	}
}

// await waits for a condition while the job runs. Processes that die meanwhile are replaced.
func (j *job) await(what string, condition func() bool) {
	j.t.Helper()
	var end error
	over := false
	err := rig.Until(what, patience, func() bool {
		if condition() {
			return true
		}
		j.replenish()
		select {
		case end = <-j.ended:
			over = true
			j.ended <- end
		default:
		}
		return over
	})
	if err == nil && over && !condition() {
		err = fmt.Errorf("the job ended before %s: %v", what, end)
	}
	if err != nil {
		j.t.Fatal(err)
	}
}

// wait waits until the job has ended by itself.
func (j *job) wait() {
	j.t.Helper()
	j.await("the job ends", func() bool { return len(j.ended) > 0 })
	if err := <-j.ended; err != nil {
		j.t.Fatal(err)
	}
}
