package sinks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/signal"
)

// The mirror is a copy of the inventory stage's logs in the Redis that holds the signals, so that a pipeline which keeps its
// state in memory can go on after a crash. For each Beam key there is a list of log records and, in the same cluster slot, a
// hash that says who wrote it last:
//
//	streamlytics:{log/7}        the records, oldest first
//	streamlytics:{log/7}:by     epoch and seq of the last write
//	streamlytics:{kept/3}       what velocity cannot compute again, of a product group: window, badge, and since when
//	streamlytics:epoch          how many pipelines have used the mirror
//	streamlytics:layout         key_groups and format
//
// Each start takes the next epoch. A write of an older epoch is refused: of two pipelines that use one Redis the later goes on
// and the earlier fails. A write that Redis has seen already, or that comes late because its connection hung, changes nothing.
const (
	mirrorLog    = "streamlytics:{log/"
	mirrorKept   = "streamlytics:{kept/"
	mirrorEpoch  = "streamlytics:epoch"
	mirrorLayout = "streamlytics:layout"
	mirrorFormat = "1"
)

// ErrFenced says that another pipeline has begun to use the same Redis.
var ErrFenced = errors.New("another pipeline has taken over the state in this Redis")

// claimScript makes an epoch the one that may write a log, and returns the log.
const claimScript = `local e = tonumber(redis.call('hget', KEYS[2], 'epoch') or '0')
if e > tonumber(ARGV[1]) then return redis.error_reply('FENCED') end
redis.call('hset', KEYS[2], 'epoch', ARGV[1], 'seq', 0)
return redis.call('lrange', KEYS[1], 0, -1)`

// appendScript appends a record to a log, or begins the log anew with it, unless that was done before. It returns -1, and does
// nothing, when the log does not end with the write that came before: Redis has lost data.
const appendScript = `local by = redis.call('hmget', KEYS[2], 'epoch', 'seq')
local e, s = tonumber(by[1] or '0'), tonumber(by[2] or '0')
local epoch, seq = tonumber(ARGV[1]), tonumber(ARGV[2])
if e > epoch then return redis.error_reply('FENCED') end
if e == epoch and s >= seq then return 0 end
if ARGV[3] == '1' then redis.call('del', KEYS[1])
elseif ARGV[5] ~= '0' and (e ~= epoch or s ~= tonumber(ARGV[5])) then return -1 end
redis.call('rpush', KEYS[1], ARGV[4])
redis.call('hset', KEYS[2], 'epoch', ARGV[1], 'seq', ARGV[2])
return 1`

// epochScript restores the count of epochs where it was lost.
const epochScript = `if tonumber(redis.call('get', KEYS[1]) or '0') < tonumber(ARGV[1]) then redis.call('set', KEYS[1], ARGV[1]) end
return 1`

// Mirror writes and reads the logs of one pipeline. It is safe for concurrent use; the writes of one key must follow each other.
type Mirror struct {
	redis  *Redis
	epoch  int64
	layout []any

	mu      sync.Mutex
	written map[string]bool // keys that this process has written
	losses  int64           // how many losses of data were dealt with
	missing map[string]bool // keys that have not been written since the last; nil when there are none
}

// OpenMirror takes the next epoch. The number of key groups must be the one that the logs were written with.
func OpenMirror(ctx context.Context, r *Redis, keyGroups int) (*Mirror, error) {
	layout := []any{"format", mirrorFormat, "key_groups", strconv.Itoa(keyGroups)}
	found, err := r.client.HGetAll(ctx, mirrorLayout).Result()
	if err != nil {
		return nil, fmt.Errorf("look for state in Redis at %s: %w", r.addrs, err)
	}
	if f := found["format"]; f != "" && f != mirrorFormat {
		return nil, fmt.Errorf("the state in Redis at %s has format %s; this program knows format %s", r.addrs, f, mirrorFormat)
	}
	if g := found["key_groups"]; g != "" && g != strconv.Itoa(keyGroups) {
		return nil, fmt.Errorf("the state in Redis at %s was kept with --key_groups=%s, not %d: give that, or start from empty state with --restore=none", r.addrs, g, keyGroups)
	}
	if len(found) == 0 {
		logs, err := scan(ctx, r.client, mirrorLog+"*")
		if err != nil {
			return nil, fmt.Errorf("look for state in Redis at %s: %w", r.addrs, err)
		}
		if len(logs) > 0 {
			return nil, fmt.Errorf("the state in Redis at %s is not whole: Redis lost data while a pipeline ran, and the pipeline ended before it had written all again; start from empty state with --restore=none", r.addrs)
		}
	}
	if err := r.client.HSet(ctx, mirrorLayout, layout...).Err(); err != nil {
		return nil, fmt.Errorf("write the layout of the state to Redis at %s: %w", r.addrs, err)
	}
	epoch, err := r.client.Incr(ctx, mirrorEpoch).Result()
	if err != nil {
		return nil, fmt.Errorf("take the next epoch in Redis at %s: %w", r.addrs, err)
	}
	return &Mirror{redis: r, epoch: epoch, layout: layout, written: map[string]bool{}}, nil
}

