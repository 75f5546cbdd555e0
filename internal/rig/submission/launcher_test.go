package submission

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	dataflow "google.golang.org/api/dataflow/v1b3"

	"github.com/beamlytics/streamlytics/internal/rig"
)

// launched are the arguments that Google's launcher of Go Flex Templates gives the binary: the parameters of the
// template, the options of the launch and those of --additional-pipeline-options, sorted by name, with labels as
// JSON over several lines. Source: the launcher go_template_launcher of the image go-template-launcher-base.
func launched() []string {
	args := []string{
		"--runner=DataflowRunner", "--project=shop", "--region=europe-west1", "--job_name=streamlytics",
		"--staging_location=gs://shop-dataflow/staging", "--temp_location=gs://shop-dataflow/tmp",
		"--template_location=" + templateURL, "--service_account_email=worker@shop.iam.gserviceaccount.com",
		"--labels={\n  \"goog-dataflow-provided-template-type\": \"flex\",\n  \"team\": \"stock\"\n}",
		"--num_workers=2", "--max_num_workers=8", "--worker_machine_type=n2-standard-4", "--network=streamlytics",
		"--subnetwork=regions/europe-west1/subnetworks/streamlytics", "--use_public_ips=false",
		"--streaming=true", "--enable_streaming_engine=true", "--number_of_worker_harness_threads=24",
		"--sdk_container_image=europe-west1-docker.pkg.dev/shop/beam/go-sdk:2.77.0", "--disk_size_gb=60",
		"--dataflow_service_options=enable_google_cloud_profiler", "--experiments=use_runner_v2",
		"--pos_subscription=projects/shop/subscriptions/pos", "--ecom_subscription=projects/shop/subscriptions/ecom",
		"--wms_subscription=projects/shop/subscriptions/wms", "--redis_addrs=10.0.0.3:6379",
		"--redis_password_secret=projects/shop/secrets/redis/versions/1", "--bigquery_dataset=retail", "--key_groups=256",
	}
	slices.Sort(args)
	return args
}

// TestLauncher runs the binary of the template's image as the launcher does, and looks at the job that it writes.
func TestLauncher(t *testing.T) {
	g := newGoogle(t)
	args := launched()
	if binary, worker := rig.Binary(t), rig.WorkerBinary(t); binary != worker {
		args = append(args, "--worker_binary="+worker)
	}
	code, output := g.run(t, args...)
	if code != 0 || !strings.Contains(output, "the job is written to "+templateURL) {
		t.Fatalf("exit code %d\n%s", code, output)
	}
	var job dataflow.Job
	if err := json.Unmarshal(g.staged(t, templateURL), &job); err != nil {
		t.Fatal(err)
	}
	pool := job.Environment.WorkerPools[0]
	switch {
	case job.Name != "streamlytics" || job.Type != "JOB_TYPE_STREAMING":
		t.Errorf("job %q of type %s", job.Name, job.Type)
	case job.Labels["team"] != "stock" || job.Labels["goog-dataflow-provided-template-type"] != "flex":
		t.Errorf("labels %v", job.Labels)
	case job.Environment.ServiceAccountEmail != "worker@shop.iam.gserviceaccount.com":
		t.Errorf("service account %s", job.Environment.ServiceAccountEmail)
	case !slices.Contains(job.Environment.ServiceOptions, "enable_google_cloud_profiler"):
		t.Errorf("service options %v", job.Environment.ServiceOptions)
	case pool.DiskSizeGb != 60 || pool.IpConfiguration != "WORKER_IP_PRIVATE" || pool.MachineType != "n2-standard-4":
		t.Errorf("disk of %d GB, %s, %s", pool.DiskSizeGb, pool.IpConfiguration, pool.MachineType)
	case pool.NumThreadsPerWorker != 24 || pool.WorkerHarnessContainerImage != "europe-west1-docker.pkg.dev/shop/beam/go-sdk:2.77.0":
		t.Errorf("%d threads in %s", pool.NumThreadsPerWorker, pool.WorkerHarnessContainerImage)
	}
}

// TestRunnerNames: a runner has its name in any case, and the name that Beam registers.
func TestRunnerNames(t *testing.T) {
	g := newGoogle(t)
	for name, want := range map[string]string{
		"DataflowRunner": "--region: is missing", "DATAFLOW": "--region: is missing", "dataflowrunner": "--region: is missing",
		"PrismRunner": "no input", "Prism": "no input", "DirectRunner": "no input", "Spark": `--runner: "Spark" is not one of`, "Runner": `--runner: "Runner" is not one of`,
	} {
		if code, output := g.run(t, "--runner="+name, "--streaming"); code == 0 || !strings.Contains(output, want) {
			t.Errorf("--runner=%s: exit code %d\n%s\nwant %q", name, code, output, want)
		}
	}
	if code, output := g.run(t, "--streaming=perhaps"); code == 0 || !strings.Contains(output, `--streaming: "perhaps" is not true or false`) {
		t.Errorf("exit code %d\n%s", code, output)
	}
}
