package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/beamlytics/streamlytics/internal/localpubsub"
	"github.com/beamlytics/streamlytics/internal/loopback"
	"github.com/beamlytics/streamlytics/internal/oracle"
	"github.com/beamlytics/streamlytics/internal/redistest"
)

// patience is how long a test waits for something that must happen.
const patience = time.Minute

const (
	posTopic        = "projects/p/topics/pos"
	posSubscription = "projects/p/subscriptions/pos"
)

// shop is a backlog of till messages, the Redis for their signals, and the truth about them.
type shop struct {
	t        *testing.T
	pubsub   *localpubsub.Server
	redis    *redistest.Server
	dir      string
	truth    []oracle.Event
	messages []string // not yet published
	sent     int64
}

func newShop(t *testing.T, seed uint64, events int) *shop {
	t.Helper()
	t.Logf("seed %d", seed)
	server, err := localpubsub.Start(localpubsub.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	if err := server.CreateTopic(posTopic); err != nil {
		t.Fatal(err)
	}
	if err := server.CreateSubscription(posTopic, posSubscription, localpubsub.SubscriptionOptions{AckDeadline: time.Second}); err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, pubsub: server, redis: redistest.Start(t), dir: t.TempDir()}
	s.truth, s.messages = history(seed, events)
	return s
}

// publish sends the next n messages, or all that are left.
func (s *shop) publish(n int) {
	s.t.Helper()
	n = min(n, len(s.messages))
	for _, m := range s.messages[:n] {
		if _, err := s.pubsub.Publish(posTopic, []byte(m), nil); err != nil {
			s.t.Fatal(err)
		}
	}
	s.messages = s.messages[n:]
	s.sent += int64(n)
}

// process is the program under test.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	log    *lockedBuffer
	exited chan error
}

// open starts the program on the shop's messages.
func (s *shop) open(args ...string) *process {
	s.t.Helper()
	p := &process{t: s.t, log: &lockedBuffer{}, exited: make(chan error, 1)}
	p.cmd = exec.Command(build(s.t, "streamlytics"), append([]string{"--pos_subscription=" + posSubscription, "--redis_addrs=" + s.redis.Addr}, args...)...)
	p.cmd.Dir, p.cmd.Stderr = s.dir, p.log
	p.cmd.Env = append(os.Environ(), "PUBSUB_EMULATOR_HOST="+s.pubsub.Addr())
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() { p.exited <- p.cmd.Wait() }()
	s.t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // it may have ended
	return p
}

// waitAcked returns when n messages in all are acknowledged.
func (s *shop) waitAcked(n int64, p *process) {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		stats, err := s.pubsub.Stats(posSubscription)
		if err != nil {
			s.t.Fatal(err)
		}
		if stats.Acked >= n {
			return
		}
		select {
		case err := <-p.exited:
			s.t.Fatalf("the program ended at %+v: %v\n%s", stats, err, p.log)
		default:
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("stuck at %+v of %d\n%s", stats, n, p.log)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *shop) acked() int64 {
	s.t.Helper()
	stats, err := s.pubsub.Stats(posSubscription)
	if err != nil {
		s.t.Fatal(err)
	}
	return stats.Acked
}

func (p *process) signal(sig os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
}

// wait returns the exit code.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.t.Fatalf("the program does not end\n%s", p.log)
		return 0
	}
}

// drain ends the program as a supervisor does, which must go well.
func (p *process) drain() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	if code := p.wait(); code != 0 {
		p.t.Fatalf("exit code %d after SIGTERM\n%s", code, p.log)
	}
}

// TestPrismAsItsOwnProcess has one Prism serve two runs of the program, one after the other, and finds the truth in Redis.
func TestPrismAsItsOwnProcess(t *testing.T) {
	for _, groups := range []int{64, 0} {
		t.Run(fmt.Sprintf("key_groups=%d", groups), func(t *testing.T) {
			s, prism := newShop(t, 41+uint64(groups), 6000), startPrism(t)
			for range 2 {
				s.publish(len(s.messages)/2 + 1)
				p := s.open(prism.endpoint, fmt.Sprintf("--key_groups=%d", groups))
				s.waitAcked(s.sent, p)
				p.drain()
			}
			s.publish(len(s.messages))
			p := s.open(prism.endpoint, fmt.Sprintf("--key_groups=%d", groups))
			s.waitAcked(s.sent, p)
			p.drain()
			check(t, s.redis, s.truth)
			if !prism.lives() {
				t.Errorf("prism has ended:\n%s", prism.log)
			}
		})
	}
}

