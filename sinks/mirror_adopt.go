package sinks

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// formatWithoutParts is the format whose layout does not list the parts and whose logs have no length. It was the first.
const formatWithoutParts = "1"

// adoptLogScript gives a log the length that it has. It returns 1 when the hash beside it has seen a write and the list is gone.
const adoptLogScript = `local n = #redis.call('lrange', KEYS[1], 0, -1)
if n == 0 then
  if (redis.call('hget', KEYS[2], 'seq') or '0') ~= '0' then return 1 end
  return 0
end
redis.call('hset', KEYS[2], 'len', n)
return 0`

// adoptKeptScript gives a kept hash the number of fields that it has.
const adoptKeptScript = `redis.call('hdel', KEYS[1], '')
redis.call('hset', KEYS[1], '', #redis.call('hgetall', KEYS[1]) / 2)
return 0`

// adopt takes a mirror of formatWithoutParts for whole, as the program that wrote it did, and returns its parts. Only a log is
// noticed as missing whose hash is still there. A second call does the same again.
func (m *Mirror) adopt(ctx context.Context) (parts map[string]bool, err error) {
	keys, err := m.mirrorKeys(ctx)
	if err != nil {
		return nil, err
	}
	parts = map[string]bool{}
	var cmds []*redis.Cmd
	for _, key := range keys {
		log, by := strings.CutSuffix(key, ":by")
		switch part := strings.TrimSuffix(strings.TrimPrefix(log, "streamlytics:{"), "}"); {
		case by:
			cmds = append(cmds, redis.NewCmd(ctx, "eval", adoptLogScript, 2, log, key))
		case isLog(part):
			parts[part] = true
		default:
			parts[part] = true
			cmds = append(cmds, redis.NewCmd(ctx, "eval", adoptKeptScript, 1, key))
		}
	}
	var faults []string
	err = m.redis.try(ctx, cmds, func(cmd *redis.Cmd) {
		if n, _ := cmd.Int64(); n != 0 { // the scripts return integers
			faults = append(faults, cmd.Args()[3].(string)+" is gone")
		}
	})
	if err != nil {
		return nil, fmt.Errorf("take over the state of an earlier version in Redis at %s: %w", m.redis.addrs, err)
	}
	if err := incomplete(m.redis.addrs, faults); err != nil {
		return nil, err
	}
	return parts, m.checkParts(ctx, parts)
}

// mirrorKeys lists the keys of all logs, of the hashes beside them, and of all kept hashes.
func (m *Mirror) mirrorKeys(ctx context.Context) ([]string, error) {
	keys, err := scan(ctx, m.redis.client, "streamlytics:{*")
	if err != nil {
		return nil, fmt.Errorf("look for state in Redis at %s: %w", m.redis.addrs, err)
	}
	return keys, nil
}
