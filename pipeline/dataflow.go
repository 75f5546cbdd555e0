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
)

// submit has Dataflow run the pipeline, or writes the job down where --template_location says. Without --async it returns when the job
// has ended, or when ctx ends; the job goes on then.
func (p *Pipeline) submit(ctx context.Context) error {
	if err := p.prepareJob(ctx); err != nil {
		return err
	}
	b, err := p.WorkersGraph()
	if err != nil {
		return err
	}
	finished := make(chan error, 1)
	go func() {
		_, err := dataflow.Execute(context.WithoutCancel(ctx), b)
		finished <- err
	}()
	select {
	case err := <-finished:
		if err != nil {
			return fmt.Errorf("run the pipeline on Dataflow: %w", err)
		}
		return nil
	case <-ctx.Done():
		slog.Warn("the job on Dataflow goes on without this program: drain or cancel it there", "project", p.options.Project, "region", *gcpopts.Region)
		return nil
	}
}

// WorkersGraph lays out the pipeline as Dataflow gets it: for a runner that keeps the state and has workers of its own, processes that
// find each other through Redis alone. Other runners than Dataflow can run it where the input is files.
func (p *Pipeline) WorkersGraph() (*beam.Pipeline, error) {
	var keys []string
	if p.options.Restore == "redis" {
		// Whether there is state is for the workers to find out: Redis may be out of reach from here.
		keys = p.options.keyGroups().Names()
	}
	b := beam.NewPipeline()
	if err := build(b.Root(), p.id, p.options, p.plan, dataflowRunner, keys); err != nil {
		return nil, err
	}
	return b, nil
}

// prepareJob sets what Beam's runner takes from flags, and sees to it that a job does not seem to be submitted when it is not: with
// --async Beam calls it success when one of the same name runs already.
func (p *Pipeline) prepareJob(ctx context.Context) error {
	*gcpopts.Region = gcpopts.GetRegion(ctx) // which may ask gcloud, and Beam asks again
	binary, err := workerBinary()
	if err != nil {
		return err
	}
	*jobopts.WorkerBinary = binary
	// The job's page shows what was given. None of it is a secret; the password is where --redis_password_secret says.
	for name, value := range p.options.given() {
		beam.PipelineOptions.Set(name, value)
	}
	if *jobopts.JobName == "" || !*jobopts.Async || valueOf("update") == "true" || valueOf("template_location") != "" || valueOf("dry_run") == "true" {
		return nil
	}
	client, err := dataflowlib.NewClient(ctx, valueOf("dataflow_endpoint"))
	if err != nil {
		return fmt.Errorf("connect to Dataflow: %w", err)
	}
	if job, err := dataflowlib.GetRunningJobByName(client, p.options.Project, *gcpopts.Region, *jobopts.JobName); err == nil {
		return errors.New("a job named " + job.Name + " runs already, with id " + job.Id + ": update it with --update, drain it, or give another --job_name")
	}
	return nil
}
