package dataflow

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	dataflow "google.golang.org/api/dataflow/v1b3"
	"google.golang.org/protobuf/proto"

	"github.com/beamlytics/streamlytics/test/rig"
)

const templateURL = "gs://shop-dataflow/templates/streamlytics.json"

// everything is a job with an option of each kind.
func everything() []string {
	return jobFlags("--template_location="+templateURL, "--wms_files=gs://shop-files/wms/*.csv", "--wms_files_poll=1m",
		"--low_stock_enter=7", "--low_stock_exit=9", "--redis_tls", "--redis_ca=projects/shop/secrets/redis-ca/versions/2",
		"--num_workers=2", "--max_num_workers=8", "--worker_machine_type=n2-standard-4", "--network=streamlytics",
		"--subnetwork=regions/europe-west1/subnetworks/streamlytics", "--no_use_public_ips",
		"--service_account_email=worker@shop.iam.gserviceaccount.com", `--labels={"team":"stock"}`)
}

// TestTemplate has the program write a job down, and compares all of it with what it is meant to be.
func TestTemplate(t *testing.T) {
	g := newGoogle(t)
	code, output := g.run(t, everything()...)
	if code != 0 || !strings.Contains(output, `"msg":"job written"`) || !strings.Contains(output, templateURL) {
		t.Fatalf("exit code %d\n%s", code, output)
	}
	if n := len(g.dataflow.Jobs()); n != 0 {
		t.Errorf("a template started %d jobs", n)
	}
	var job dataflow.Job
	if err := json.Unmarshal(g.staged(t, templateURL), &job); err != nil {
		t.Fatal(err)
	}
	model, worker := g.staged(t, modelURL(t, &job)), g.staged(t, job.Environment.WorkerPools[0].Packages[0].Location)

	t.Run("job", func(t *testing.T) {
		same(t, "job.json", normalize(t, g.staged(t, templateURL), model, worker))
	})
	t.Run("graph", func(t *testing.T) {
		var p pipeline_v1.Pipeline
		if err := proto.Unmarshal(model, &p); err != nil {
			t.Fatal(err)
		}
		same(t, "graph.txt", describe(t, &p))
	})
	t.Run("worker", func(t *testing.T) {
		if want, err := os.ReadFile(rig.WorkerBinary(t)); err != nil || !bytes.Equal(worker, want) {
			t.Errorf("workers would run something else than the program (%d bytes, want %d), or %v", len(worker), len(want), err)
		}
	})
	t.Run("no secret", func(t *testing.T) {
		hasNoSecret(t, "what the program wrote", []byte(output))
		for _, name := range g.storage.Names("shop-dataflow") {
			hasNoSecret(t, name, g.staged(t, "gs://shop-dataflow/"+name))
		}
	})
}

// modelURL is where a job says that its graph is.
func modelURL(t *testing.T, job *dataflow.Job) string {
	t.Helper()
	var options struct {
		Options struct {
			PipelineURL string `json:"pipelineUrl"`
		} `json:"options"`
	}
	if err := json.Unmarshal(job.Environment.SdkPipelineOptions, &options); err != nil {
		t.Fatal(err)
	}
	return options.Options.PipelineURL
}

// stagedName is the part of a staged file's name that is another in each run.
var stagedName = regexp.MustCompile(`go-[0-9]+-[0-9]+`)

// normalize writes a job so that it is the same in each run: hashes are named after what they are of, and lists that Beam makes
// of maps are sorted.
func normalize(t *testing.T, content, model, worker []byte) string {
	t.Helper()
	text := stagedName.ReplaceAllString(string(content), "go-RUN")
	text = strings.ReplaceAll(text, hash(model), "SHA256 OF THE MODEL")
	text = strings.ReplaceAll(text, hash(worker), "SHA256 OF THE WORKER")
	var job map[string]any
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		t.Fatal(err)
	}
	display := job["environment"].(map[string]any)["sdkPipelineOptions"].(map[string]any)["display_data"].([]any)
	slices.SortStableFunc(display, func(a, b any) int {
		return cmp.Or(cmp.Compare(fieldOf(a, "namespace"), fieldOf(b, "namespace")), cmp.Compare(fieldOf(a, "key"), fieldOf(b, "key")))
	})
	out, err := json.MarshalIndent(job, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out) + "\n"
}

func fieldOf(item any, field string) string { s, _ := item.(map[string]any)[field].(string); return s }

func hash(b []byte) string { sum := sha256.Sum256(b); return hex.EncodeToString(sum[:]) }

// same compares a text with a file of testdata, or writes the file.
func same(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *write {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		g, w := lineOf(gotLines, i), lineOf(wantLines, i)
		if g != w {
			t.Fatalf("%s is another from line %d on: got %q, want %q; if it is meant, write it again with -write", path, i+1, g, w)
		}
	}
}

func lineOf(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(the end)"
}

func hasNoSecret(t *testing.T, what string, content []byte) {
	t.Helper()
	if hasSecret(content) {
		t.Errorf("%s has the password", what)
	}
}

// hasSecret looks for the password as it is, and as base64 at each of the three places at which it can begin.
func hasSecret(content []byte) bool {
	forms := []string{password}
	for shift := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + password))
		forms = append(forms, encoded[4:len(encoded)-4])
	}
	return slices.ContainsFunc(forms, func(form string) bool { return bytes.Contains(content, []byte(form)) })
}

// TestASecretWouldBeFound: the search would find a password in a graph, whose functions are base64 in protobuf.
func TestASecretWouldBeFound(t *testing.T) {
	for shift := range 3 {
		content := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("y", shift) + `{"password":"` + password + `"}`))
		if !hasSecret([]byte("field: " + content)) {
			t.Errorf("a password at %d is not found in %s", shift, content)
		}
	}
}

// TestDryRun shows the job and sends nothing anywhere.
func TestDryRun(t *testing.T) {
	g := newGoogle(t)
	code, output := g.run(t, jobFlags("--dry_run")...)
	if code != 0 || !strings.Contains(output, `\"name\": \"streamlytics\"`) || !strings.Contains(output, "POS/ReadPubSub") {
		t.Errorf("exit code %d\n%s", code, output)
	}
	if jobs, names := g.dataflow.Jobs(), g.storage.Names("shop-dataflow"); len(jobs)+len(names) > 0 {
		t.Errorf("%d jobs, files %q", len(jobs), names)
	}
	hasNoSecret(t, "what the program wrote", []byte(output))
}
