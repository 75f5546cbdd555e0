package sinks

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// watchKey is the canary of a single server, a key that is gone only when the server was emptied. A cluster has more of them, with
// a number behind the name, so that each master has at least one.
const watchKey = "streamlytics:here"

// maxCanaries bounds the search for a canary of each master. Masters of equal size need about ten times as many as they are.
const maxCanaries = 20_000

// canaries are the keys by which an emptied server is noticed. A key moves with its slot, so neither a failover nor another
// distribution of slots is taken for a loss. The zero value is ready. It is not safe for concurrent use.
type canaries struct {
	known map[string]bool // written by this process
}

// look reports whether a known canary is gone, and then writes it again. A master without one gets one. gone holds also beside an
// error. It tries once.
func (c *canaries) look(ctx context.Context, r *Redis) (gone bool, err error) {
	absent, err := c.absent(ctx, r)
	if err != nil {
		return false, fmt.Errorf("look for %s in Redis at %s: %w", watchKey, r.addrs, err)
	}
	gone = len(absent) > 0
	fresh, err := r.chooseCanaries(ctx, c.known)
	if err != nil {
		return gone, fmt.Errorf("choose a key of each master of Redis at %s: %w", r.addrs, err)
	}
	var cmds []*redis.Cmd
	for _, key := range append(absent, fresh...) {
		cmds = append(cmds, redis.NewCmd(ctx, "set", key, "1"))
	}
	err = r.try(ctx, cmds, func(cmd *redis.Cmd) {
		if c.known == nil {
			c.known = map[string]bool{}
		}
		c.known[cmd.Args()[1].(string)] = true
	})
	return gone, err
}

// absent returns the known canaries that are gone. It creates none: an answer that is lost must not hide that.
func (c *canaries) absent(ctx context.Context, r *Redis) (absent []string, err error) {
	cmds := make([]*redis.Cmd, 0, len(c.known))
	for key := range c.known {
		cmds = append(cmds, redis.NewCmd(ctx, "set", key, "1", "xx", "get"))
	}
	if err := r.do(ctx, func(ctx context.Context) error { return r.exec(ctx, cmds) }); err != nil {
		return nil, err
	}
	for _, cmd := range cmds {
		switch err := cmd.Err(); {
		case errors.Is(err, redis.Nil):
			absent = append(absent, cmd.Args()[1].(string))
		case err != nil:
			return nil, err
		}
	}
	return absent, nil
}

// chooseCanaries returns keys of those servers that have none in known, by what the client knows of the slots.
func (r *Redis) chooseCanaries(ctx context.Context, known map[string]bool) (keys []string, err error) {
	cc, ok := r.client.(*redis.ClusterClient)
	if !ok {
		if !known[watchKey] {
			keys = []string{watchKey}
		}
		return keys, nil
	}
	without, err := mastersOf(ctx, cc)
	if err != nil {
		return nil, err
	}
	owner := func(key string) (string, error) {
		node, err := cc.MasterForKey(ctx, key)
		if err != nil {
			return "", err
		}
		return node.Options().Addr, nil
	}
	for key := range known {
		addr, err := owner(key)
		if err != nil {
			return nil, err
		}
		delete(without, addr)
	}
	for i := 0; len(without) > 0 && i < maxCanaries; i++ {
		key := watchKey
		if i > 0 {
			key += ":" + strconv.Itoa(i)
		}
		addr, err := owner(key)
		if err != nil {
			return nil, err
		}
		if without[addr] {
			keys = append(keys, key)
			delete(without, addr)
		}
	}
	return keys, nil
}
