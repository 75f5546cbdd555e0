package dataflow

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// submitted starts a job and returns its id.
func (g *google) submitted(t *testing.T, flags ...string) string {
	t.Helper()
	before := len(g.dataflow.Jobs())
	code, output := g.run(t, g.toDataflow(append([]string{"--async"}, flags...)...)...)
	jobs := g.dataflow.Jobs()
	if code != 0 || len(jobs) != before+1 {
		t.Fatalf("exit code %d, %d new jobs\n%s", code, len(jobs)-before, output)
	}
	id := jobs[before].Id
	if want := `"job":"` + id + `","url":"https://console.cloud.google.com/dataflow/jobs/europe-west1/` + id + `?project=shop"`; !strings.Contains(output, want) {
		t.Errorf("the program does not say %q:\n%s", want, output)
	}
	return id
}

func (g *google) toDataflow(flags ...string) []string {
	return jobFlags(append([]string{"--dataflow_endpoint=" + g.dataflow.Endpoint()}, flags...)...)
}

// TestSubmit: the service gets a job whose files are staged, and the program ends when it should.
func TestSubmit(t *testing.T) {
	g := newGoogle(t)
	id := g.submitted(t)
	created := g.dataflow.Jobs()[0]
	if created.Name != "streamlytics" || created.Type != "JOB_TYPE_STREAMING" || created.ReplaceJobId != "" {
		t.Errorf("got job %q of type %s in place of %q", created.Name, created.Type, created.ReplaceJobId)
	}
	g.staged(t, modelURL(t, &created))
	if pkg := created.Environment.WorkerPools[0].Packages[0]; hash(g.staged(t, pkg.Location)) != pkg.Sha256 {
		t.Errorf("%s does not have the hash that the job says", pkg.Location)
	}

	t.Run("a second of the same name", func(t *testing.T) {
		// One more name before it in the list, and another page.
		g.submitted(t, "--job_name=other-1")
		g.submitted(t, "--job_name=other-2")
		code, output := g.run(t, g.toDataflow("--async")...)
		if code != 1 || !strings.Contains(output, "a job named streamlytics runs already, with id "+id) {
			t.Errorf("exit code %d\n%s", code, output)
		}
		if n := len(g.dataflow.Jobs()); n != 3 {
			t.Errorf("%d jobs", n)
		}
	})
	t.Run("update", func(t *testing.T) {
		g.submitted(t, "--update", `--transform_name_mapping={"Stock/Old":"Stock/New"}`)
		jobs := g.dataflow.Jobs()
		if u := jobs[len(jobs)-1]; u.ReplaceJobId != id || u.TransformNameMapping["Stock/Old"] != "Stock/New" {
			t.Errorf("the update is in place of %q, with %v", u.ReplaceJobId, u.TransformNameMapping)
		}
		if state := jobs[0].CurrentState; state != "JOB_STATE_UPDATED" {
			t.Errorf("the job is %s", state)
		}
	})
	t.Run("update of nothing", func(t *testing.T) {
		before := len(g.dataflow.Jobs())
		code, output := g.run(t, g.toDataflow("--async", "--update", "--job_name=nobody")...)
		if code != 1 || !strings.Contains(output, "Unable to find running job with name nobody") || len(g.dataflow.Jobs()) != before {
			t.Errorf("exit code %d\n%s", code, output)
		}
	})
}

// TestEndOfAJobIsAwaited: without --async the program ends as the job does.
func TestEndOfAJobIsAwaited(t *testing.T) {
	for _, test := range []struct {
		state string
		code  int
		says  string
	}{
		{"JOB_STATE_DONE", 0, "job "},
		{"JOB_STATE_DRAINED", 0, "job "},
		{"JOB_STATE_FAILED", 1, "wait for job "},
	} {
		t.Run(test.state, func(t *testing.T) {
			g := newGoogle(t)
			g.dataflow.NewJobsAre(test.state)
			code, output := g.run(t, g.toDataflow()...)
			if code != test.code || !strings.Contains(output, test.says) || g.dataflow.Polls() == 0 {
				t.Errorf("exit code %d after %d questions about the job\n%s", code, g.dataflow.Polls(), output)
			}
		})
	}
}

// TestStoppedWhileTheJobRuns: the program goes, and the job does not.
func TestStoppedWhileTheJobRuns(t *testing.T) {
	g := newGoogle(t)
	p := g.start(t, g.toDataflow()...)
	if err := p.Await("it asks for the job", patience, func() bool { return g.dataflow.Polls() > 0 }); err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	exit, err := p.Wait(patience)
	if err != nil {
		t.Fatal(err)
	}
	if exit.Code != 0 || !strings.Contains(p.Log(), "goes on without this program") {
		t.Errorf("%v\n%s", exit, p.Log())
	}
	if jobs := g.dataflow.Jobs(); len(jobs) != 1 || jobs[0].CurrentState != "JOB_STATE_RUNNING" {
		t.Errorf("jobs: %+v", jobs)
	}
}

// TestRefusedByDataflow: what the service says reaches the person.
func TestRefusedByDataflow(t *testing.T) {
	g := newGoogle(t)
	const reason = "(f00): Current user cannot act as service account worker@shop.iam.gserviceaccount.com."
	g.dataflow.Refuse(http.StatusForbidden, "PERMISSION_DENIED", reason)
	code, output := g.run(t, g.toDataflow()...)
	if code != 1 || !strings.Contains(output, "submit the job to Dataflow: ") || !strings.Contains(output, reason) {
		t.Errorf("exit code %d\n%s", code, output)
	}
	if strings.Contains(output, "messages") {
		t.Errorf("the program speaks of messages, of which it reads none:\n%s", output)
	}
}
