package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	goredis "github.com/redis/go-redis/v9"
)

// ErrUnknown is the error of a question that the server, or the rights of the user, leave open.
var ErrUnknown = errors.New("not known")

// Describe checks once that the server at addr, one of cfg.Addrs, answers, accepts the user and takes
// writes. Of a cluster it checks all masters that this server names. It returns what they are, for a
// person, and changes nothing.
func Describe(ctx context.Context, cfg Config, addr string) (string, error) {
	cluster := len(cfg.Addrs) > 1
	if cfg.Addrs = []string{addr}; cluster {
		cfg.Addrs = []string{addr, addr} // still a cluster
	}
	r, err := Open(cfg, Stats{})
	if err != nil {
		return "", err
	}
	defer r.Close()
	r.addrs = addr
	if err := r.Reach(ctx); err != nil {
		return "", err
	}
	servers, err := r.servers(ctx)
	if goredis.HasErrorPrefix(err, "NOPERM") {
		return "it answers; its version is not known, because the user has no right to INFO", nil
	}
	if err != nil {
		return "", err
	}
	var versions []string
	for _, s := range servers {
		if s.replica {
			return "", fmt.Errorf("redis at %s is a replica, which takes no writes: give its master", s.addr)
		}
		versions = append(versions, "Redis "+cmp.Or(s.version, "of a version that INFO does not name"))
	}
	if cluster {
		return fmt.Sprintf("%s, a cluster of %d masters, which all answer", distinct(versions), len(servers)), nil
	}
	return distinct(versions) + ", a single server", nil
}

// Rights lists the commands that the writes of signals and the watch over Redis need. A command has a
// key of each pattern that it is used with.
var Rights = []string{
	"ping", "info", "script load",
	"evalsha SHA 2 stock:S:P {stock:S:P}:meta", "set stock:S:P", "hget {stock:S:P}:meta", "hset {stock:S:P}:meta",
	"set velocity:S:P:1hr", "del velocity:S:P:1hr", "set " + canaryKey,
}

// ClusterRights lists what a client of a cluster needs beside Rights.
var ClusterRights = []string{"cluster slots", "command"}

// deniedScript returns those of the commands in ARGV that the user may not run, and false before
// Redis 7. It runs none of them.
const deniedScript = `if not redis.acl_check_cmd then return false end
local denied = {}
for _, command in ipairs(ARGV) do
  local words = {}
  for word in string.gmatch(command, '%S+') do words[#words + 1] = word end
  if not redis.acl_check_cmd(unpack(words)) then denied[#denied + 1] = command end
end
return denied`

// Denied returns those of commands, as Rights lists them, that a server that takes writes denies the
// user, sorted. It runs none of them and writes no key. A script asks for the rights of its own user:
// this needs no right that the writes of signals do not need, while ACL DRYRUN is a right of
// administrators. The error wraps ErrUnknown before Redis 7.
func (r *Sink) Denied(ctx context.Context, commands []string) (denied []string, err error) {
	args := make([]any, len(commands))
	for i, c := range commands {
		args[i] = c
	}
	var mu sync.Mutex // guards denied: masters are asked at the same time
	err = r.do(ctx, func(ctx context.Context) error {
		return eachMaster(ctx, r.client, func(ctx context.Context, node goredis.Cmdable) error {
			hash, err := node.ScriptLoad(ctx, deniedScript).Result()
			if err != nil {
				return err
			}
			more, err := node.EvalSha(ctx, hash, nil, args...).StringSlice()
			mu.Lock()
			defer mu.Unlock()
			denied = append(denied, more...)
			return err
		})
	})
	switch {
	case errors.Is(err, goredis.Nil):
		return nil, fmt.Errorf("what the user of Redis at %s may do is %w: Redis answers that from version 7 on",
			r.addrs, ErrUnknown)
	case err != nil:
		return nil, r.explain(fmt.Errorf("ask what the user may do: %w", err))
	}
	slices.Sort(denied)
	return slices.Compact(denied), nil
}
