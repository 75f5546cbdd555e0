package redistest

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// clusterNodes masters, without replicas, share the slots.
const clusterNodes = 3

// slots is the number of hash slots of a Redis cluster.
const slots = 16384

// Cluster is a Redis cluster of three masters without replicas.
type Cluster struct {
	Nodes []*Server

	tb testing.TB
}

// StartCluster starts a cluster and returns when every node says that the cluster is whole.
func StartCluster(tb testing.TB) *Cluster {
	tb.Helper()
	c := &Cluster{tb: tb}
	for range clusterNodes {
		c.Nodes = append(c.Nodes, startOnFreePort(tb, func(port int) []string {
			return []string{
				"--port", strconv.Itoa(port), "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(freePort(tb)),
				"--cluster-node-timeout", "2000", "--cluster-config-file", "nodes.conf",
			}
		}))
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for i, node := range c.Nodes {
		rdb := node.Client()
		first, last := i*slots/clusterNodes, (i+1)*slots/clusterNodes-1
		if err := rdb.ClusterAddSlotsRange(ctx, first, last).Err(); err != nil {
			tb.Fatalf("give slots to %s: %v", node.Addr, err)
		}
		if i > 0 {
			c.meet(ctx, c.Nodes[0].Client(), node)
		}
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

// argument is the value that follows name.
func argument(args []string, name string) string {
	for i, a := range args {
		if a == name {
			return args[i+1]
		}
	}
	return ""
}

// Addrs lists the address of every node.
func (c *Cluster) Addrs() []string {
	addrs := make([]string, len(c.Nodes))
	for i, n := range c.Nodes {
		addrs[i] = n.Addr
	}
	return addrs
}

// Client returns a new client of the cluster that closes with the test.
func (c *Cluster) Client() *redis.ClusterClient {
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs()})
	c.tb.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// WaitWhole returns when every node knows all the others and serves all slots, as after a Restart of a node.
func (c *Cluster) WaitWhole() {
	c.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for _, node := range c.Nodes {
		rdb := redis.NewClient(&redis.Options{Addr: node.Addr})
		defer rdb.Close()
		for {
			info, err := rdb.ClusterInfo(ctx).Result()
			if err == nil && strings.Contains(info, "cluster_state:ok") &&
				strings.Contains(info, "cluster_known_nodes:"+strconv.Itoa(clusterNodes)) {
				break
			}
			select {
			case <-ctx.Done():
				c.tb.Fatalf("the cluster is not whole within %v: %s: %v\n%s", startTimeout, node.Addr, err, info)
			case <-tick.C:
			}
		}
	}
}
