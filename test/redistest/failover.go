package redistest

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// replicate makes a node without slots the replica of a master. It waits until the node is
// connected to the master.
func (c *Cluster) replicate(node, master *Server) {
	c.tb.Helper()
	c.wait(node.Addr+" is a replica of "+master.Addr, func(ctx context.Context) error {
		var id string
		err := master.ask(func(rdb *redis.Client) (err error) {
			id, err = rdb.ClusterMyID(ctx).Result()
			return err
		})
		if err != nil {
			return err
		}
		return node.ask(func(rdb *redis.Client) error { return rdb.ClusterReplicate(ctx, id).Err() })
	})
}

// Failover replaces a master by its replica, with the agreement of the master, which loses nothing.
// It returns the new master when the cluster is whole again. The old master is then its replica.
func (c *Cluster) Failover(master *Server) *Server {
	c.tb.Helper()
	replica := c.mustHaveReplica(master)
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err := replica.ask(func(rdb *redis.Client) error { return rdb.ClusterFailover(ctx).Err() }); err != nil {
		c.tb.Fatalf("let %s take over: %v", replica.Addr, err)
	}
	c.waitPromoted(replica)
	return replica
}

// Unlink stops the replication from a master to its replica. The replica still replaces the master
// if that is killed, after at most some ten seconds; everything written since Unlink is then lost.
// After Link it replicates from its master again.
func (c *Cluster) Unlink(master *Server) {
	c.tb.Helper()
	// A wrong password keeps the replica from connecting to its master.
	c.setMasterPassword(c.mustHaveReplica(master), "none")
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	err := master.ask(func(rdb *redis.Client) error { return rdb.ClientKillByFilter(ctx, "type", "replica").Err() })
	if err != nil {
		c.tb.Fatalf("break the replication of %s: %v", master.Addr, err)
	}
}

// Link ends an Unlink.
func (c *Cluster) Link(replica *Server) { c.tb.Helper(); c.setMasterPassword(replica, "") }

func (c *Cluster) setMasterPassword(node *Server, password string) {
	c.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	err := node.ask(func(rdb *redis.Client) error { return rdb.ConfigSet(ctx, "masterauth", password).Err() })
	if err != nil {
		c.tb.Fatalf("configure %s: %v", node.Addr, err)
	}
}

// KillMaster ends a master as kill -9 does. It returns its replica when that has become master and
// all slots are served again. Writes that were not replicated are lost. A Restart makes the killed
// node the replica; WaitWhole waits for that.
func (c *Cluster) KillMaster(master *Server) *Server {
	c.tb.Helper()
	replica := c.mustHaveReplica(master)
	master.Kill()
	c.waitPromoted(replica)
	return replica
}

func (c *Cluster) mustHaveReplica(master *Server) *Server {
	c.tb.Helper()
	replica := c.ReplicaOf(master)
	if replica == nil {
		c.tb.Fatalf("%s has no replica", master.Addr)
	}
	return replica
}

func (c *Cluster) waitPromoted(node *Server) {
	c.tb.Helper()
	c.wait(node.Addr+" is master", func(ctx context.Context) error {
		v, err := c.view(ctx, node)
		if err == nil && !v.isMaster {
			err = fmt.Errorf("%s is still a replica", node.Addr)
		}
		return err
	})
	c.WaitWhole()
}
