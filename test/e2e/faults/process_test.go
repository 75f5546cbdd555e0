package faults

import (
	"context"
	"errors"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// halfway lets the program hold only a part of the backlog, so that there is a middle of it to be ended in.
var halfway = setup{flags: []string{"--outstanding_events=2000"}}

// unitSales replaces the trace by sales of one unit each, so that the stock in Redis says how many of them it holds.
func (s *scenario) unitSales() {
	s.t.Helper()
	now := rig.Now()
	trace := &rig.Trace{}
	for i := range 30_000 {
		e := truth.Event{ID: strconv.Itoa(i), Type: "SALE", Store: strconv.Itoa(i % 20), Product: strconv.Itoa(1 + i%7), Quantity: 1, OccurredAt: now - int64(i)}
		trace.Events = append(trace.Events, e)
		trace.Messages = append(trace.Messages, rig.Unified(e))
	}
	s.trace, s.truth = trace, truth.NewLedger(trace.Events...)
}

// sold is the number of unit sales that the stock in Redis holds.
func (s *scenario) sold() (n int64) {
	s.t.Helper()
	for key := range s.truth.Stock() {
		v, err := s.client().Get(context.Background(), key.StockName()).Int64()
		if err != nil && !errors.Is(err, redis.Nil) {
			s.t.Fatal(err)
		}
		n -= v
	}
	return n
}

// inFullFlow starts the program and returns when it is in the middle of a backlog.
func (s *scenario) inFullFlow() {
	s.t.Helper()
	s.unitSales()
	s.link.Delay(50*time.Millisecond, 50*time.Millisecond) // so that the middle lasts
	s.publish(s.trace.Messages)
	s.start()
	s.await("events flow", func() bool { return s.pubsub.Stats().Acked > 0 })
}

// goOn starts the program again, and lets it do what is left.
func (s *scenario) goOn() {
	s.t.Helper()
	s.link.Delay(0, 0)
	s.pubsub.Expire(s.t)
	s.healed = time.Now()
	s.start()
	s.recover()
}

// TestTerminated tells the program to end in full flow. It drains: what it has acknowledged is in Redis, and what is in Redis is
// acknowledged.
func TestTerminated(t *testing.T) {
	s := newScenario(t, "SIGTERM in full flow", halfway)
	s.inFullFlow()
	if err := s.process.Stop(drain); err != nil {
		t.Fatal(err)
	}
	acked := s.pubsub.Stats().Acked
	if acked == s.pubsub.Published() {
		t.Fatal("the program was done before it was told to end")
	}
	if n := s.sold(); n != acked {
		t.Errorf("%d messages are acknowledged, %d are in Redis", acked, n)
	}
	// One pull of each subscription may have been answered while it was cancelled.
	if leased := s.pubsub.Stats().Leased; leased > int64(1000*len(rig.Channels)) {
		t.Errorf("%d messages are not given back", leased)
	}
	s.goOn()
}

// TestTerminatedTwice cannot drain, because Redis hangs. The second signal ends the program at once.
func TestTerminatedTwice(t *testing.T) {
	s := newScenario(t, "SIGTERM twice, Redis hung", halfway)
	s.inFullFlow()
	s.redis.Pause()
	if err := s.process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if exit, err := s.process.Wait(time.Second); err == nil {
		t.Fatalf("the program drained without Redis: %v", exit)
	}
	again := time.Now()
	if err := s.process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	exit, err := s.process.Wait(patience)
	if err != nil || exit.Signal != syscall.SIGTERM {
		t.Fatalf("%v, %v", exit, err)
	}
	if took := time.Since(again); took > 5*time.Second {
		t.Errorf("the second signal took %v", took)
	}
	s.redis.Resume()
	if n, acked := s.sold(), s.pubsub.Stats().Acked; n < acked {
		t.Errorf("%d messages are acknowledged, %d are in Redis", acked, n)
	}
	s.goOn()
}
