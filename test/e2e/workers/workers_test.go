package workers

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestOneJob has three processes share a job, and finds the truth in Redis.
func TestOneJob(t *testing.T) {
	s, dir := newShop(t, 3, 6000), t.TempDir()
	s.write(dir, "all", 4, 0, 6000)
	j := submit(t, newFleet(t, 3), s.options(dir))
	j.wait()
	if n := j.workers(); n != 3 {
		t.Errorf("%d processes have worked, want 3", n)
	}
	s.check(6000)
}

// TestReplaced has a second job, with processes of its own, go on where the first has ended. It gets the other half of the events, and
// some of the first once more.
func TestReplaced(t *testing.T) {
	s, first, second := newShop(t, 5, 8000), t.TempDir(), t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() { gone <- s.versions.Watch(ctx, 20*time.Millisecond) }()
	s.write(first, "first", 2, 0, 4000)
	submit(t, newFleet(t, 2), s.options(first)).wait()
	s.check(4000)
	s.write(second, "again", 2, 1000, 3000)
	s.write(second, "second", 2, 4000, 8000)
	j := submit(t, newFleet(t, 2), s.options(second))
	j.wait()
	stop()
	if err := <-gone; err != nil {
		t.Error(err)
	}
	s.check(8000)
}

// TestReplacedInSilence starts a job on what another has left, without any event: all that it says is what was restored.
func TestReplacedInSilence(t *testing.T) {
	s, first, second := newShop(t, 7, 3000), t.TempDir(), t.TempDir()
	s.write(first, "first", 2, 0, 3000)
	submit(t, newFleet(t, 2), s.options(first)).wait()
	// What the first has said is taken away: the second must say at least the sums over all stores and velocity from the state alone.
	names, err := s.redis.Client().Keys(t.Context(), "velocity:*").Result()
	if err != nil || len(names) == 0 {
		t.Fatalf("%d velocity keys, %v", len(names), err)
	}
	if err := s.redis.Client().Del(t.Context(), names...).Err(); err != nil {
		t.Fatal(err)
	}
	s.await(submit(t, newFleet(t, 2), s.watching(second)), 3000)
}

// TestWorkersKilled kills processes again and again when they have written all of a bundle to Redis and the runner does not know. The
// bundle comes again at another process, which finds what was written, and nothing counts twice. Nobody takes what the dead have written
// for a loss. Then the next job is treated so.
func TestWorkersKilled(t *testing.T) {
	const waves, each = 5, 800
	s, first, second := newShop(t, 11, waves*each+2000), t.TempDir(), t.TempDir()
	f := newFleet(t, 3)
	arm, hit := killer(f)
	j := submit(t, f, s.watching(first))
	for i := range waves {
		arm("InventoryStatefulFn", "SmartVelocityFn", "KeyByStoreProduct")
		s.write(first, fmt.Sprint("wave", i), 2, i*each, (i+1)*each)
		s.await(j, (i+1)*each)
	}
	for _, name := range []string{"InventoryStatefulFn", "SmartVelocityFn", "KeyByStoreProduct"} {
		if n := hit(name); n < waves-1 { // the last may come behind the truth
			t.Errorf("%d processes were killed after %s, want %d", n, name, waves)
		}
	}
	j.cancel()
	f.wantNoLoss()

	f = newFleet(t, 3)
	arm, hit = killer(f)
	arm("InventoryStatefulFn", "SmartVelocityFn")
	s.write(second, "again", 2, 1000, 3000)
	s.write(second, "second", 2, waves*each, waves*each+2000)
	submit(t, f, s.options(second)).wait()
	if a, b := hit("InventoryStatefulFn"), hit("SmartVelocityFn"); a != 1 || b != 1 {
		t.Errorf("of the second job %d and %d processes were killed, want 1 and 1", a, b)
	}
	f.wantNoLoss()
	s.check(waves*each + 2000)
}

// killer has a fleet lose the process that is the first to do a bundle with a DoFn in it, once after each time that it is armed with the
// DoFn's name. hit is how many it has lost.
func killer(f *fleet) (arm func(names ...string), hit func(name string) int) {
	armed, hits := map[string]bool{}, map[string]int{}
	f.lose = func(b *bundle) bool {
		for name := range armed {
			if b.stage.runs(name) {
				delete(armed, name)
				hits[name]++
				return true
			}
		}
		return false
	}
	arm = func(names ...string) {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, name := range names {
			armed[name] = true
		}
	}
	hit = func(name string) int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return hits[name]
	}
	return arm, hit
}

