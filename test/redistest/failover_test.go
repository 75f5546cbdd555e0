package redistest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestFailover lets a replica take over in agreement with its master, then kills it and finds the first master in its place again,
// with what was written under each.
func TestFailover(t *testing.T) {
	if testing.Short() {
		t.Skip("a failover takes seconds")
	}
	t.Parallel()
	ctx := context.Background()
	c := redistest.StartClusterWithReplicas(t, 1)
	if len(c.Nodes) != 4 {
		t.Fatalf("%d nodes, want three masters and a replica", len(c.Nodes))
	}
	first, replica := c.Masters()[1], c.ReplicaOf(c.Nodes[1])
	if first != c.Nodes[1] || replica != c.Nodes[3] {
		t.Fatalf("the second master is %v with replica %v, want nodes 1 and 3", first, replica)
	}
	if other := c.ReplicaOf(c.Nodes[0]); other != nil {
		t.Errorf("%s is a replica of the first master, which has none", other.Addr)
	}
	rdb := c.Client()
	keys := keysOf(c, first)
	write := func(value string) {
		t.Helper()
		for _, k := range keys {
			if err := rdb.Set(ctx, k, value, 0).Err(); err != nil {
				t.Fatalf("set %s: %v", k, err)
			}
		}
		// Replication is asynchronous: what the replica does not have yet would be lost with the master.
		if n, err := c.MasterOf(keys[0]).Client().Wait(ctx, 1, 0).Result(); err != nil || n != 1 {
			t.Fatalf("%d replicas have it, %v", n, err)
		}
	}
	read := func(want string) {
		t.Helper()
		for _, k := range keys {
			if got, err := rdb.Get(ctx, k).Result(); err != nil || got != want {
				t.Errorf("%s is %q, %v, want %q", k, got, err, want)
			}
		}
	}

	write("of the first master")
	if got := c.Failover(first); got != replica {
		t.Fatalf("%s took over, want %s", got.Addr, replica.Addr)
	}
	if got := c.MasterOf(keys[0]); got != replica || c.ReplicaOf(replica) != first {
		t.Errorf("after the failover %s is master", got.Addr)
	}
	read("of the first master")

	write("of the replica")
	if got := c.KillMaster(replica); got != first {
		t.Fatalf("%s took over, want %s", got.Addr, first.Addr)
	}
	read("of the replica")
	replica.Restart()
	c.WaitWhole()
	if c.ReplicaOf(first) != replica {
		t.Error("the killed node is not the replica after its restart")
	}
	read("of the replica")

	c.Unlink(first)
	if err := rdb.Set(ctx, keys[0], "lost", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if got := c.KillMaster(first); got != replica {
		t.Fatalf("%s took over, want %s", got.Addr, replica.Addr)
	}
	c.Link(replica)
	read("of the replica")
	first.Restart()
	c.WaitWhole()
	if c.ReplicaOf(replica) != first {
		t.Error("the killed node is not the replica after its second restart")
	}
}

// keysOf lists some keys that a master holds.
func keysOf(c *redistest.Cluster, master *redistest.Server) (keys []string) {
	for i := 0; len(keys) < 5; i++ {
		if k := fmt.Sprint("k", i); c.MasterOf(k) == master {
			keys = append(keys, k)
		}
	}
	return keys
}
