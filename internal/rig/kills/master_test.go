package kills

import (
	"context"
	"testing"
	"time"
)

// TestClusterLosesMaster kills masters of the cluster while events flow. What a master had not passed on to its replica is lost
// with it, some of it for certain, among it all that was ever written about products of which no event comes any more: the
// program must notice, and make all of it again from its state.
func TestClusterLosesMaster(t *testing.T) {
	t.Parallel()
	r, c := newClusterRun(t, 0, 1, 2)
	p := newPlan(*seed, 15_000)
	t.Logf("-kills.seed=%d, as of %s", p.seed, p.now.UTC().Format(time.RFC3339Nano))
	ctx := context.Background()
	flowing := r.flow(p.life(flow))
	masters := c.Masters()
	flowing.awaitMore(500)

	c.KillMaster(masters[0]) // what is lost is luck
	flowing.awaitMore(500)
	masters[0].Restart() // as the replica, empty: it gets a copy
	c.WaitWhole()

	for _, master := range masters[1:] {
		c.Unlink(master)
		// Enough products that some keys of theirs are this master's.
		if err := r.pubsub.Publish(p.still(10, 20)...); err != nil {
			t.Fatal(err)
		}
		flowing.awaitMore(1_000)
		if err := r.versions.Look(ctx, false); err != nil {
			t.Fatal(err)
		}
		replica := c.KillMaster(master)
		promoted := time.Now()
		if err := r.versions.Look(ctx, false); err == nil {
			t.Error("nothing was lost with the master")
		}
		c.Link(replica)
		// All that was there before the kill must come back, with the version it had or a newer one.
		if err := flowing.process.Await("all that was lost is there again", patience, func() bool { return r.versions.Look(ctx, false) == nil }); err != nil {
			t.Fatal(err)
		}
		t.Logf("%.1f s after the replica took over all that was lost is there again", time.Since(promoted).Seconds())
		master.Restart()
		c.WaitWhole()
	}
	flowing.finish(p)
}
