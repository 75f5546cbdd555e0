package lifecycle

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// TestGroupsCannotChange starts the program with another --key_groups or --product_groups on a Redis that holds state. It must refuse, say
// what to do, and touch nothing: with the old number everything goes on.
func TestGroupsCannotChange(t *testing.T) {
	t.Parallel()
	p := newPlan(3, 300)
	r := newRun(t)
	if err := r.pubsub.Publish(p.life(flow)...); err != nil {
		t.Fatal(err)
	}
	r.finish(p.truth) // with the defaults, 64 and 16
	before := r.mirror()
	if len(before) < 3 {
		t.Fatalf("the state in Redis has %d keys", len(before))
	}
	for _, change := range []struct{ flag, groups, had string }{{"key_groups", "32", "64"}, {"key_groups", "0", "64"}, {"product_groups", "8", "16"}} {
		option := "--" + change.flag + "=" + change.groups
		other := rig.Start(t, rig.Launch{Env: r.pubsub.Env(),
			Flags: append(r.pubsub.Flags(), "--redis_addrs="+r.addrs, option)})
		exit, err := other.Wait(patience)
		if err != nil {
			t.Fatal(err)
		}
		if exit != (rig.Exit{Code: 1}) {
			t.Errorf("with %s: %v, want exit code 1", option, exit)
		}
		for _, want := range []string{r.addrs, "--" + change.flag + "=" + change.had + ", not " + change.groups, "--restore=none"} {
			if !strings.Contains(other.Log(), want) {
				t.Errorf("with %s it does not say %q:\n%s", option, want, other.Log())
			}
		}
		if strings.Contains(other.Log(), "panic") || strings.Count(other.Log(), "\n") > 3 {
			t.Errorf("with %s it says more than a person can use:\n%s", option, other.Log())
		}
	}
	if after := r.mirror(); !maps.Equal(before, after) {
		t.Errorf("the refusals have changed the state: %d keys before, %d after", len(before), len(after))
	}
	if err := r.pubsub.Publish(p.life(flow)...); err != nil {
		t.Fatal(err)
	}
	r.finish(p.truth)
}

// mirror is a digest of everything in Redis that the state is kept in.
func (r *run) mirror() map[string]string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	digests := map[string]string{}
	keys, err := truth.ScanKeys(ctx, r.rdb, "streamlytics:*")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, key := range keys {
		digest, err := r.rdb.Dump(ctx, key).Result()
		if err != nil {
			r.t.Fatal(err)
		}
		digests[key] = digest
	}
	return digests
}
