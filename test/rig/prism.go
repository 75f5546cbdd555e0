package rig

import (
	"bufio"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Prism is Beam's runner as a process of its own.
type Prism struct {
	// Addr is host:port of its job service.
	Addr string

	cmd    *exec.Cmd
	log    LogBuffer
	exited chan struct{} // closed when it is gone
}

// StartPrism starts a Prism, with flags beside its port, and returns when it serves. It is killed with the test.
func StartPrism(tb testing.TB, flags ...string) *Prism {
	tb.Helper()
	p := &Prism{cmd: exec.Command(CommandBinary(tb, "prism"), append([]string{"--job_port=0"}, flags...)...), exited: make(chan struct{})}
	p.cmd.Stderr = &p.log
	p.cmd.SysProcAttr = endWithParent()
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		tb.Fatalf("start prism: %v", err)
	}
	tb.Cleanup(p.Kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	go func() {
		_ = p.cmd.Wait() // how it ended is in its state
		close(p.exited)
	}()
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "--endpoint=")
	if err != nil || !ok {
		tb.Fatalf("prism says %q: %v\n%s", line, err, p.Log())
	}
	p.Addr = addr
	return p
}

// Flag tells the program to run on it.
func (p *Prism) Flag() string { return "--endpoint=" + p.Addr }

// Kill ends it as kill -9 does, and waits until it is gone.
func (p *Prism) Kill() {
	_ = p.cmd.Process.Kill() // an error means that it is gone already
	<-p.exited
}

// Pause makes it hang: its connections stay, and nothing is answered.
func (p *Prism) Pause() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// Running reports whether it has not ended by itself.
func (p *Prism) Running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// Log is what it has written so far.
func (p *Prism) Log() string { return p.log.String() }

// Job is the only job it has had, and a client to ask about it.
func (p *Prism) Job(tb testing.TB) (jobs jobpb.JobServiceClient, info *jobpb.JobInfo) {
	tb.Helper()
	conn, err := grpc.NewClient(p.Addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	jobs = jobpb.NewJobServiceClient(conn)
	all, err := jobs.GetJobs(tb.Context(), &jobpb.GetJobsRequest{})
	if err != nil || len(all.GetJobInfo()) != 1 {
		tb.Fatalf("prism has jobs %v, %v", all, err)
	}
	return jobs, all.GetJobInfo()[0]
}