// TestKilledBetweenLogAndSignals kills all processes at the moment when one of them has written the log of a key and not the signals
// that came of it.
func TestKilledBetweenLogAndSignals(t *testing.T) {
	s, first, second := newShop(t, 13, 6000), t.TempDir(), t.TempDir()
	run := func(dir string) {
		f := newFleet(t, 2)
		var writes, kills atomic.Int64
		tap := redistest.StartTap(t, s.redis, func(command []string) redistest.Act {
			if len(command) < 10 || command[0] != "eval" || !strings.HasPrefix(command[3], "streamlytics:{log/") {
				return redistest.Act{}
			}
			if n := writes.Add(1); n%9 != 3 || kills.Add(1) > 3 {
				return redistest.Act{}
			}
			return redistest.Act{After: f.killAll, Break: true}
		})
		o := s.options(dir)
		o.RedisAddrs = tap.Addr
		submit(t, f, o).wait()
		if n := kills.Load(); n < 3 {
			t.Errorf("killed %d times in %d writes, want 3", n, writes.Load())
		}
	}
	s.write(first, "first", 4, 0, 3000)
	run(first)
	s.check(3000)
	s.write(second, "second", 4, 2000, 6000)
	run(second)
	s.check(6000)
}

// TestRedisEmptied empties Redis while a job runs. Every key comes back, those too that no event touches, and the state with them: the
// next job goes on from it.
func TestRedisEmptied(t *testing.T) {
	s, first, second := newShop(t, 17, 6000), t.TempDir(), t.TempDir()
	f := newFleet(t, 3)
	j := submit(t, f, s.watching(first))
	s.write(first, "first", 4, 0, 3000)
	s.await(j, 3000)
	if err := s.versions.Look(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if err := s.redis.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	// Few events: most keys are touched by none.
	to := 3000
	s.write(first, "some", 1, to, to+10)
	to += 10
	s.await(j, to)
	j.await("the state in Redis is whole", func() bool {
		if to < 3500 {
			s.write(first, fmt.Sprint("more", to), 1, to, to+1)
			to++
		}
		return s.whole()
	})
	s.await(j, to)
	j.cancel()
	if len(f.said(lossNoticed)) == 0 {
		t.Error("no process has logged that Redis lost data")
	}
	s.write(second, "again", 2, 1000, 3000)
	s.write(second, "second", 2, to, 6000)
	submit(t, newFleet(t, 2), s.options(second)).wait()
	s.check(6000)
}

// TestFencedInSilence has a second job begin while the first still runs, and gives the first no events. What it would say with time alone
// is velocity that lacks the second's events: it must not say it.
func TestFencedInSilence(t *testing.T) {
	s, first, second := newShop(t, 23, 4000), t.TempDir(), t.TempDir()
	at := func(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339Nano) }
	o := s.watching(first)
	o.ClockOrigin, o.ClockSpeed = at(time.Now().UnixMilli()), 60 // in a second, a minute leaves the last hour
	stale := submit(t, newFleet(t, 2), o)
	s.write(first, "first", 2, 0, 2000)
	s.await(stale, 2000)
	o = s.watching(second)
	o.ClockOrigin, o.ClockSpeed = at(stale.clock.NowMs()), 60
	j := submit(t, newFleet(t, 2), o)
	s.write(second, "second", 2, 2000, 4000)
	s.await(j, 4000)
	stale.await("the first job has failed", func() bool { return len(stale.ended) > 0 })
	if err := <-stale.ended; err == nil || !strings.Contains(err.Error(), "another pipeline has taken over the state in this Redis") {
		t.Errorf("the first job ended with %v", err)
	}
	s.await(j, 4000)
}

// TestFenced has a second job begin while the first still runs. From then on the first can change nothing, and ends with an error that
// says why.
func TestFenced(t *testing.T) {
	s, first, second := newShop(t, 19, 6000), t.TempDir(), t.TempDir()
	stale := submit(t, newFleet(t, 2), s.watching(first))
	s.write(first, "first", 2, 0, 3000)
	s.await(stale, 3000)
	j := submit(t, newFleet(t, 2), s.watching(second))
	s.write(second, "second", 2, 3000, 4000)
	s.await(j, 4000)
	before := s.logs()
	s.write(first, "stale", 2, 4000, 6000)
	stale.await("the first job has failed", func() bool { return len(stale.ended) > 0 })
	if err := <-stale.ended; err == nil || !strings.Contains(err.Error(), "another pipeline has taken over the state in this Redis") {
		t.Errorf("the first job ended with %v", err)
	}
	if len(before) == 0 {
		t.Error("there are no logs")
	}
	if after := s.logs(); !maps.Equal(before, after) {
		t.Error("the first job has changed the logs of the second")
	}
	s.check(4000)
	s.write(second, "rest", 2, 4000, 6000)
	s.await(j, 6000)
}
