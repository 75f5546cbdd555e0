package redistest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// view is the cluster as one node sees it.
type view struct {
	isMaster bool     // the node itself
	masters  []string // addresses, in the order of their slots
}

// view reads the cluster from a node. It returns an error if by the node a slot is not served or a
// node is unknown, or if the node is a replica that does not follow its master.
func (c *Cluster) view(ctx context.Context, node *Server) (v view, err error) {
	err = node.ask(func(rdb *redis.Client) error {
		info, err := rdb.ClusterInfo(ctx).Result()
		if err != nil {
			return err
		}
		known := "cluster_known_nodes:" + strconv.Itoa(len(c.Nodes))
		if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, known) {
			return errors.New(strings.Join(strings.Fields(info), " "))
		}
		replication, err := rdb.Info(ctx, "replication").Result()
		if err != nil {
			return err
		}
		v.isMaster = strings.Contains(replication, "role:master")
		if !v.isMaster && !strings.Contains(replication, "master_link_status:up") {
			return errors.New("does not follow its master")
		}
		v.masters, err = mastersBySlot(ctx, rdb)
		return err
	})
	if err != nil {
		return v, fmt.Errorf("%s: %w", node.Addr, err)
	}
	return v, nil
}

func mastersBySlot(ctx context.Context, rdb *redis.Client) (addrs []string, err error) {
	ranges, err := rdb.ClusterSlots(ctx).Result() //nolint:staticcheck // ClusterShards lists nodes that have gone, too
	if err != nil {
		return nil, err
	}
	slices.SortFunc(ranges, func(a, b redis.ClusterSlot) int { return cmp.Compare(a.Start, b.Start) })
	for _, r := range ranges {
		addrs = append(addrs, r.Nodes[0].Addr)
	}
	return addrs, nil
}

// ask calls f with a new client. A client that was connected before its node was killed or paused
// would fail once more.
func (s *Server) ask(f func(*redis.Client) error) error {
	rdb := redis.NewClient(&redis.Options{Addr: s.Addr, MaxRetries: -1})
	defer rdb.Close()
	return f(rdb)
}

// Masters returns the present masters, in the order of their slots.
func (c *Cluster) Masters() []*Server {
	c.tb.Helper()
	var masters []*Server
	c.wait("a node names the masters", func(ctx context.Context) error {
		v, err := c.view(ctx, c.running()[0])
		masters = nil
		for _, addr := range v.masters {
			masters = append(masters, c.node(addr))
		}
		return err
	})
	return masters
}

// MasterOf returns the master that holds a key.
func (c *Cluster) MasterOf(key string) *Server {
	c.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	rdb := c.Client()
	node, err := rdb.MasterForKey(ctx, key)
	if err != nil {
		c.tb.Fatalf("find the master of %s: %v", key, err)
	}
	return c.node(node.Options().Addr)
}

// ReplicaOf returns the replica that follows a master, or nil if there is none.
func (c *Cluster) ReplicaOf(master *Server) *Server {
	c.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for _, node := range c.running() {
		var replication string
		err := node.ask(func(rdb *redis.Client) (err error) {
			replication, err = rdb.Info(ctx, "replication").Result()
			return err
		})
		if err != nil {
			c.tb.Fatalf("ask %s for its role: %v", node.Addr, err)
		}
		_, port, _ := strings.Cut(master.Addr, ":")
		if strings.Contains(replication, "role:slave") && strings.Contains(replication, "master_port:"+port+"\r\n") {
			return node
		}
	}
	return nil
}

// node returns the server of an address.
func (c *Cluster) node(addr string) *Server {
	c.tb.Helper()
	i := slices.IndexFunc(c.Nodes, func(s *Server) bool { return s.Addr == addr })
	if i < 0 {
		c.tb.Fatalf("%s is no node of the cluster", addr)
	}
	return c.Nodes[i]
}

// running returns the nodes that are not stopped.
func (c *Cluster) running() []*Server {
	return slices.DeleteFunc(slices.Clone(c.Nodes), func(s *Server) bool { return s.proc == nil })
}

// wait calls f until it returns nil. If that takes longer than startTimeout, it fails the test with
// the last error.
func (c *Cluster) wait(what string, f func(context.Context) error) {
	c.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			c.tb.Fatalf("not true within %v: %s: %v", startTimeout, what, err)
		case <-tick.C:
		}
	}
}
