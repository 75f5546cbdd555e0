package faults

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// TestClockSteps starts the program again with a clock that shows an hour less, and again with one that shows an hour more.
// Versions grow all the same, and what was written in the future does not stay in the way.
//
// While the clock is behind, velocity is held against the truth for what only that run has seen: of the events before, those that
// are now in the future do not count, and those that had left a window do not come back to it.
func TestClockSteps(t *testing.T) {
	s := newScenario(t, "clock an hour back, and forth, at restarts", setup{seed: 301})
	s.truth = truth.NewLedger()
	now := time.Now()
	flags := s.launch.Flags
	type choice func(own *truth.Ledger) *truth.Ledger
	run := func(seed uint64, origin time.Time, speed float64, velocityOf choice) truth.Report {
		shared := rig.NewTrace(rig.TraceOptions{Seed: seed, Events: 2000, Until: origin, Prefix: fmt.Sprint("run", seed, "-")})
		own := rig.NewTrace(rig.TraceOptions{Seed: seed, Events: 2000, Until: origin, World: fmt.Sprint("run", seed, "-")})
		s.truth.Add(append(shared.Events, own.Events...)...)
		c := clock.New(origin, time.Now(), speed)
		s.launch.Flags = slices.Concat(flags, []string{"--clock_origin=" + origin.Format(time.RFC3339Nano), fmt.Sprint("--clock_speed=", speed)})
		s.healed = time.Now()
		s.start()
		s.publish(shared.Messages)
		s.publish(own.Messages)
		s.await("all is acknowledged", s.pubsub.Settled)
		velocity, last := velocityOf(truth.NewLedger(own.Events...)), truth.Report{}
		s.await("Redis is right", func() bool {
			all, err := s.truth.Check(context.Background(), s.client(), c.NowMs())
			if err != nil {
				t.Fatal(err)
			}
			if last = all; velocity != s.truth {
				if last.Velocity, err = velocity.CheckVelocity(t.Context(), s.client(), c.NowMs()); err != nil {
					t.Fatal(err)
				}
				last.Velocity.Extra = 0 // the keys of the other runs
			}
			return last.OK() || time.Since(s.healed) > patience/2
		})
		if !last.OK() {
			t.Fatalf("clock from %v at speed %v: %v\n%s", origin, speed, last, s.process.Log())
		}
		return last
	}
	everything := func(*truth.Ledger) *truth.Ledger { return s.truth }
	onlyOwn := func(own *truth.Ledger) *truth.Ledger { return own }
	stop := func() {
		if err := s.process.Stop(drain); err != nil {
			t.Error(err)
		}
	}
	versions := rig.NewVersions(s.client())
	look := func() {
		if err := versions.Look(t.Context(), true); err != nil {
			t.Error(err)
		}
	}
	run(302, now, 1, everything)
	stop()
	look()
	run(303, now.Add(-time.Hour), 20, onlyOwn)
	stop()
	look() // the second run has written what it shares with the first
	report := run(304, now.Add(time.Hour), 1, everything)
	recovery := time.Since(s.healed)
	stop()
	redelivered := s.pubsub.Stats().Redelivered
	s.log(rig.Outcome{Fault: s.fault, Lost: report.Total().Count(), Redelivered: redelivered, Recovery: recovery})
}
