package sinks

import (
	"fmt"
	"testing"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestWatchNoticesEachMaster empties the masters of a cluster, one after the other: each is one loss. So is each that is restarted,
// and none is a failover in agreement but for the new server.
func TestWatchNoticesEachMaster(t *testing.T) {
	c := redistest.StartClusterWithReplicas(t, 0)
	env := watched(t, openTestRedis(t, c.Addrs()...), nil)
	canaries := func(master *redistest.Server) bool {
		keys, err := master.Client().Keys(t.Context(), watchKey+"*").Result()
		return err == nil && len(keys) > 0
	}
	losses := int64(0)
	for _, master := range c.Masters() {
		waitUntil(t, "each master has a canary", func() bool { return canaries(master) })
		if err := master.Client().FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		losses++
		waitUntil(t, fmt.Sprint("loss ", losses, " is noticed"), func() bool { return env.Losses() == losses })
	}
	promoted := c.Failover(c.Masters()[0])
	losses++
	waitUntil(t, "the other server is noticed", func() bool { return env.Losses() == losses })
	waitUntil(t, "it has a canary", func() bool { return canaries(promoted) })
	if err := promoted.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	losses++
	waitUntil(t, "it is noticed as empty", func() bool { return env.Losses() == losses })
}

// TestCanariesMoveWithTheirSlots: another distribution of slots is no loss.
func TestCanariesMoveWithTheirSlots(t *testing.T) {
	c := redistest.StartCluster(t)
	r := openTestRedis(t, c.Addrs()...)
	var known canaries
	look := func() bool {
		t.Helper()
		gone, err := known.look(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return gone
	}
	for range 2 {
		if look() {
			t.Fatalf("of the canaries %v, one is gone", known.known)
		}
	}
	if len(known.known) != 3 {
		t.Fatalf("canaries %v, one of them gone", known.known)
	}
	c.MoveSlot(watchKey, c.Nodes[0])
	c.MoveSlot(watchKey, c.Nodes[1])
	if look() {
		t.Error("a slot that moved is taken for a loss")
	}
}

// TestWatchNoticesAMissingLayout: the layout and the epochs are written again when somebody deletes them.
func TestWatchNoticesAMissingLayout(t *testing.T) {
	server, open := mirrors(t)
	m := mustOpen(t, open)
	mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 1, Record: []byte("a")})
	env := watched(t, openTestRedis(t, server.Addr), m)
	server.Client().Del(t.Context(), mirrorLayout)
	waitUntil(t, "the loss is noticed", func() bool { return env.Losses() == 1 })
	mustWrite(t, m, batch.LogWrite{Key: "7", Seq: 2, Prev: 1, Losses: 1, Anew: true, Record: []byte("a")})
	server.Client().Del(t.Context(), mirrorEpochs)
	waitUntil(t, "the loss is noticed", func() bool { return env.Losses() == 2 })
	if last, err := server.Client().HGet(t.Context(), mirrorEpochs, "last").Int64(); err != nil || last != m.epoch {
		t.Errorf("the last epoch is %d, %v, want %d", last, err, m.epoch)
	}
}
