package redistest

import (
	"context"
	"net"

	"github.com/redis/go-redis/v9"
)

// MoveSlot moves the slot of a key, with all its keys, to a master. It returns when all masters
// agree, and does nothing if the master has the slot. The cluster must have no replicas.
func (c *Cluster) MoveSlot(key string, to *Server) {
	c.tb.Helper()
	from := c.MasterOf(key)
	if from == to {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	do := func(s *Server, args ...any) (v any) {
		c.tb.Helper()
		err := s.ask(func(rdb *redis.Client) (err error) {
			v, err = rdb.Do(ctx, args...).Result()
			return err
		})
		if err != nil {
			c.tb.Fatalf("%v on %s: %v", args, s.Addr, err)
		}
		return v
	}
	slot := do(from, "cluster", "keyslot", key)
	toID, fromID := do(to, "cluster", "myid"), do(from, "cluster", "myid")
	do(to, "cluster", "setslot", slot, "importing", fromID)
	do(from, "cluster", "setslot", slot, "migrating", toID)
	keys, _ := do(from, "cluster", "getkeysinslot", slot, 1000).([]any)
	host, port, err := net.SplitHostPort(to.Addr)
	if err != nil {
		c.tb.Fatal(err)
	}
	for _, k := range keys {
		do(from, "migrate", host, port, k, 0, startTimeout.Milliseconds())
	}
	for _, s := range append([]*Server{to}, c.Nodes...) {
		do(s, "cluster", "setslot", slot, "node", toID)
	}
}
