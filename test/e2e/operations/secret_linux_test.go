package operations

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
)

// marked is the password that is looked for everywhere.
const marked = "marked-secret-0815"

// TestNoSecretGetsOut runs the program with a password that comes from a file and from the environment, with everything logged, dead
// letters, an outage of Redis, and at the end a dump of all goroutines, and looks for the password in all that it leaves or
// shows: its log with the runner's, the job, files, and what other users see of a process.
func TestNoSecretGetsOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(marked+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, flag, env string
		end             syscall.Signal
	}{
		{"file", "--redis_password_secret=file:" + file, "", syscall.SIGTERM},
		{"file, dumped", "--redis_password_secret=file:" + file, "", syscall.SIGQUIT},
		{"variable", "--redis_password_secret=env:SHOP_PASSWORD", "SHOP_PASSWORD=" + marked, syscall.SIGTERM},
		{"default variable", "", "REDIS_PASSWORD=" + marked, syscall.SIGQUIT},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t, "--requirepass", marked)
			pubsub := rig.StartPubSub(t)
			temp, warehouse := t.TempDir(), t.TempDir()
			launch := rig.Launch{Dir: t.TempDir(), Env: append(pubsub.Env(), "TMPDIR="+temp, c.env),
				Flags: append(pubsub.Flags(), "--redis_addrs="+server.Addr, "--warehouse_dir="+warehouse, "--log_level=debug")}
			if c.flag != "" {
				launch.Flags = append(launch.Flags, c.flag)
			}
			trace := rig.NewTrace(rig.TraceOptions{Seed: 31, Events: 1500})
			publish := func(messages ...rig.Message) {
				t.Helper()
				if err := pubsub.Publish(messages...); err != nil {
					t.Fatal(err)
				}
			}
			publish(trace.Part(0, 2)...)
			publish(rig.Message{Channel: "pos", Data: []byte("nonsense")})
			p := rig.Start(t, launch)
			settle := func() {
				t.Helper()
				if err := p.Await("everything is acknowledged", patience, pubsub.Settled); err != nil {
					t.Fatal(err)
				}
			}
			settle()
			server.Kill()
			publish(trace.Part(1, 2)...)
			if err := p.Await("an outage is logged", patience, func() bool { return strings.Contains(p.Log(), "cannot write to Redis") }); err != nil {
				t.Fatal(err)
			}
			server.Restart()
			settle()

			job := jobOf(t, p)
			if !strings.Contains(job, server.Addr) {
				t.Error("the job does not hold the address of Redis, so that this test looks for nothing")
			}
			hidden(t, "the job", job)
			hidden(t, "the command line", processFile(t, p, "cmdline"))
			if environ := processFile(t, p, "environ"); c.env == "" {
				hidden(t, "the environment", environ)
			} else if !strings.Contains(environ, marked) {
				t.Error("the environment does not hold the password, so that this test looks for nothing")
			}
			if err := p.Signal(c.end); err != nil {
				t.Fatal(err)
			}
			exit, err := p.Wait(patience)
			if err != nil {
				t.Fatal(err)
			}
			if c.end == syscall.SIGQUIT {
				if !strings.Contains(p.Log(), "goroutine 1 ") {
					t.Errorf("%v, and no dump", exit)
				}
			} else if exit != (rig.Exit{}) {
				t.Errorf("%v\n%s", exit, p.Log())
			}
			for _, want := range []string{"level=DEBUG", "cannot write to Redis"} {
				if !strings.Contains(p.Log(), want) {
					t.Errorf("%q is not in the log, so that this test looks for nothing", want)
				}
			}
			hidden(t, "the log", p.Log())
			for _, dir := range []string{launch.Dir, temp, warehouse} {
				hiddenInFiles(t, dir)
			}
		})
	}
}

// hidden wants the password not to be in a text, as it is or as another encoding of text would have it.
func hidden(t *testing.T, what, text string) {
	t.Helper()
	if len(text) == 0 {
		t.Errorf("%s is empty, so that this test looks for nothing", what)
	}
	for _, form := range []string{marked, fmt.Sprintf("%x", marked), "bWFya2VkLXNlY3JldC0wODE1"} {
		if at := strings.Index(text, form); at >= 0 {
			t.Errorf("%s says the password: ...%.200q", what, text[max(at-100, 0):])
		}
	}
}

// hiddenInFiles looks at every file below a folder.
func hiddenInFiles(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err == nil && len(content) > 0 {
			hidden(t, path, string(content))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// encoded is text in base64, as DoFns are in a job.
var encoded = regexp.MustCompile(`[A-Za-z0-9+/]{40,}={0,2}`)

// jobOf returns all that Prism has of a program's only job: options and graph, with the DoFns' fields.
func jobOf(t *testing.T, p *rig.Process) string {
	t.Helper()
	jobs, job := prismOf(t, p)
	graph, err := jobs.GetPipeline(t.Context(), &jobpb.GetJobPipelineRequest{JobId: job.GetJobId()})
	if err != nil {
		t.Fatal(err)
	}
	var b []byte
	for _, m := range []proto.Message{job, graph} {
		if b, err = (proto.MarshalOptions{}).MarshalAppend(b, m); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range encoded.FindAll(b, -1) {
		// What stands before may be taken for its beginning.
		for skip := range 4 {
			if decoded, err := base64.StdEncoding.DecodeString(string(text[skip : skip+(len(text)-skip)/4*4])); err == nil {
				b = append(b, decoded...)
			}
		}
	}
	return string(b)
}

// listening matches a line of /proc/PID/net/tcp about a port that is listened on, and its inode.
var listening = regexp.MustCompile(`(?m)^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:0000 0A(?: +\S+){5} +(\d+) `)

// prismOf finds the Prism in a program by its port, and its only job.
func prismOf(t *testing.T, p *rig.Process) (jobpb.JobServiceClient, *jobpb.JobInfo) {
	t.Helper()
	sockets := map[string]bool{}
	descriptors, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", p.PID()))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range descriptors {
		if target, err := os.Readlink(path); err == nil {
			sockets[target] = true
		}
	}
	for _, line := range listening.FindAllStringSubmatch(processFile(t, p, "net/tcp")+processFile(t, p, "net/tcp6"), -1) {
		if !sockets["socket:["+line[2]+"]"] {
			continue
		}
		port, err := strconv.ParseUint(line[1], 16, 16)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := grpc.NewClient(fmt.Sprintf("localhost:%d", port), grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		jobs := jobpb.NewJobServiceClient(conn)
		if all, err := jobs.GetJobs(t.Context(), &jobpb.GetJobsRequest{}); err == nil && len(all.GetJobInfo()) == 1 {
			return jobs, all.GetJobInfo()[0]
		}
	}
	t.Fatal("no port of the program is Prism's")
	return nil, nil
}

// processFile reads what the system shows of a process.
func processFile(t *testing.T, p *rig.Process, name string) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.PID(), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