// TestPrismKilled kills Prism again and again while events flow. The program must end with an error that says so; after a start of
// both all goes on from the state in Redis.
func TestPrismKilled(t *testing.T) {
	const kills = 4
	seed := uint64(7)
	s, r := newShop(t, seed, 12_000), rand.New(rand.NewPCG(seed, 3))
	for i := range kills {
		before := s.acked()
		part := len(s.messages) / (kills + 1 - i)
		s.publish(part)
		prism := startPrism(t)
		p := s.open(prism.endpoint)
		s.waitAcked(before+1+r.Int64N(int64(part)), p)
		prism.kill()
		code := p.wait()
		if log := p.log.String(); code != 1 || !strings.Contains(log, "the runner at "+strings.TrimPrefix(prism.endpoint, "--endpoint=")+" is gone") {
			t.Fatalf("kill %d: exit code %d, want 1 and the reason; it says\n%s", i, code, log)
		}
	}
	s.publish(len(s.messages))
	p := s.open(startPrism(t).endpoint)
	s.waitAcked(s.sent, p)
	p.drain()
	check(t, s.redis, s.truth)
}

// TestWorkerOfPrismKilled kills the program, and not Prism, while events flow. Its next start goes on with the same Prism if that
// survived, or with another.
func TestWorkerOfPrismKilled(t *testing.T) {
	const kills = 4
	seed := uint64(11)
	s, r, prism := newShop(t, seed, 12_000), rand.New(rand.NewPCG(seed, 3)), startPrism(t)
	for i := range kills {
		before := s.acked()
		part := len(s.messages) / (kills + 1 - i)
		s.publish(part)
		p := s.open(prism.endpoint)
		s.waitAcked(before+1+r.Int64N(int64(part)), p)
		p.signal(syscall.SIGKILL)
		p.wait()
	}
	s.publish(len(s.messages))
	p := s.open(prism.endpoint)
	s.waitAcked(s.sent, p)
	p.drain()
	check(t, s.redis, s.truth)
	if !prism.lives() {
		t.Errorf("prism has ended:\n%s", prism.log)
	}
}

// TestPrismHangs stops Prism with work in it: the drain cannot finish, and says so.
func TestPrismHangs(t *testing.T) {
	s, prism := newShop(t, 13, 3000), startPrism(t)
	s.publish(1000)
	p := s.open(prism.endpoint)
	s.waitAcked(1, p)
	if err := prism.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	// What is pulled from now on can be given back, but not what Prism has been given.
	s.publish(len(s.messages))
	p.signal(syscall.SIGTERM)
	if code := p.wait(); code != 1 || !strings.Contains(p.log.String(), "drain: ") {
		t.Errorf("exit code %d, want 1 and what was not finished; it says\n%s", code, p.log)
	}
}

// TestJobCancelledAtPrism is not the end of the input, and must not look like it.
func TestJobCancelledAtPrism(t *testing.T) {
	s, prism := newShop(t, 19, 100), startPrism(t)
	s.publish(len(s.messages))
	p := s.open(prism.endpoint)
	s.waitAcked(s.sent, p)
	conn, err := grpc.NewClient(strings.TrimPrefix(prism.endpoint, "--endpoint="), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	jobs := jobpb.NewJobServiceClient(conn)
	all, err := jobs.GetJobs(t.Context(), &jobpb.GetJobsRequest{})
	if err != nil || len(all.GetJobInfo()) != 1 {
		t.Fatalf("prism has jobs %v, %v", all, err)
	}
	if _, err := jobs.Cancel(t.Context(), &jobpb.CancelJobRequest{JobId: all.GetJobInfo()[0].GetJobId()}); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(); code != 1 || !strings.Contains(p.log.String(), "the runner says that the job is CANCELLED") {
		t.Errorf("exit code %d; it says\n%s", code, p.log)
	}
}

// TestNoPrism names the address at which nobody answers, and touches nothing in Redis.
func TestNoPrism(t *testing.T) {
	s := newShop(t, 17, 1)
	port, err := loopback.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	p := s.open(fmt.Sprintf("--endpoint=localhost:%d", port))
	if code := p.wait(); code != 1 || !strings.Contains(p.log.String(), fmt.Sprintf("no runner answers at --endpoint=localhost:%d", port)) {
		t.Errorf("exit code %d; it says\n%s", code, p.log)
	}
	if keys, err := s.redis.Client().Keys(t.Context(), "*").Result(); err != nil || len(keys) > 0 {
		t.Errorf("Redis holds %v, %v", keys, err)
	}
}
