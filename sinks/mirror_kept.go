package sinks

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/batch"
)

// LoadKept returns what was kept of a product group, by field. What Redis has lost since the start is logged and left out: the
// numbers come from the logs, and only a window or badge between its two thresholds may begin on the other side.
func (m *Mirror) LoadKept(ctx context.Context, group string) (map[string]string, error) {
	var kept map[string]string
	cmd := redis.NewCmd(ctx, "hgetall", mirrorKept+group+"}")
	err := m.redis.run(ctx, []*redis.Cmd{cmd}, func(done *redis.Cmd) { kept = pairs(done.Val()) })
	if err != nil {
		return nil, fmt.Errorf("load what was kept of product group %s: %w", group, err)
	}
	count := kept[""]
	delete(kept, "")
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.parts[keptPart(group)] && count != strconv.Itoa(len(kept)) {
		slog.Warn("Redis has lost windows and badges of a product group since the start", "redis", m.redis.addrs, "product_group", group)
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

// keptScript removes all fields of a kept hash where ARGV[1] is 1, then sets and removes fields, and counts them in the field
// of the empty name.
const keptScript = `if ARGV[1] == '1' then redis.call('del', KEYS[1]) end
local more = 0
for i = 2, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    more = more - redis.call('hdel', KEYS[1], ARGV[i])
  else
    more = more + redis.call('hset', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
redis.call('hincrby', KEYS[1], '', more)
return 1`

// keptFields is how many fields are written with one command.
const keptFields = 10_000

// WriteKept sets and removes fields of product groups, in order.
func (m *Mirror) WriteKept(ctx context.Context, kept []batch.Kept) error {
	groups, written, anew := map[string][]any{}, map[string]bool{}, map[string]int64{}
	for _, k := range kept {
		part := keptPart(k.Group)
		written[part] = true
		if k.Anew {
			groups[k.Group], anew[part] = []any{"1"}, k.Losses
			continue
		}
		if groups[k.Group] == nil {
			groups[k.Group] = []any{"0"}
		}
		groups[k.Group] = append(groups[k.Group], k.Field, k.Value)
	}
	for len(groups) > 0 { // commands of one group follow each other
		var cmds []*redis.Cmd
		for group, args := range groups {
			n := min(len(args), 1+2*keptFields)
			cmds = append(cmds, redis.NewCmd(ctx, append([]any{"eval", keptScript, 1, mirrorKept + group + "}"}, args[:n]...)...))
			if groups[group] = append([]any{"0"}, args[n:]...); n == len(args) {
				delete(groups, group)
			}
		}
		if err := m.redis.run(ctx, cmds, func(*redis.Cmd) {}); err != nil {
			return err
		}
	}
	if err := m.record(ctx, written); err != nil {
		return err
	}
	return m.noteAnew(ctx, anew)
}
