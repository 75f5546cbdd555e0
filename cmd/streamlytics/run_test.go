package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

// patience bounds the time that a test waits for a condition.
const patience = 60 * time.Second

// sales writes a file of n sales and returns its path.
func sales(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"event_id":"e%d","type":"SALE","store_id":"1","product_id":"p%d","quantity":1,`+
			`"occurred_at":%d}`+"\n", i, i%100, time.Now().UnixMilli())
	}
	path := filepath.Join(t.TempDir(), "sales.jsonl")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// forbidden returns a file that the program may not open.
func forbidden(t *testing.T) string {
	t.Helper()
	path := sales(t, 1)
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	return path
}

// nobody returns an address of this machine at which nothing listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// ends waits for the end of a program and requires its exit code.
func ends(t *testing.T, p *rig.Process, code int) {
	t.Helper()
	exit, err := p.Wait(patience)
	if err != nil {
		t.Fatal(err)
	}
	if exit != (rig.Exit{Code: code}) {
		t.Errorf("%v, want code %d\n%s", exit, code, p.Log())
	}
}

// TestErrorLine checks that an error is the last line, with its cause and what to check, and that
// no line shows the runner's text.
func TestErrorLine(t *testing.T) {
	redis, away, file, dir := redistest.Start(t).Addr, nobody(t), sales(t, 3), t.TempDir()
	pubsub := rig.ServePubSub(t, localpubsub.Options{})
	files := []string{"--events_files=" + file, "--redis_addrs=" + redis}
	pos := []string{"--pos_subscription=projects/p/subscriptions/pos", "--redis_addrs=" + redis}
	for name, c := range map[string]struct {
		env, flags []string
		want       []string
	}{
		"Redis is not there": {nil, []string{"--events_files=" + file, "--redis_addrs=" + away},
			[]string{"redis at " + away + ": ", "connection refused", "--redis_addrs"}},
		"no such subscription": {[]string{"PUBSUB_EMULATOR_HOST=" + pubsub.Addr()}, pos,
			[]string{"projects/p/subscriptions/pos", "Pub/Sub at " + pubsub.Addr() + ": NotFound",
				"streamlytics pubsub setup"}},
		"no credentials": {[]string{"PUBSUB_EMULATOR_HOST=", "GOOGLE_APPLICATION_CREDENTIALS=" + dir + "/absent"}, pos,
			[]string{"Pub/Sub at pubsub.googleapis.com:443", dir + "/absent", "gcloud auth application-default login"}},
		"no credentials for BigQuery": {[]string{"BIGQUERY_WRITE_EMULATOR_HOST=",
			"GOOGLE_APPLICATION_CREDENTIALS=" + dir + "/absent"},
			append(files, "--bigquery_dataset=p.d"), []string{dir + "/absent"}},
		"a DoFn fails": {nil, []string{"--events_files=" + forbidden(t), "--redis_addrs=" + redis},
			[]string{"run the pipeline: open ", "sales.jsonl", "permission denied"}},
		"no file": {nil, []string{"--events_files=" + dir + "/*.jsonl", "--redis_addrs=" + redis},
			[]string{"--events_files: no file matches " + dir + "/*.jsonl"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := rig.Start(t, rig.Launch{Env: c.env, Flags: c.flags, Unprivileged: true})
			ends(t, p, 1)
			lines := strings.Split(strings.TrimSpace(p.Log()), "\n")
			last := lines[len(lines)-1]
			for _, want := range c.want {
				if !strings.Contains(last, want) {
					t.Errorf("the last line has no %q:\n%s", want, p.Log())
				}
			}
			if len(lines) > 3 || regexp.MustCompile(`while executing|DataSource|goroutine`).MatchString(p.Log()) {
				t.Errorf("more is shown than a person needs:\n%s", p.Log())
			}
		})
	}
}

// TestDebugShowsPlan checks that --log_level=DEBUG shows the runner's text of a failure.
func TestDebugShowsPlan(t *testing.T) {
	p := rig.Start(t, rig.Launch{Unprivileged: true,
		Flags: []string{"--events_files=" + forbidden(t), "--redis_addrs=" + redistest.Start(t).Addr,
			"--log_level=DEBUG"}})
	ends(t, p, 1)
	if !strings.Contains(p.Log(), "while executing") {
		t.Errorf("the plan is not in the log:\n%s", p.Log())
	}
}

// TestCompleteRun checks the lines of a run over a file, and its summary.
func TestCompleteRun(t *testing.T) {
	redis, file, out := redistest.Start(t).Addr, sales(t, 30), t.TempDir()
	p := rig.Start(t, rig.Launch{Flags: []string{"--events_files=" + file, "--redis_addrs=" + redis,
		"--warehouse_dir=" + out}})
	ends(t, p, 0)
	for _, want := range []string{
		`level=INFO msg="pipeline started" pipeline=streamlytics-`, ` inputs="` + file + " (", ` kB)"`,
		` outputs="Redis at ` + redis + ", the folder " + out + `"`,
		"messages=30 events=30 refused=0 ", ` files="100% of `, ` read (1 of 1 files)"`} {
		if !strings.Contains(p.Log(), want) {
			t.Errorf("%q is not in\n%s", want, p.Log())
		}
	}
	if s, err := p.Summary(); err != nil || !s.Complete {
		t.Errorf("the summary is %+v, %v", s, err)
	}
}

// TestInterrupted checks that a run over files that is stopped finishes what it has read, and that
// its exit code is not that of a complete run.
func TestInterrupted(t *testing.T) {
	const lines = 60_000
	link := rig.StartProxy(t, redistest.Start(t).Addr)
	p := rig.Start(t, rig.Launch{Flags: []string{"--events_files=" + sales(t, lines), "--redis_addrs=" + link.Addr,
		"--outstanding_events=1000", "--metrics_addr=127.0.0.1:0"}})
	url := p.MetricsURL(t)
	await(t, p, "some lines are done", func() bool {
		return !strings.Contains(body(url+"/metrics"), "\nstreamlytics_acked_total 0\n") &&
			body(url+"/readyz") == "ready\n"
	})
	link.Hang() // so that the rest does not get done before the signal
	if s, err := p.Summary(); err != nil || s.Complete {
		t.Errorf("while it runs, the summary is %+v, %v", s, err)
	}
	if err := p.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	await(t, p, "it drains", func() bool { return strings.Contains(body(url+"/readyz"), "draining") })
	link.Resume()
	ends(t, p, 3)
	s, err := p.Summary()
	if err != nil || s.Complete || s.Acked == 0 || s.Acked >= lines {
		t.Errorf("the summary is %+v, %v", s, err)
	}
	want := fmt.Sprintf("streamlytics: interrupted before the input was done: %%d%%%% of %%f MB read "+
		"(0 of 1 files), %d events, %[1]d of %[1]d lines done;", s.Acked)
	log := strings.Split(strings.TrimSpace(p.Log()), "\n")
	var percent int
	var size float64
	if n, err := fmt.Sscanf(log[len(log)-1], want, &percent, &size); n != 2 || percent > 99 {
		t.Errorf("the last line is %q, want %q (%v)", log[len(log)-1], want, err)
	}
}

// TestInterruptedAtStart checks that a run that is stopped while it connects to Redis ends. Over
// files it is not complete; over a subscription it has nothing to finish.
func TestInterruptedAtStart(t *testing.T) {
	for input, want := range map[string]struct {
		code int
		log  string
	}{
		"--events_files=" + sales(t, 3):                   {3, "before the input was done: nothing was read"},
		"--pos_subscription=projects/p/subscriptions/pos": {0, ""},
	} {
		silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never answers
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
		asked := make(chan struct{})
		go func() {
			if conn, err := silent.Accept(); err == nil {
				close(asked)
				defer conn.Close()
				<-t.Context().Done()
			}
		}()
		p := rig.Start(t, rig.Launch{Flags: []string{input, "--redis_addrs=" + silent.Addr().String()}})
		select {
		case <-asked:
		case <-time.After(patience):
			t.Fatalf("Redis is not asked:\n%s", p.Log())
		}
		if err := p.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		ends(t, p, want.code)
		if s, err := p.Summary(); want.code != 0 && (err != nil || s.Complete) {
			t.Errorf("%s: the summary is %+v, %v", input, s, err)
		}
		if !strings.Contains(p.Log(), want.log) {
			t.Errorf("%s: the log is\n%s", input, p.Log())
		}
	}
}

// TestPubSubAway checks that the program waits for a Pub/Sub that is unreachable from the start, is
// not ready, and names the address.
func TestPubSubAway(t *testing.T) {
	pubsub := rig.StartPubSub(t)
	pubsub.Proxy.Cut()
	name := rig.Subscription("pos")
	p := rig.Start(t, rig.Launch{Env: pubsub.Env(), Flags: []string{"--pos_subscription=" + name,
		"--redis_addrs=" + redistest.Start(t).Addr, "--metrics_addr=127.0.0.1:0"}})
	url := p.MetricsURL(t)
	await(t, p, "it is not ready, and why", func() bool {
		return body(url+"/readyz") == name+" cannot be pulled from: Unavailable\n"
	})
	await(t, p, "the log names the address", func() bool {
		return strings.Contains(p.Log(), "Pub/Sub at "+pubsub.Proxy.Addr+": Unavailable: ") &&
			strings.Contains(p.Log(), "PUBSUB_EMULATOR_HOST")
	})
	labels := `{channel="POS",subscription="` + name + `"} `
	age := regexp.MustCompile(`\nstreamlytics_subscription_oldest_message_age_ms` + regexp.QuoteMeta(labels) + `[1-9]`)
	await(t, p, "the metrics have it, with an age that grows", func() bool {
		metrics := body(url + "/metrics")
		return strings.Contains(metrics, "\nstreamlytics_subscription_up"+labels+"0\n") && age.MatchString(metrics)
	})
	if err := pubsub.Proxy.Mend(); err != nil {
		t.Fatal(err)
	}
	await(t, p, "it is ready", func() bool { return body(url+"/readyz") == "ready\n" })
	if err := p.Stop(patience); err != nil {
		t.Error(err)
	}
	if s, err := p.Summary(); err != nil || !s.Complete {
		t.Errorf("after a clean drain, the summary is %+v, %v", s, err)
	}
}

// body returns the body of an answer, or "" without one.
func body(url string) string {
	_, text, err := rig.Get(url)
	if err != nil {
		return ""
	}
	return text
}

func await(t *testing.T, p *rig.Process, what string, condition func() bool) {
	t.Helper()
	if err := p.Await(what, patience, condition); err != nil {
		t.Fatal(err)
	}
}