// DropMirror deletes all logs and returns how many there were: whoever starts from empty state makes them wrong.
func DropMirror(ctx context.Context, r *Redis) (int, error) {
	logs, err := scan(ctx, r.client, mirrorLog+"*")
	if err != nil {
		return 0, fmt.Errorf("look for old state in Redis at %s: %w", r.addrs, err)
	}
	kept, err := scan(ctx, r.client, mirrorKept+"*")
	if err != nil {
		return 0, fmt.Errorf("look for old state in Redis at %s: %w", r.addrs, err)
	}
	n := 0
	for _, key := range append(append(logs, kept...), mirrorLayout) {
		if strings.HasPrefix(key, mirrorLog) && strings.HasSuffix(key, "}") {
			n++
		}
		if err := r.client.Unlink(ctx, key).Err(); err != nil {
			return n, fmt.Errorf("drop old state %s in Redis at %s: %w", key, r.addrs, err)
		}
	}
	return n, nil
}

// Keys lists the Beam keys that have a log.
func (m *Mirror) Keys(ctx context.Context) ([]string, error) {
	logs, err := scan(ctx, m.redis.client, mirrorLog+"*")
	if err != nil {
		return nil, fmt.Errorf("list the state in Redis at %s: %w", m.redis.addrs, err)
	}
	var keys []string
	for _, log := range logs {
		if key, ok := strings.CutSuffix(strings.TrimPrefix(log, mirrorLog), "}"); ok {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// scan lists the keys of a pattern, on every master of a cluster.
func scan(ctx context.Context, client redis.UniversalClient, pattern string) ([]string, error) {
	var mu sync.Mutex         // masters are scanned at the same time
	keys := map[string]bool{} // SCAN may name a key twice
	err := eachMaster(ctx, client, func(ctx context.Context, c redis.Cmdable) error {
		it := c.Scan(ctx, 0, pattern, 1000).Iterator()
		for it.Next(ctx) {
			mu.Lock()
			keys[it.Val()] = true
			mu.Unlock()
		}
		return it.Err()
	})
	return slices.Collect(maps.Keys(keys)), err
}

// Load claims the log of a Beam key for this pipeline and returns its records. It blocks and retries as the writes do.
func (m *Mirror) Load(ctx context.Context, key string) (records [][]byte, err error) {
	log := mirrorLog + key + "}"
	cmd := redis.NewCmd(ctx, "eval", claimScript, 2, log, log+":by", m.epoch)
	err = m.redis.run(ctx, []*redis.Cmd{cmd}, func(done *redis.Cmd) {
		items, _ := done.Slice() // the script returns a list
		for _, x := range items {
			if s, ok := x.(string); ok {
				records = append(records, []byte(s))
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("load the state of key %s: %w", key, err)
	}
	return records, nil
}

// Write appends records to logs, in order. Where the log of a key is gone from Redis or is not what it was, nothing is written, and
// lost is the greatest LogWrite.Losses among such writes, else -1: all keys must then begin their logs anew. losses is how often
// Redis is known by now to have lost data.
func (m *Mirror) Write(ctx context.Context, writes []signal.LogWrite, losses int64) (lost int64, err error) {
	if err := m.noteLosses(ctx, losses); err != nil {
		return -1, err
	}
	lost = -1
	cmds := make([]*redis.Cmd, 0, len(writes))
	for _, w := range writes {
		log := mirrorLog + w.Key + "}"
		anew := "0"
		if w.Anew {
			anew = "1"
		}
		cmds = append(cmds, redis.NewCmd(ctx, "eval", appendScript, 2, log, log+":by", m.epoch, w.Seq, anew, w.Record, w.Prev, w.Losses))
	}
	// Commands that failed are made again: what a command is about stands in its arguments.
	err = m.redis.run(ctx, cmds, func(cmd *redis.Cmd) {
		n, _ := cmd.Int64() // the script returns an integer
		key := strings.TrimSuffix(strings.TrimPrefix(cmd.Args()[3].(string), mirrorLog), "}")
		if n < 0 {
			lost = max(lost, cmd.Args()[10].(int64))
		}
		m.note(key, n >= 0 && cmd.Args()[7] == "1")
	})
	if err == nil {
		err = m.noteWhole(ctx)
	}
	return lost, err
}

// note remembers that a key was written, and whether its log is whole again.
func (m *Mirror) note(key string, anew bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.written[key] = true
	if anew {
		delete(m.missing, key)
	}
}

// noteLosses takes the layout away when Redis has lost data, so that nobody starts from a part of the state, and sees to it that the
// next start takes an epoch after this one.
func (m *Mirror) noteLosses(ctx context.Context, losses int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if losses <= m.losses {
		return nil
	}
	m.losses, m.missing = losses, maps.Clone(m.written)
	slog.Warn("the state in Redis may not be whole; it is written again", "redis", m.redis.addrs, "keys", len(m.written))
	return m.redis.run(ctx, []*redis.Cmd{
		redis.NewCmd(ctx, "del", mirrorLayout),
		redis.NewCmd(ctx, "eval", epochScript, 1, mirrorEpoch, m.epoch),
	}, func(*redis.Cmd) {})
}

// noteWhole puts the layout back when all logs have been written again.
func (m *Mirror) noteWhole(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.missing == nil || len(m.missing) > 0 {
		return nil
	}
	m.missing = nil
	slog.Warn("the state in Redis is whole again", "redis", m.redis.addrs)
	return m.redis.run(ctx, []*redis.Cmd{redis.NewCmd(ctx, append([]any{"hset", mirrorLayout}, m.layout...)...)}, func(*redis.Cmd) {})
}

// LoadKept returns what was kept of a product group, by field.
func (m *Mirror) LoadKept(ctx context.Context, group string) (map[string]string, error) {
	var kept map[string]string
	cmd := redis.NewCmd(ctx, "hgetall", mirrorKept+group+"}")
	err := m.redis.run(ctx, []*redis.Cmd{cmd}, func(done *redis.Cmd) { kept = pairs(done.Val()) })
	if err != nil {
		return nil, fmt.Errorf("load what was kept of product group %s: %w", group, err)
	}
	return kept, nil
}

// pairs reads the answer to HGETALL, a list in the older protocol and a map in the newer.
func pairs(v any) map[string]string {
	out := map[string]string{}
	add := func(k, v any) {
		key, ok1 := k.(string)
		value, ok2 := v.(string)
		if ok1 && ok2 {
			out[key] = value
		}
	}
	switch v := v.(type) {
	case []any:
		for i := 0; i+1 < len(v); i += 2 {
			add(v[i], v[i+1])
		}
	case map[any]any:
		for k, x := range v {
			add(k, x)
		}
	}
	return out
}

// WriteKept sets fields of product groups; an empty value removes the field.
func (m *Mirror) WriteKept(ctx context.Context, kept []signal.Kept) error {
	cmds := make([]*redis.Cmd, 0, len(kept))
	for _, k := range kept {
		key := mirrorKept + k.Group + "}"
		if k.Value == "" {
			cmds = append(cmds, redis.NewCmd(ctx, "hdel", key, k.Field))
		} else {
			cmds = append(cmds, redis.NewCmd(ctx, "hset", key, k.Field, k.Value))
		}
	}
	return m.redis.run(ctx, cmds, func(*redis.Cmd) {})
}
