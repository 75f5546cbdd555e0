package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	goredis "github.com/redis/go-redis/v9"
)

// canaryKey is the canary of a single server: a key that is gone only when the server was emptied.
// A cluster has more of them, with a number behind the name, so that each master has at least one.
const canaryKey = "streamlytics:here"

// maxCanaries bounds the search for a canary of each master. For n masters of equal size it takes
// about 10 n attempts.
const maxCanaries = 20_000

// canaries are the keys by which an emptied server is noticed. A key moves with its slot, so a
// failover or another distribution of slots is not taken for a loss. The zero value is ready to
// use. It is not safe for concurrent use.
type canaries struct {
	known map[string]bool // written by this process
}

// look reports whether a known canary is gone, and writes it again. It also writes one for each
// master that has none. gone is valid also with an error. It tries once.
func (c *canaries) look(ctx context.Context, r *Sink) (gone bool, err error) {
	absent, err := c.absent(ctx, r)
	if err != nil {
		return false, fmt.Errorf("look for %s in Redis at %s: %w", canaryKey, r.addrs, err)
	}
	gone = len(absent) > 0
	fresh, err := r.chooseCanaries(ctx, c.known)
	if err != nil {
		return gone, fmt.Errorf("choose a key of each master of Redis at %s: %w", r.addrs, err)
	}
	var cmds []*goredis.Cmd
	for _, key := range append(absent, fresh...) {
		cmds = append(cmds, goredis.NewCmd(ctx, "set", key, "1"))
	}
	err = r.Try(ctx, cmds, func(cmd *goredis.Cmd) {
		if c.known == nil {
			c.known = map[string]bool{}
		}
		c.known[cmd.Args()[1].(string)] = true
	})
	return gone, err
}

// absent returns the known canaries that are gone. It creates none: otherwise a loss would be
// missed whose answer does not arrive.
func (c *canaries) absent(ctx context.Context, r *Sink) (absent []string, err error) {
	cmds := make([]*goredis.Cmd, 0, len(c.known))
	for key := range c.known {
		cmds = append(cmds, goredis.NewCmd(ctx, "set", key, "1", "xx", "get"))
	}
	if err := r.do(ctx, func(ctx context.Context) error { return r.exec(ctx, cmds) }); err != nil {
		return nil, err
	}
	for _, cmd := range cmds {
		switch err := cmd.Err(); {
		case errors.Is(err, goredis.Nil):
			absent = append(absent, cmd.Args()[1].(string))
		case err != nil:
			return nil, err
		}
	}
	return absent, nil
}

// chooseCanaries returns a key for each server that has none in known, by the slots as the client
// has them.
func (r *Sink) chooseCanaries(ctx context.Context, known map[string]bool) (keys []string, err error) {
	cc, ok := r.client.(*goredis.ClusterClient)
	if !ok {
		if !known[canaryKey] {
			keys = []string{canaryKey}
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
		key := canaryKey
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
