package dataflow

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestBundlesFail: a bundle that was written to Redis and is not committed comes again at another
// process, and nothing counts twice. Its process is killed, or lives on with images that the runner's
// state does not have. A process that reads files is only killed, because it keeps which it has read.
func TestBundlesFail(t *testing.T) {
	t.Parallel()
	const waves, each = 6, 800
	stages := map[string]verdict{"InventoryStatefulFn": fails, "SmartVelocityFn": fails, "KeyByStoreProduct": kills}
	s, dir := newShop(t, 11, waves*each), t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	watched := make(chan error, 1)
	go func() { watched <- s.versions.Watch(ctx, 20*time.Millisecond) }()

	f := newFleet(t, 3)
	arm, hits := arms(f)
	j := submit(t, f, s.watching(dir))
	for i := range waves {
		for name, v := range stages {
			if i%2 == 0 {
				v = kills
			}
			arm(name, v)
		}
		s.write(dir, fmt.Sprint("wave", i), 2, i*each, (i+1)*each)
		s.await(j, (i+1)*each)
	}
	for name := range stages {
		if n := hits(name); n < waves-1 { // the last may come after the truth
			t.Errorf("%d bundles with %s did not commit, want %d", n, name, waves)
		}
	}
	if n := j.workers(); n < 3 {
		t.Errorf("%d processes have worked, want 3 or more", n)
	}
	j.cancel()
	stop()
	if err := <-watched; err != nil {
		t.Error(err)
	}
	s.check(waves * each)
}

// arms makes a fleet give a verdict on the next bundle with a DoFn after each call of arm. hits
// returns how many bundles with a DoFn had one.
func arms(f *fleet) (arm func(name string, v verdict), hits func(name string) int) {
	armed, count := map[string]verdict{}, map[string]int{}
	f.judge = func(b *bundle) verdict {
		for name, v := range armed {
			if b.stage.runs(name) {
				delete(armed, name)
				count[name]++
				return v
			}
		}
		return commits
	}
	arm = func(name string, v verdict) {
		f.mu.Lock()
		defer f.mu.Unlock()
		armed[name] = v
	}
	hits = func(name string) int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return count[name]
	}
	return arm, hits
}

// TestKilledBetweenWrites: all processes are killed when one of them has written a part of a bundle's
// signals. The bundle comes again and writes the rest.
func TestKilledBetweenWrites(t *testing.T) {
	t.Parallel()
	s, dir := newShop(t, 13, 6000), t.TempDir()
	f := newFleet(t, 2)
	var writes, deaths atomic.Int64
	tap := redistest.StartTap(t, s.redis, func(command []string) redistest.Act {
		if !strings.HasPrefix(strings.ToLower(command[0]), "eval") {
			return redistest.Act{}
		}
		if n := writes.Add(1); n%5 != 2 || deaths.Add(1) > 3 {
			return redistest.Act{}
		}
		return redistest.Act{After: f.killAll, Break: true}
	})
	s.write(dir, "all", 4, 0, 6000)
	o := s.options(dir)
	o.Redis.Addrs = tap.Addr
	submit(t, f, o).wait()
	if n := deaths.Load(); n < 3 {
		t.Errorf("killed %d times in %d writes, want 3", n, writes.Load())
	}
	s.check(6000)
}
