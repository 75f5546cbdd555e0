package mirror

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/batch"
)

// KeptGroups returns the fields that are kept of each product group, by its name. It blocks and retries as the
// writes do.
//
// A group of which Redis has lost fields since the start is logged and returned without them: the
// numbers come from the logs, and only a window or badge between its two thresholds may begin on
// the other side.
func (m *Mirror) KeptGroups(ctx context.Context) (map[string]map[string]string, error) {
	kept := map[string]map[string]string{}
	cmds := make([]*goredis.Cmd, m.options.ProductGroups)
	for i := range cmds {
		cmds[i] = goredis.NewCmd(ctx, "hgetall", partKey(keptPart(strconv.Itoa(i))))
	}
	err := m.run(ctx, cmds, func(done *goredis.Cmd) {
		key := done.Args()[1].(string)
		group := strings.TrimSuffix(strings.TrimPrefix(key, keptPrefix), "}")
		fields := pairs(done.Val())
		count, found := fields[""]
		delete(fields, "")
		if found {
			kept[group] = fields
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.parts[keptPart(group)] && count != strconv.Itoa(len(fields)) {
			slog.Warn("Redis has lost windows and badges of a product group since the start",
				"redis", m.redis.String(), "product_group", group)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("load what was kept of %d product groups: %w", len(cmds), err)
	}
	return kept, nil
}

// pairs returns the answer to HGETALL, a list in the older protocol and a map in the newer.
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

// keptScript removes all fields of a kept hash where ARGV[1] is 1, then sets and removes fields,
// and counts them in the field of the empty name.
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

// keptFields bounds the fields that are written with one command.
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
		var cmds []*goredis.Cmd
		for group, args := range groups {
			n := min(len(args), 1+2*keptFields)
			command := append([]any{"eval", keptScript, 1, partKey(keptPart(group))}, args[:n]...)
			cmds = append(cmds, goredis.NewCmd(ctx, command...))
			if groups[group] = append([]any{"0"}, args[n:]...); n == len(args) {
				delete(groups, group)
			}
		}
		if err := m.run(ctx, cmds, func(*goredis.Cmd) {}); err != nil {
			return err
		}
	}
	if err := m.record(ctx, written); err != nil {
		return err
	}
	return m.noteAnew(ctx, anew)
}
