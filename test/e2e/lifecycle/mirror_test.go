package lifecycle

import (
	"context"
	"maps"
	"strings"
	"syscall"
	"testing"

	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// settled starts the program and returns it when all events of a life are acknowledged.
func (r *run) settled(p *plan) *rig.Process {
	r.t.Helper()
	if err := r.pubsub.Publish(p.life(flow)...); err != nil {
		r.t.Fatal(err)
	}
	process := r.launch(r.addrs)
	if err := process.Await("everything is acknowledged", patience, r.pubsub.Settled); err != nil {
		r.t.Fatal(err)
	}
	return process
}

// fails waits for the end of a program that must fail, and returns what it has logged.
func fails(t *testing.T, p *rig.Process) string {
	t.Helper()
	exit, err := p.Wait(patience)
	if err != nil {
		t.Fatal(err)
	}
	if exit != (rig.Exit{Code: 1}) {
		t.Errorf("%v, want exit code 1\n%s", exit, p.Log())
	}
	return p.Log()
}

// TestStartRefuses starts the program on a Redis that holds state, with another number of groups, with a Redis that may evict
// keys, and without one of the lists of the state. Each start fails, names what is wrong, and changes nothing. With
// the state as it was, everything goes on.
func TestStartRefuses(t *testing.T) {
	t.Parallel()
	p := newPlan(3, 300)
	r := newRun(t)
	if err := r.pubsub.Publish(p.life(flow)...); err != nil {
		t.Fatal(err)
	}
	r.finish(p.truth) // with the defaults, 64 and 16 groups
	logs, err := r.logs()
	if err != nil || len(logs) < 2 {
		t.Fatalf("logs %v, %v", logs, err)
	}
	gone, ctx := logs[len(logs)/2], context.Background()
	before := r.content()
	set := func(policy, memory string) func() {
		return func() {
			for name, value := range map[string]string{"maxmemory-policy": policy, "maxmemory": memory} {
				if err := r.redis.Client().ConfigSet(ctx, name, value).Err(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, c := range []struct {
		flag       string
		spoil, end func()
		want       []string
	}{
		{"--key_groups=32", nil, nil, []string{r.addrs, "--key_groups=64, not 32", "--restore=none"}},
		{"--key_groups=0", nil, nil, []string{"--key_groups=64, not 0"}},
		{"--product_groups=8", nil, nil, []string{"--product_groups=16, not 8", "--restore=none"}},
		{"--restore=redis", set("allkeys-lru", "100mb"), set("noeviction", "0"),
			[]string{"maxmemory_policy is allkeys-lru", "noeviction"}},
		{"--restore=none", set("allkeys-lru", "100mb"), set("noeviction", "0"),
			[]string{"maxmemory_policy is allkeys-lru", "noeviction"}},
		{"--restore=redis", func() { r.rdb.Rename(ctx, gone, "aside") }, func() { r.rdb.Rename(ctx, "aside", gone) },
			[]string{gone + " is gone", r.addrs, "--restore=none"}},
	} {
		if c.spoil != nil {
			c.spoil()
		}
		r.flags = []string{c.flag}
		log := fails(t, r.launch(r.addrs))
		if c.end != nil {
			c.end()
		}
		for _, want := range c.want {
			if !strings.Contains(log, want) {
				t.Errorf("with %s the log does not name %q:\n%s", c.flag, want, log)
			}
		}
		if strings.Contains(log, "panic") || strings.Count(log, "\n") > 3 {
			t.Errorf("with %s the log has more than a person can use:\n%s", c.flag, log)
		}
		if after := r.content(); !maps.Equal(before, after) {
			t.Errorf("the refusal of %s has changed Redis: %d keys before, %d after", c.flag, len(before), len(after))
		}
	}
	r.flags = nil
	if err := r.pubsub.Publish(p.life(flow)...); err != nil {
		t.Fatal(err)
	}
	r.finish(p.truth)
}

// content is a digest of everything in Redis.
func (r *run) content() map[string]string {
	r.t.Helper()
	ctx := context.Background()
	digests := map[string]string{}
	keys, err := truth.ScanKeys(ctx, r.rdb, "*")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, key := range keys {
		if digests[key], err = r.rdb.Dump(ctx, key).Result(); err != nil {
			r.t.Fatal(err)
		}
	}
	return digests
}

// TestStopWithoutALog deletes one list while the program runs and nothing happens. The end notices it.
func TestStopWithoutALog(t *testing.T) {
	t.Parallel()
	r := newRun(t, "--key_groups=1")
	p := r.settled(newPlan(5, 50))
	if n := r.rdb.Del(context.Background(), logPrefix+"0}").Val(); n != 1 {
		t.Fatal("there is no log")
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if log := fails(t, p); !strings.Contains(log, logPrefix+"0} is gone") {
		t.Errorf("the end does not name the log:\n%s", log)
	}
}

// TestTakenOverWhileIdle starts the program a second time on the same Redis. The first ends within seconds, though nothing is written.
func TestTakenOverWhileIdle(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	first := r.settled(newPlan(5, 50))
	r.dir = t.TempDir()
	second := r.launch(r.addrs)
	log := fails(t, first)
	if line := lastLine(log); !strings.Contains(line, "another pipeline has taken over the state in this Redis") || !strings.Contains(line, "stop one of the two") {
		t.Errorf("the last line is %q:\n%s", line, log)
	}
	if !second.Running() {
		t.Errorf("the second has ended:\n%s", second.Log())
	}
	if err := second.Stop(patience); err != nil {
		t.Fatal(err)
	}
}

func lastLine(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return lines[len(lines)-1]
}
