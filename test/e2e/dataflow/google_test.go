package dataflow

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/test/fakes/fakedataflow"
	"github.com/beamlytics/streamlytics/test/fakes/fakegcs"
	"github.com/beamlytics/streamlytics/test/rig"
)

// password is what must be nowhere.
const password = "hunter2-hunter2-hunter2"

// google is what the program needs of Google to submit a job.
type google struct {
	storage     *fakegcs.Server
	dataflow    *fakedataflow.Server
	credentials string
}

func newGoogle(t *testing.T) *google {
	t.Helper()
	storage := fakegcs.Start(t)
	for _, bucket := range []string{"shop-dataflow", "shop-files"} {
		storage.CreateBucket(bucket)
	}
	dataflow := fakedataflow.Start(t)
	g := &google{storage: storage, dataflow: dataflow, credentials: filepath.Join(t.TempDir(), "key.json")}
	if err := dataflow.WriteCredentials(g.credentials); err != nil {
		t.Fatal(err)
	}
	return g
}

// jobFlags returns the flags of a job that reads all three subscriptions.
func jobFlags(more ...string) []string {
	return append([]string{
		"--runner=dataflow", "--project=shop", "--region=europe-west1", "--job_name=streamlytics",
		"--staging_location=gs://shop-dataflow/staging", "--temp_location=gs://shop-dataflow/temp",
		"--pos_subscription=projects/shop/subscriptions/pos", "--ecom_subscription=projects/shop/subscriptions/ecom",
		"--wms_subscription=projects/shop/subscriptions/wms",
		"--redis_addrs=10.0.0.3:6379", "--redis_password_secret=projects/shop/secrets/redis/versions/1",
		"--bigquery_dataset=retail",
	}, more...)
}

// start starts the program. A program for workers can only run where workers' programs run; elsewhere it is staged by another.
func (g *google) start(t *testing.T, flags ...string) *rig.Process {
	t.Helper()
	binary, worker := rig.Binary(t), rig.WorkerBinary(t)
	if binary != worker {
		flags = append(flags, "--worker_binary="+worker)
	}
	cmd := exec.Command(binary, flags...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(g.environment(), "REDIS_PASSWORD="+password)
	return rig.StartCommand(t, cmd)
}

// environment is the test's without what would lead elsewhere.
func (g *google) environment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PUBSUB_EMULATOR_HOST=") && !strings.HasPrefix(v, "BIGQUERY_") {
			env = append(env, v)
		}
	}
	return append(env, "STORAGE_EMULATOR_HOST="+g.storage.Addr(), "GOOGLE_APPLICATION_CREDENTIALS="+g.credentials)
}

// run runs the program to its end and returns its exit code and all that it wrote.
func (g *google) run(t *testing.T, flags ...string) (code int, output string) {
	t.Helper()
	p := g.start(t, flags...)
	exit, err := p.Wait(patience)
	if err != nil {
		t.Fatal(err)
	}
	return exit.Code, p.Log()
}

// staged is an object by its gs:// name.
func (g *google) staged(t *testing.T, url string) []byte {
	t.Helper()
	bucket, name, ok := strings.Cut(strings.TrimPrefix(url, "gs://"), "/")
	content, found := g.storage.Get(bucket, name)
	if !ok || !found {
		t.Fatalf("%q is not in Cloud Storage; there are %q", url, g.storage.Names("shop-dataflow"))
	}
	return content
}
