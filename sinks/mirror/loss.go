package mirror

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	goredis "github.com/redis/go-redis/v9"
)

// NoteLosses notes how often Redis is known to have lost data. After a new loss it deletes the
// layout, so that no pipeline starts from a part of the state, and restores the count of epochs, so
// that the next start takes a later epoch. The layout is written again when all parts have begun
// anew.
func (m *Mirror) NoteLosses(ctx context.Context, losses int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if losses <= m.losses {
		return nil
	}
	m.missing = maps.Clone(m.parts)
	slog.Warn("the state in Redis may not be whole; it is written again",
		"redis", m.redis.String(), "keys", len(m.parts))
	err := m.run(ctx, []*goredis.Cmd{
		goredis.NewCmd(ctx, "del", layoutKey),
		goredis.NewCmd(ctx, "eval", keepEpochScript, 1, epochsKey, m.epoch),
	}, func(*goredis.Cmd) {})
	if err == nil {
		m.losses = losses
	}
	return err
}

// noteAnew notes parts that have begun anew, each with the number of known losses when its new
// content was made: content from before the last loss may be lost with it. It writes the layout
// when all parts have begun anew.
func (m *Mirror) noteAnew(ctx context.Context, anew map[string]int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.missing == nil {
		return nil
	}
	for part, losses := range anew {
		if losses >= m.losses {
			delete(m.missing, part)
		}
	}
	if len(m.missing) > 0 {
		return nil
	}
	m.missing = nil
	slog.Warn("the state in Redis is whole again", "redis", m.redis.String())
	return m.writeLayout(ctx, m.run)
}

// layoutFields bounds the fields of the layout in one command. Redis takes a million arguments.
const layoutFields = 10_000

// sender is Run or Try of a Redis sink.
type sender func(ctx context.Context, cmds []*goredis.Cmd, succeeded func(*goredis.Cmd)) error

// writeLayout writes the layout with all parts, by send. The options come last: a layout without
// them does not count.
func (m *Mirror) writeLayout(ctx context.Context, send sender) error {
	for parts := range slices.Chunk(slices.Collect(maps.Keys(m.parts)), layoutFields) {
		args := []any{"hset", layoutKey}
		for _, part := range parts {
			args = append(args, part, "1")
		}
		if err := send(ctx, []*goredis.Cmd{goredis.NewCmd(ctx, args...)}, func(*goredis.Cmd) {}); err != nil {
			return err
		}
	}
	args := append([]any{"hset", layoutKey}, m.options.layout()...)
	return send(ctx, []*goredis.Cmd{goredis.NewCmd(ctx, args...)}, func(*goredis.Cmd) {})
}
