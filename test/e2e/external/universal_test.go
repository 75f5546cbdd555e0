package external

import (
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/test/rig"
)

// TestAsAnyRunner sends the job to Prism as to any runner that takes Beam's portable jobs: the state is at the runner. Three runs
// follow one another, the second is killed, and the truth must be in Redis.
func TestAsAnyRunner(t *testing.T) {
	for _, c := range []struct {
		runner string
		events int
		groups string
	}{
		{"universal", 24_000, "64"}, // more than the least cache holds, so that images are read back from the runner
		{"flink", 900, "0"},         // a key for each pair: much more to ask the runner for
	} {
		t.Run(c.runner, func(t *testing.T) {
			s, prism := newShop(t, 23, c.events), rig.StartPrism(t)
			flags := []string{prism.Flag(), "--runner=" + c.runner, "--allow_untested_runner", "--key_groups=" + c.groups, "--image_cache_mb=1"}
			part := c.events / 3
			s.publish(part)
			p := s.open(flags...)
			s.settle(p)
			s.hadStateAtTheRunner(p)

			s.publish(part)
			acked := s.pubsub.Stats().Acked
			p = s.open(flags...)
			s.await(p, "it is time to kill", func() bool { return s.pubsub.Stats().Acked > acked })
			p.Kill()
			s.pubsub.Expire(t)

			s.publish(len(s.left))
			p = s.open(flags...)
			s.settle(p)
			if misses := s.hadStateAtTheRunner(p); misses == 0 && c.groups != "0" {
				t.Error("no image was read back from the runner")
			}
			s.check()
			if !prism.Running() {
				t.Errorf("prism has ended:\n%s", prism.Log())
			}
		})
	}
}

// hadStateAtTheRunner looks at what a run that has ended says of its state, and returns how often it was read back.
func (s *shop) hadStateAtTheRunner(p *rig.Process) (misses int64) {
	s.t.Helper()
	summary, err := p.Summary()
	if err != nil {
		s.t.Fatal(err)
	}
	if summary.Runtime.StateCalls == 0 {
		s.t.Error("the runner was not asked for state")
	}
	s.t.Logf("%d calls for state, %d images made anew", summary.Runtime.StateCalls, summary.Runtime.ImageMisses)
	return summary.Runtime.ImageMisses
}

// TestOtherRunnersAreRefused without the flag that allows them, with the reason, before anything is touched.
func TestOtherRunnersAreRefused(t *testing.T) {
	s, prism := newShop(t, 29, 100), rig.StartPrism(t)
	s.publish(len(s.left))
	for _, runner := range []string{"universal", "flink"} {
		p := s.open(prism.Flag(), "--runner="+runner)
		s.failed(p)
		for _, why := range []string{"messages are acknowledged by a tracker that needs all work in this one process", "docs/RUNNERS.md", "--allow_untested_runner"} {
			if !strings.Contains(p.Log(), why) {
				t.Errorf("%s: it does not say %q but\n%s", runner, why, p.Log())
			}
		}
	}
	if keys, err := s.redis.Client().Keys(t.Context(), "*").Result(); err != nil || len(keys) > 0 {
		t.Errorf("Redis holds %v, %v", keys, err)
	}
	if got := s.pubsub.Stats().Delivered; got > 0 {
		t.Errorf("%d messages were pulled", got)
	}
}
