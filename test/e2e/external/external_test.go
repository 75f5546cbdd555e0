package external

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"

	"github.com/beamlytics/streamlytics/internal/loopback"
	"github.com/beamlytics/streamlytics/test/rig"
)

// TestRunsOfOnePrism has one Prism serve three runs of the program, one after the other, and finds the truth in Redis.
func TestRunsOfOnePrism(t *testing.T) {
	for _, groups := range []int{64, 0} {
		t.Run(fmt.Sprintf("key_groups=%d", groups), func(t *testing.T) {
			s, prism := newShop(t, 41+uint64(groups), 6000), rig.StartPrism(t)
			for _, part := range []int{2000, 2000, len(s.left)} {
				s.publish(part)
				s.settle(s.open(prism.Flag(), fmt.Sprintf("--key_groups=%d", groups)))
			}
			s.check()
			if !prism.Running() {
				t.Errorf("prism has ended:\n%s", prism.Log())
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
		part := len(s.left) / (kills + 1 - i)
		s.publish(part)
		acked := s.pubsub.Stats().Acked + 1 + r.Int64N(int64(part))
		prism := rig.StartPrism(t)
		p := s.open(prism.Flag())
		s.await(p, "it is time to kill", func() bool { return s.pubsub.Stats().Acked >= acked })
		prism.Kill()
		s.failed(p)
		s.pubsub.Expire(t)
		if why := "the runner at " + prism.Addr + " is gone"; !strings.Contains(p.Log(), why) {
			t.Fatalf("kill %d: it does not say %q but\n%s", i, why, p.Log())
		}
	}
	s.publish(len(s.left))
	s.settle(s.open(rig.StartPrism(t).Flag()))
	s.check()
}

// TestWorkerKilled kills the program, and not Prism, while events flow. Each start goes on with the same Prism.
func TestWorkerKilled(t *testing.T) {
	const kills = 4
	seed := uint64(11)
	s, r, prism := newShop(t, seed, 12_000), rand.New(rand.NewPCG(seed, 3)), rig.StartPrism(t)
	for i := range kills {
		part := len(s.left) / (kills + 1 - i)
		s.publish(part)
		acked := s.pubsub.Stats().Acked + 1 + r.Int64N(int64(part))
		p := s.open(prism.Flag())
		s.await(p, "it is time to kill", func() bool { return s.pubsub.Stats().Acked >= acked })
		p.Kill()
		s.pubsub.Expire(t)
	}
	s.publish(len(s.left))
	s.settle(s.open(prism.Flag()))
	s.check()
	if !prism.Running() {
		t.Errorf("prism has ended:\n%s", prism.Log())
	}
}

// TestPrismHangs stops Prism with work in it: the drain cannot finish, says so, and ends in the time that a drain has.
func TestPrismHangs(t *testing.T) {
	s, prism := newShop(t, 13, 40_000), rig.StartPrism(t)
	s.publish(1000)
	p := s.open(prism.Flag())
	s.await(p, "it works", s.pubsub.Settled)
	s.redis.Pause() // so that all that is pulled stays on its way, most of it in Prism
	s.publish(len(s.left))
	s.await(p, "much is on its way", func() bool { return s.pubsub.Stats().Delivered > 6000 })
	if err := prism.Pause(); err != nil {
		t.Fatal(err)
	}
	s.redis.Resume()
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	told := time.Now()
	s.failed(p)
	if !strings.Contains(p.Log(), "drain: ") {
		t.Errorf("it does not say what was not finished but\n%s", p.Log())
	}
	t.Logf("it ended %v after SIGTERM", time.Since(told).Round(time.Millisecond))
}

// TestJobCancelledAtPrism is not the end of the input, and must not look like it.
func TestJobCancelledAtPrism(t *testing.T) {
	s, prism := newShop(t, 19, 100), rig.StartPrism(t)
	s.publish(len(s.left))
	p := s.open(prism.Flag())
	s.await(p, "everything is acknowledged", s.pubsub.Settled)
	jobs, job := prism.Job(t)
	if _, err := jobs.Cancel(t.Context(), &jobpb.CancelJobRequest{JobId: job.GetJobId()}); err != nil {
		t.Fatal(err)
	}
	s.failed(p)
	if !strings.Contains(p.Log(), "the runner says that the job is CANCELLED") {
		t.Errorf("it says\n%s", p.Log())
	}
}

// TestNoPrism names the address at which nobody answers, and touches nothing in Redis.
func TestNoPrism(t *testing.T) {
	s := newShop(t, 17, 1)
	port, err := loopback.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	endpoint := fmt.Sprintf("--endpoint=localhost:%d", port)
	p := s.open(endpoint)
	s.failed(p)
	if !strings.Contains(p.Log(), "no runner answers at "+endpoint) {
		t.Errorf("it says\n%s", p.Log())
	}
	if keys, err := s.redis.Client().Keys(t.Context(), "*").Result(); err != nil || len(keys) > 0 {
		t.Errorf("Redis holds %v, %v", keys, err)
	}
}
