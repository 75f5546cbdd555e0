package pipeline

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/gcpopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/dataflow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/dataflow/dataflowlib"
	dataflowapi "google.golang.org/api/dataflow/v1b3"
)

// submit submits the job to Dataflow, or writes it to --template_location, or logs it with
// --dry_run. Without --async it returns when the job has ended. When ctx ends, it returns and the
// job goes on.
func (p *Pipeline) submit(ctx context.Context) error {
	wait, err := p.prepareJob(ctx)
	if err != nil {
		return err
	}
	b := p.WorkersGraph()
	finished := make(chan error, 1)
	go func() {
		job, err := dataflow.Execute(context.WithoutCancel(ctx), b)
		if err != nil {
			finished <- fmt.Errorf("submit the job to Dataflow: %w", err)
			return
		}
		if !submits() {
			if place := valueOf("template_location"); place != "" {
				slog.Info("job written", "location", place)
			}
			finished <- nil
			return
		}
		slog.Info("job submitted", "job", job.JobID(), "url",
			fmt.Sprintf("https://console.cloud.google.com/dataflow/jobs/%s/%s?project=%s",
				*gcpopts.Region, job.JobID(), p.options.Project))
		if wait {
			err = p.await(context.WithoutCancel(ctx), job.JobID())
		}
		finished <- err
	}()
	select {
	case err := <-finished:
		return err
	case <-ctx.Done():
		slog.Warn("the job on Dataflow goes on without this program: drain or cancel it there",
			"project", p.options.Project, "region", *gcpopts.Region)
		return nil
	}
}

// WorkersGraph returns the graph that Dataflow gets: the runner keeps the state, and the workers
// are other processes. Any runner can execute it where the input is files.
func (p *Pipeline) WorkersGraph() *beam.Pipeline {
	b := beam.NewPipeline()
	build(b.Root(), p.id, p.options, p.plan, dataflowRunner, false)
	return b
}

// prepareJob sets the flags that Beam's runner reads, and reports whether to wait for the job's
// end. Beam submits without waiting, so that the job's id is known while the job runs. Beam then
// reports success when a job of the same name runs already, so prepareJob looks for one.
func (p *Pipeline) prepareJob(ctx context.Context) (wait bool, err error) {
	*gcpopts.Region = gcpopts.GetRegion(ctx) // may run gcloud; Beam would run it again
	binary, err := workerBinary()
	if err != nil {
		return false, err
	}
	*jobopts.WorkerBinary = binary
	// The job's page shows these options. None is a secret: --redis_password_secret is a reference.
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
	job, err := dataflowlib.GetRunningJobByName(client, p.options.Project, *gcpopts.Region, *jobopts.JobName)
	if err == nil {
		return false, fmt.Errorf("a job named %s runs already, with id %s: "+
			"update it with --update, drain it, or give another --job_name", job.Name, job.Id)
	}
	return wait, nil
}

// submits reports whether a job is started, and not only written or logged.
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
