package redistest

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// clusterMasters is the number of masters, which share the slots.
const clusterMasters = 3

// slots is the number of hash slots of a Redis cluster.
const slots = 16384

// Cluster is a Redis cluster of three masters, each with at most one replica.
type Cluster struct {
	// Nodes are the masters in the order of their slots, then the replicas, by their roles at the
	// start. A failover changes roles; Masters and MasterOf return the present ones.
	Nodes []*Server

	tb testing.TB
}

// StartCluster starts a cluster without replicas. It returns when every node reports that the
// cluster is whole.
func StartCluster(tb testing.TB) *Cluster {
	tb.Helper()
	return StartClusterWithReplicas(tb)
}

// StartClusterWithReplicas starts a cluster in which the masters of these indices, 0 to 2, have a
// replica each. It returns when every node reports that the cluster is whole and the replicas
// follow their masters.
func StartClusterWithReplicas(tb testing.TB, of ...int) *Cluster {
	tb.Helper()
	c := &Cluster{tb: tb}
	for range clusterMasters + len(of) {
		c.Nodes = append(c.Nodes, startOnFreePort(tb, func(port int) []string {
			return []string{
				"--port", strconv.Itoa(port), "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(freePort(tb)),
				"--cluster-node-timeout", "2000", "--cluster-config-file", "nodes.conf",
				// A replica does not wait for others that might need the same copy, and does not
				// move to a master that has none.
				"--repl-diskless-sync-delay", "0", "--cluster-allow-replica-migration", "no",
			}
		}))
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for i, node := range c.Nodes {
		if i < clusterMasters {
			first, last := i*slots/clusterMasters, (i+1)*slots/clusterMasters-1
			if err := node.Client().ClusterAddSlotsRange(ctx, first, last).Err(); err != nil {
				tb.Fatalf("give slots to %s: %v", node.Addr, err)
			}
		}
		if i > 0 {
			c.meet(ctx, c.Nodes[0].Client(), node)
		}
	}
	for i, master := range of {
		c.replicate(c.Nodes[clusterMasters+i], c.Nodes[master])
	}
	c.WaitWhole()
	return c
}

func (c *Cluster) meet(ctx context.Context, first *redis.Client, node *Server) {
	c.tb.Helper()
	host, port, err := net.SplitHostPort(node.Addr)
	if err != nil {
		c.tb.Fatal(err)
	}
	busPort := argument(node.args, "--cluster-port")
	if err := first.Do(ctx, "cluster", "meet", host, port, busPort).Err(); err != nil {
		c.tb.Fatalf("introduce %s to the cluster: %v", node.Addr, err)
	}
}

// argument returns the argument that follows name.
func argument(args []string, name string) string {
	for i, a := range args {
		if a == name {
			return args[i+1]
		}
	}
	return ""
}

// Addrs returns the address of every node.
func (c *Cluster) Addrs() []string {
	addrs := make([]string, len(c.Nodes))
	for i, n := range c.Nodes {
		addrs[i] = n.Addr
	}
	return addrs
}

// Client returns a new client of the cluster that closes with the test.
func (c *Cluster) Client() *redis.ClusterClient {
	// A client that cannot reach a master asks for the new one only after its interval, by default
	// a minute.
	rdb := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: c.Addrs(), ClusterStateReloadInterval: 100 * time.Millisecond, MaxRedirects: 20,
	})
	c.tb.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// WaitWhole waits until every running node serves all slots, all of them agree on the masters, and
// every replica follows its master: at the start, and after a Restart of a node or a failover.
func (c *Cluster) WaitWhole() {
	c.tb.Helper()
	c.wait("the cluster is whole", func(ctx context.Context) error {
		var masters []string
		roles := 0
		for _, node := range c.running() {
			view, err := c.view(ctx, node)
			if err != nil {
				return err
			}
			if masters == nil {
				masters = view.masters
			} else if !slices.Equal(masters, view.masters) {
				return fmt.Errorf("the masters of %s are %v, those of another node %v",
					node.Addr, view.masters, masters)
			}
			if view.isMaster {
				roles++
			}
		}
		if roles != clusterMasters {
			return fmt.Errorf("%d nodes that run are masters", roles)
		}
		return nil
	})
}
