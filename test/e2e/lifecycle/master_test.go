package lifecycle

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestClusterLosesMaster lets a replica take over in agreement and then kills the masters of a cluster, while events flow. What a master had not passed on to its replica is lost
// with it, or all that it had when it comes back, empty, before the replica takes over. Among what is lost are products of which
// no event comes any more: the program must notice, and make all of it again from its state.
func TestClusterLosesMaster(t *testing.T) {
	t.Parallel()
	r, c := newClusterRun(t, 0, 1)
	p := newPlan(*seed, 40_000)
	t.Logf("-kills.seed=%d, as of %s", p.seed, p.now.UTC().Format(time.RFC3339Nano))
	ctx := context.Background()
	flowing := r.flow(p.life(flow))
	masters := c.Masters()
	flowing.awaitMore(500)

	flowing.watch()
	masters[0] = c.Failover(masters[0]) // nothing is lost
	flowing.awaitMore(500)
	flowing.unwatch()

	c.KillMaster(masters[0]) // what is lost is luck
	flowing.awaitMore(500)
	masters[0].Restart() // as the replica, empty: it gets a copy
	c.WaitWhole()

	lose := func(how string, master *redistest.Server, kill func()) {
		t.Helper()
		marker := keyOf(c, master)
		// Enough products that some keys of theirs are this master's.
		if err := r.pubsub.Publish(p.still(10, 20)...); err != nil {
			t.Fatal(err)
		}
		flowing.awaitMore(500)
		if err := r.versions.Look(ctx, false); err != nil {
			t.Fatal(err)
		}
		if err := r.rdb.Set(ctx, marker, "written last", 0).Err(); err != nil {
			t.Fatal(err)
		}
		kill()
		begun := time.Now()
		if n, err := r.rdb.Exists(ctx, marker).Result(); err != nil || n != 0 {
			t.Errorf("%s: what was written last is not lost: %v", how, err)
		}
		// All that was there before must come back, with the version it had or a newer one.
		if err := flowing.process.Await("all that was lost is there again", patience, func() bool { return r.versions.Look(ctx, false) == nil }); err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		t.Logf("%s: all that was lost was there again after %.1f s", how, time.Since(begun).Seconds())
		flowing.awaitMore(500)
	}
	c.Unlink(masters[1])
	lose("the replica takes over, without the last writes", masters[1], func() { c.Link(c.KillMaster(masters[1])) })
	masters[1].Restart()
	c.WaitWhole()
	lose("the master comes back, without anything", masters[2], func() { masters[2].Kill(); masters[2].Restart(); c.WaitWhole() })
	flowing.finish(p)
}

// keyOf is a key that a master holds, and that nobody else uses.
func keyOf(c *redistest.Cluster, master *redistest.Server) string {
	for i := 0; ; i++ {
		if key := fmt.Sprint("marker", i); c.MasterOf(key) == master {
			return key
		}
	}
}
