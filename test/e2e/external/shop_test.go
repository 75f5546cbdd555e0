package external

import (
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// patience is how long a test waits for something that must happen.
const patience = 2 * time.Minute

// shop is a trace, the servers that it passes through, and the truth about it.
type shop struct {
	t      *testing.T
	redis  *redistest.Server
	pubsub *rig.PubSub
	trace  *rig.Trace
	truth  *truth.Ledger
	left   []rig.Message // of the trace, not yet published
	dir    string
}

func newShop(t *testing.T, seed uint64, events int) *shop {
	t.Helper()
	s := &shop{t: t, redis: redistest.Start(t), pubsub: rig.StartPubSub(t, rig.PubSubOptions{}), dir: t.TempDir()}
	s.trace = rig.NewTrace(rig.TraceOptions{Seed: seed, Events: events, Duplicates: 0.1})
	s.truth, s.left = truth.NewLedger(s.trace.Events...), s.trace.Messages
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.trace)
		}
	})
	return s
}

// publish sends the next n messages, or all that are left.
func (s *shop) publish(n int) {
	s.t.Helper()
	n = min(n, len(s.left))
	if err := s.pubsub.Publish(s.left[:n]...); err != nil {
		s.t.Fatal(err)
	}
	s.left = s.left[n:]
}

// open starts the program, on what an earlier one left.
func (s *shop) open(flags ...string) *rig.Process {
	s.t.Helper()
	return rig.Start(s.t, rig.Launch{Dir: s.dir, Env: s.pubsub.Env(),
		Flags: append(append(s.pubsub.Flags(), "--redis_addrs="+s.redis.Addr), flags...)})
}

// await waits for something that must happen while the program runs.
func (s *shop) await(p *rig.Process, what string, condition func() bool) {
	s.t.Helper()
	if err := p.Await(what, patience, condition); err != nil {
		s.t.Fatalf("%v\n%+v of %d", err, s.pubsub.Stats(), s.pubsub.Published())
	}
}

// settle waits until all that was published is acknowledged, and drains the program.
func (s *shop) settle(p *rig.Process) {
	s.t.Helper()
	s.await(p, "everything is acknowledged", s.pubsub.Settled)
	if err := p.Stop(patience); err != nil {
		s.t.Fatal(err)
	}
}

// check holds all of Redis against the truth.
func (s *shop) check() {
	s.t.Helper()
	report, err := s.truth.Check(s.t.Context(), s.redis.Client(), rig.Now())
	if err != nil || !report.OK() {
		s.t.Errorf("%v, %v", report, err)
	}
	s.t.Log(report)
}

// failed waits until the program is gone, and wants the exit code of a failure.
func (s *shop) failed(p *rig.Process) {
	s.t.Helper()
	exit, err := p.Wait(patience)
	if err != nil {
		s.t.Fatal(err)
	}
	if exit != (rig.Exit{Code: 1}) {
		s.t.Fatalf("%v, want 1; it says\n%s", exit, p.Log())
	}
}
