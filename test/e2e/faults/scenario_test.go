package faults

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

const (
	// patience is how long a test waits for something that must happen.
	patience = 2 * time.Minute
	// drain is how long the program may take to end when it is told to.
	drain = 30 * time.Second
	// memoryBound is what the program may have in memory at any time, whatever happens. Without a fault it has 100 to 200 MB
	// with traces as small as these.
	memoryBound = 600 << 20
)

// setup says what is special about a scenario. The zero value is a good choice.
type setup struct {
	seed         uint64
	events       int      // 0: 6,000
	redis        []string // options of redis-server
	flags        []string // of the program
	unprivileged bool
}

// scenario is the program between its servers, a proxy before each of them, with a trace in three parts: for the time before a
// fault, during it and after it.
type scenario struct {
	t       *testing.T
	fault   string
	redis   *redistest.Server
	link    *rig.Proxy // to Redis
	pubsub  *rig.PubSub
	launch  rig.Launch
	trace   *rig.Trace
	truth   *truth.Ledger
	process *rig.Process // the last one
	peak    int64        // of the processes before it, bytes
	healed  time.Time    // when the fault was over
}

// newScenario returns the scenario of a test, which runs at the same time as others.
func newScenario(t *testing.T, fault string, s setup) *scenario {
	t.Helper()
	t.Parallel()
	if s.events == 0 {
		s.events = 6000
	}
	x := &scenario{t: t, fault: fault, redis: redistest.Start(t, s.redis...), pubsub: rig.StartPubSub(t)}
	x.link = rig.StartProxy(t, x.redis.Addr)
	x.trace = rig.NewTrace(rig.TraceOptions{Seed: s.seed, Events: s.events, Duplicates: 0.05})
	x.truth = truth.NewLedger(x.trace.Events...)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(x.trace)
		}
	})
	x.launch = rig.Launch{Dir: t.TempDir(), Env: x.pubsub.Env(), Unprivileged: s.unprivileged,
		Flags: append(append(x.pubsub.Flags(), "--redis_addrs="+x.link.Addr), s.flags...)}
	return x
}

// start starts the program, on what an earlier one left.
func (s *scenario) start() {
	s.t.Helper()
	if s.process != nil {
		s.peak = max(s.peak, s.process.PeakMemory())
	}
	s.process = rig.Start(s.t, s.launch)
}

func (s *scenario) publish(messages []rig.Message) {
	s.t.Helper()
	if err := s.pubsub.Publish(messages...); err != nil {
		s.t.Fatal(err)
	}
}

// publishOver publishes messages evenly over a time.
func (s *scenario) publishOver(length time.Duration, messages []rig.Message) {
	s.t.Helper()
	if err := s.pubsub.PublishAt(context.Background(), float64(len(messages))/length.Seconds(), messages...); err != nil {
		s.t.Fatal(err)
	}
}

// await waits for something that must happen while the program runs.
func (s *scenario) await(what string, condition func() bool) {
	s.t.Helper()
	if err := s.process.Await(what, patience, condition); err != nil {
		s.t.Fatalf("%v\n%+v of %d", err, s.pubsub.Stats(), s.pubsub.Published())
	}
}

// flow starts the program and lets it do the first part of the trace.
func (s *scenario) flow() {
	s.t.Helper()
	s.start()
	s.publish(s.trace.Part(0, 3))
	s.await("the first part is acknowledged", s.pubsub.Settled)
}

// outage lets the program work, makes a fault begin, publishes on while it lasts, and ends it after the program has logged the
// words. The program must outlive it.
func (s *scenario) outage(length time.Duration, begin, end func(), words ...string) rig.Outcome {
	s.t.Helper()
	s.flow()
	begin()
	s.publishOver(length, s.trace.Part(1, 3))
	s.logs(words...)
	if !s.process.Running() {
		s.t.Fatalf("the program did not outlive the fault:\n%s", s.process.Log())
	}
	end()
	s.healed = time.Now()
	s.publish(s.trace.Part(2, 3))
	return s.recover()
}

// blocked is an outage in which nothing can be written, so that nothing may be acknowledged but what asks for no write: looks that
// are repetitions.
func (s *scenario) blocked(length time.Duration, begin, end func(), words ...string) rig.Outcome {
	s.t.Helper()
	var before int64
	return s.outage(length, func() {
		begin()
		before = s.pubsub.Stats().Acked
	}, func() {
		if acked := s.pubsub.Stats().Acked - before; acked > int64(len(s.trace.Part(1, 3)))/20 {
			s.t.Errorf("%d messages were acknowledged while nothing could be written", acked)
		}
		end()
	}, words...)
}

// recover waits until all is acknowledged and right, drains the program, and logs what the fault has done.
func (s *scenario) recover() rig.Outcome {
	s.t.Helper()
	s.await("all is acknowledged", s.pubsub.Settled)
	s.awaitTruth()
	recovery := time.Since(s.healed)
	if err := s.process.Stop(drain); err != nil {
		s.t.Error(err)
	}
	lost, stats := s.check().Total().Count(), s.pubsub.Stats()
	redelivered := stats.Redelivered + stats.Duplicated
	return s.log(rig.Outcome{Fault: s.fault, Lost: lost, Redelivered: redelivered, Recovery: recovery})
}

// log completes an outcome and logs it.
func (s *scenario) log(o rig.Outcome) rig.Outcome {
	s.t.Helper()
	o.Peak = max(s.peak, s.process.PeakMemory())
	if o.Peak > memoryBound {
		s.t.Errorf("the program had %d MB, more than %d", o.Peak>>20, memoryBound>>20)
	}
	o.Log(s.t)
	return o
}

func (s *scenario) awaitTruth() {
	s.t.Helper()
	report, err := s.truth.Await(context.Background(), s.client(), rig.Now, patience)
	if err != nil || !report.OK() {
		s.t.Fatalf("%v %v\n%s", report, err, s.process.Log())
	}
}

func (s *scenario) check() truth.Report {
	s.t.Helper()
	report, err := s.truth.Check(context.Background(), s.client(), rig.Now())
	if err != nil || !report.OK() {
		s.t.Errorf("after the drain: %v %v\n%s", report, err, s.process.Log())
	}
	return report
}

// client talks to Redis past the proxy.
func (s *scenario) client() *redis.Client { return s.redis.Client() }

// logs waits until the words are in the program's log: it must be clear to a person what is wrong.
func (s *scenario) logs(words ...string) {
	s.t.Helper()
	for _, w := range words {
		s.await(fmt.Sprintf("%q is in the log", w), func() bool { return strings.Contains(s.process.Log(), w) })
	}
}
