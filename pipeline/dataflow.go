package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/gcpopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/dataflow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/dataflow/dataflowlib"
	dataflowapi "google.golang.org/api/dataflow/v1b3"
)

// submit has Dataflow run the pipeline, or writes the job down where --template_location says, or, with --dry_run, logs it. Without
// --async it returns when the job has ended, or when ctx ends; the job goes on then.
func (p *Pipeline) submit(ctx context.Context) error {
	wait, err := p.prepareJob(ctx)
	if err != nil {
		return err
	}
	b, err := p.WorkersGraph()
	if err != nil {
		return err
	}
	finished := make(chan error, 1)
	go func() {
		job, err := dataflow.Execute(context.WithoutCancel(ctx), b)
		if err != nil {
			finished <- fmt.Errorf("submit the job to Dataflow: %w", err)
			return
		}
		if !submits() {
			if place := valueOf("template_location"); place != "" {
				p.notice("the job is written to %s", place)
			}
			finished <- nil
			return
		}
		p.notice("job %s: https://console.cloud.google.com/dataflow/jobs/%s/%s?project=%s", job.JobID(), *gcpopts.Region, job.JobID(), p.options.Project)
		if wait {
			err = p.await(context.WithoutCancel(ctx), job.JobID())
		}
		finished <- err
	}()
	select {
	case err := <-finished:
		return err
	case <-ctx.Done():
		slog.Warn("the job on Dataflow goes on without this program: drain or cancel it there", "project", p.options.Project, "region", *gcpopts.Region)
		return nil
	}
}

// WorkersGraph lays out the pipeline as Dataflow gets it: for a runner that keeps the state and has workers of its own, processes that
// find each other through Redis alone. Other runners than Dataflow can run it where the input is files.
func (p *Pipeline) WorkersGraph() (*beam.Pipeline, error) {
	b := beam.NewPipeline()
	build(b.Root(), p.id, p.options, p.plan, dataflowRunner, false)
	return b, nil
}

// prepareJob sets what Beam's runner takes from flags, and tells whether the job's end is to be awaited. Submitting is always
// asynchronous to Beam, so that the job's id is known while it runs; but then Beam calls it success when one of the same name runs
// already, which is looked for here.
func (p *Pipeline) prepareJob(ctx context.Context) (wait bool, err error) {
	*gcpopts.Region = gcpopts.GetRegion(ctx) // which may ask gcloud, and Beam asks again
	binary, err := workerBinary()
	if err != nil {
		return false, err
	}
	*jobopts.WorkerBinary = binary
	// The job's page shows what was given. None of it is a secret; the password is where --redis_password_secret says.
	for name, value := range p.options.given() {
		beam.PipelineOptions.Set(name, value)
	}
	wait = !*jobopts.Async
	*jobopts.Async = true
	if *jobopts.JobName == "" || valueOf("update") == "true" || !submits() {
		return wait, nil
	}
	client, err := dataflowClient(ctx)
	if err != nil {
		return false, err
	}
	if job, err := dataflowlib.GetRunningJobByName(client, p.options.Project, *gcpopts.Region, *jobopts.JobName); err == nil {
		return false, errors.New("a job named " + job.Name + " runs already, with id " + job.Id + ": update it with --update, drain it, or give another --job_name")
	}
	return wait, nil
}

// submits tells whether a job comes of it.
func submits() bool { return valueOf("template_location") == "" && valueOf("dry_run") != "true" }

// await waits until a job has ended.
func (p *Pipeline) await(ctx context.Context, id string) error {
	client, err := dataflowClient(ctx)
	if err != nil {
		return err
	}
	if err := dataflowlib.WaitForCompletion(ctx, client, p.options.Project, *gcpopts.Region, id); err != nil {
		return fmt.Errorf("wait for job %s on Dataflow: %w", id, err)
	}
	return nil
}

func dataflowClient(ctx context.Context) (*dataflowapi.Service, error) {
	client, err := dataflowlib.NewClient(ctx, valueOf("dataflow_endpoint"))
	if err != nil {
		return nil, fmt.Errorf("connect to Dataflow: %w", err)
	}
	return client, nil
}
