package workers

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/runnerlib"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/pipeline"
	"github.com/beamlytics/streamlytics/test/rig"
)

// job is a job in Dataflow's layout, which Prism runs on a fleet.
type job struct {
	*fleet

	jobs  jobpb.JobServiceClient
	id    string
	clock clock.Clock
	ended chan error
}

// ofRunner is where Prism looks for the environment of a step that needs none.
const ofRunner = ""

// submit has Prism run a pipeline on a fleet. The job is cancelled with the test.
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
	b, err := p.WorkersGraph()
	if err != nil {
		t.Fatal(err)
	}
	edges, _, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	environment, err := graphx.CreateEnvironment(ctx, graphx.URNEnvExternal, func(context.Context) string { return f.addr })
	if err != nil {
		t.Fatal(err)
	}
	environment.Dependencies = nil // the processes have the program
	graph, err := graphx.Marshal(edges, &graphx.Options{Environment: environment})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range graph.GetComponents().GetEnvironments() {
		graph.Components.Environments[ofRunner] = proto.CloneOf(e)
		break
	}
	conn, err := grpc.NewClient(rig.StartPrism(t).Addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	j := &job{fleet: f, jobs: jobpb.NewJobServiceClient(conn), clock: p.Clock(), ended: make(chan error, 1)}
	// Prism's splits lose updates of state (pipeline/job.go).
	prepared, _, _, err := runnerlib.Prepare(ctx, j.jobs, graph, &runnerlib.JobOptions{Name: "workers", Experiments: []string{"prism_disable_sdf_split"}, Loopback: true})
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

// await waits for something that must happen while the job runs. Processes that die meanwhile are replaced.
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
