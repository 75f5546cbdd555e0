package sinks

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/signal"
)

// LoadKept returns what was kept of a product group, by field.
func (m *Mirror) LoadKept(ctx context.Context, group string) (map[string]string, error) {
	var kept map[string]string
	cmd := redis.NewCmd(ctx, "hgetall", mirrorKept+group+"}")
	err := m.redis.run(ctx, []*redis.Cmd{cmd}, func(done *redis.Cmd) { kept = pairs(done.Val()) })
	delete(kept, keptMark)
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
	var names []string
	for _, k := range kept {
		key, name := mirrorKept+k.Group+"}", manifestKept+k.Group
		if !slices.Contains(names, name) {
			names = append(names, name)
			cmds = append(cmds, redis.NewCmd(ctx, "hset", key, keptMark, ""))
		}
		if k.Value == "" {
			cmds = append(cmds, redis.NewCmd(ctx, "hdel", key, k.Field))
		} else {
			cmds = append(cmds, redis.NewCmd(ctx, "hset", key, k.Field, k.Value))
		}
	}
	if err := m.redis.run(ctx, cmds, func(*redis.Cmd) {}); err != nil {
		return err
	}
	return m.record(ctx, names)
}
