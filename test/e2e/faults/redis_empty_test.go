package faults

import (
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// idle lets the program do a trace of stores and products that no event touches any more when the fault comes.
func (s *scenario) idle(seed uint64) {
	s.t.Helper()
	trace := rig.NewTrace(rig.TraceOptions{Seed: seed, Events: 2000, World: "idle"})
	s.truth.Add(trace.Events...)
	s.start()
	s.publish(trace.Messages)
	s.await("what will be idle is acknowledged", s.pubsub.Settled)
}

// empty starts Redis again without anything in it.
func (s *scenario) empty() {
	s.t.Helper()
	s.redis.Kill()
	s.redis.Restart()
	s.healed = time.Now()
}

// TestRedisRestartedEmpty takes everything from Redis while events flow. All signals are made again from state, also those of
// keys that no event touches afterwards.
func TestRedisRestartedEmpty(t *testing.T) {
	s := newScenario(t, "Redis restarted empty, under load", setup{seed: 111})
	s.idle(112)
	s.publishOver(2*time.Second, s.trace.Part(0, 2))
	s.empty()
	s.publishOver(2*time.Second, s.trace.Part(1, 2))
	s.recover()
	s.logs("all signals are written again")
}

// TestRedisEmptiedThenKilled takes everything from Redis while no event comes, and kills the program when Redis has all of it
// again. The next one starts from there.
func TestRedisEmptiedThenKilled(t *testing.T) {
	s := newScenario(t, "Redis restarted empty, then the program killed", setup{seed: 115})
	s.truth = truth.NewLedger()
	s.idle(116)
	s.awaitTruth()
	s.empty()
	s.awaitTruth()
	s.logs("all signals are written again")
	s.process.Kill()
	s.truth.Add(s.trace.Events...)
	s.healed = time.Now()
	s.start()
	s.publish(s.trace.Messages)
	s.recover()
}
