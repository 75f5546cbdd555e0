package dataflow

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	dataflow "google.golang.org/api/dataflow/v1b3"
	"google.golang.org/protobuf/proto"

	"github.com/beamlytics/streamlytics/test/rig"
)

// launchObject is where the launcher has a template's program write the job, which the service then starts.
const launchObject = "gs://shop-dataflow/staging/template_launches/2026-11-28_06_12_01-4711/job_object"

// launched is the command line of Google's launcher of Go Flex Templates: its own flags, those of the launch's environment and the
// template's parameters, sorted by name, labels as JSON over several lines. Google does not publish the launcher. The test of the
// options of Beam's Rust SDK, which uses the same launcher, lists its own flags. The names of the environment's fields are those of
// Beam's pipeline options; which of them the launcher passes for Go is not documented.
var launched = []string{
	"--bigquery_dataset=retail",
	"--dataflow_service_options=enable_google_cloud_profiler,enable_google_cloud_heap_sampling",
	"--disk_size_gb=50",
	"--ecom_subscription=projects/shop/subscriptions/ecom",
	"--enable_streaming_engine",
	"--experiments=use_network_tags=streamlytics",
	"--job_name=streamlytics",
	"--labels={\n  \"goog-dataflow-provided-template-type\": \"flex\",\n  \"team\": \"stock\"\n}",
	"--machine_type=n2-standard-4",
	"--max_num_workers=8",
	"--network=streamlytics",
	"--num_workers=2",
	"--number_of_worker_harness_threads=12",
	"--pos_subscription=projects/shop/subscriptions/pos",
	"--project=shop",
	"--redis_addrs=10.0.0.3:6379",
	"--redis_password_secret=projects/shop/secrets/redis/versions/1",
	"--region=europe-west1",
	"--runner=DataflowRunner",
	"--sdk_container_image=europe-west1-docker.pkg.dev/shop/streamlytics/worker:1",
	"--service_account_email=worker@shop.iam.gserviceaccount.com",
	"--staging_location=gs://shop-dataflow/staging",
	"--streaming=true",
	"--subnetwork=regions/europe-west1/subnetworks/streamlytics",
	"--temp_location=gs://shop-dataflow/temp",
	"--template_location=" + launchObject,
	"--use_public_ips=false",
	"--wms_subscription=wms", // by hand; the template's parameter is the full name
	"--worker_zone=europe-west1-b",
}

// TestLaunchedByGoogle gives the program of the template's image what the launcher gives it, and looks at the job.
func TestLaunchedByGoogle(t *testing.T) {
	if !slices.IsSorted(launched) {
		t.Fatal("the launcher's flags are sorted")
	}
	g := newGoogle(t)
	code, output := g.run(t, launched...)
	if code != 0 {
		t.Fatalf("exit code %d\n%s", code, output)
	}
	var job dataflow.Job
	if err := json.Unmarshal(g.staged(t, launchObject), &job); err != nil {
		t.Fatal(err)
	}
	if job.Name != "streamlytics" || job.ProjectId != "shop" || job.Type != "JOB_TYPE_STREAMING" {
		t.Errorf("job %q of %q is %s", job.Name, job.ProjectId, job.Type)
	}
	if want := map[string]string{"goog-dataflow-provided-template-type": "flex", "team": "stock"}; !maps.Equal(job.Labels, want) {
		t.Errorf("labels %v", job.Labels)
	}
	e := job.Environment
	if e.ServiceAccountEmail != "worker@shop.iam.gserviceaccount.com" || e.WorkerZone != "europe-west1-b" ||
		!slices.Equal(e.ServiceOptions, []string{"enable_google_cloud_profiler", "enable_google_cloud_heap_sampling"}) {
		t.Errorf("account %q, zone %q, service options %q", e.ServiceAccountEmail, e.WorkerZone, e.ServiceOptions)
	}
	for _, want := range []string{"use_network_tags=streamlytics", "enable_streaming_engine"} {
		if !slices.Contains(e.Experiments, want) {
			t.Errorf("experiments %q lack %s", e.Experiments, want)
		}
	}
	launchedPool(t, e.WorkerPools[0])
	var model pipeline_v1.Pipeline
	if err := proto.Unmarshal(g.staged(t, modelURL(t, &job)), &model); err != nil {
		t.Fatal(err)
	}
	graph := describe(t, &model)
	for _, id := range []string{"pos", "ecom", "wms"} {
		if want := `subscription:"projects/shop/subscriptions/` + id + `"`; !strings.Contains(graph, want) {
			t.Errorf("the graph does not read %s", want)
		}
	}
}

// launchedPool looks at the workers.
func launchedPool(t *testing.T, p *dataflow.WorkerPool) {
	t.Helper()
	if p.MachineType != "n2-standard-4" || p.DiskSizeGb != 50 || p.NumWorkers != 2 || p.AutoscalingSettings.MaxNumWorkers != 8 ||
		p.NumThreadsPerWorker != 12 {
		t.Errorf("machine %q, disk %d GB, %d to %d workers of %d threads", p.MachineType, p.DiskSizeGb, p.NumWorkers,
			p.AutoscalingSettings.MaxNumWorkers, p.NumThreadsPerWorker)
	}
	if p.Network != "streamlytics" || p.Subnetwork != "regions/europe-west1/subnetworks/streamlytics" || p.IpConfiguration != "WORKER_IP_PRIVATE" {
		t.Errorf("network %q, %q, %q", p.Network, p.Subnetwork, p.IpConfiguration)
	}
	if n := len(p.SdkHarnessContainerImages); n != 1 || p.SdkHarnessContainerImages[0].ContainerImage != "europe-west1-docker.pkg.dev/shop/streamlytics/worker:1" {
		t.Errorf("%d images: %+v", n, p.SdkHarnessContainerImages)
	}
}

// TestBuiltAsTheImage: the tests build the program as the image does, alone and in scripts/test.sh.
func TestBuiltAsTheImage(t *testing.T) {
	delivered := strings.Join(rig.AsDelivered, " ")
	script, err := os.ReadFile("../../../scripts/test.sh")
	if err != nil || !strings.Contains(strings.ReplaceAll(string(script), `"`, ""), "go build "+delivered+" ") {
		t.Errorf("scripts/test.sh does not build the programs with %s: %v", delivered, err)
	}
	dockerfile, err := os.ReadFile("../../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^RUN GOOS=\$TARGETOS GOARCH=\$TARGETARCH go build (.*) -o .*$`).FindAllStringSubmatch(string(dockerfile), -1)
	if len(lines) == 0 {
		t.Fatal("the Dockerfile builds nothing")
	}
	for _, line := range lines {
		flags := strings.Replace(strings.ReplaceAll(line[1], `"`, ""), " -X main.version=$VERSION", "", 1)
		if flags != delivered {
			t.Errorf("the image is built with %s, the tests' program with %s", flags, delivered)
		}
	}
}
