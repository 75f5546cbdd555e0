package sinks

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/process"
)

// lose notes that Redis has lost data since a number of losses: first in the mirror, so that nobody starts from the rest, then for
// the stages, which write all of it again. In the other order another worker could write a log again before it is marked, and
// the mark would stay. m is nil where there is no mirror.
func lose(ctx context.Context, env *process.Env, m *Mirror, since int64) error {
	if m != nil {
		if err := m.noteLosses(ctx, since+1); err != nil {
			return err
		}
	}
	env.Lose(since)
	return nil
}

// noteLosses takes the layout away when Redis has lost data, so that nobody starts from a part of the state, and keeps the count of
// epochs, so that the next start takes an epoch after this one.
//
// The one process of a pipeline remembers which parts have not begun anew. Of several workers each notes a loss by itself, and any
// of them may write a log again. So each marks all logs as owed, the write with which a log begins anew takes the mark away, and a
// worker that finds no mark puts the layout back (mend).
func (m *Mirror) noteLosses(ctx context.Context, losses int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if losses <= m.losses {
		return nil
	}
	owed := len(m.parts)
	if m.options.Job == "" {
		m.missing = maps.Clone(m.parts)
	} else {
		owed = m.options.KeyGroups
		if err := m.eachLog(ctx, []any{"owed", "1"}, "hset", func(*redis.Cmd) {}); err != nil {
			return err
		}
	}
	slog.Warn("the state in Redis may not be whole; it is written again", "redis", m.redis.addrs, "keys", owed)
	err := m.redis.run(ctx, []*redis.Cmd{
		redis.NewCmd(ctx, "del", mirrorLayout),
		redis.NewCmd(ctx, "eval", keepEpochScript, 1, mirrorEpochs, m.options.Job, m.epoch),
	}, func(*redis.Cmd) {})
	if err == nil {
		m.losses = losses
	}
	return err
}

// eachLog sends a command about what is known of each key group's log.
func (m *Mirror) eachLog(ctx context.Context, args []any, name string, done func(*redis.Cmd)) error {
	cmds := make([]*redis.Cmd, m.options.KeyGroups)
	for i := range cmds {
		by := mirrorLog + strconv.Itoa(i) + "}:by" // as the inventory stage names its key groups
		cmds[i] = redis.NewCmd(ctx, append([]any{name, by}, args...)...)
	}
	return m.redis.run(ctx, cmds, done)
}

// noteAnew remembers that parts have begun anew. losses is how often Redis was known to have lost data when what they begin with
// was made: what was made before the last loss was noticed may be gone with it. It puts the layout back when the one process of a
// pipeline has written all parts again.
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
	return m.putLayout(ctx)
}

// putLayout writes the layout when all parts are whole again. Several workers have a log for each key group.
func (m *Mirror) putLayout(ctx context.Context) error {
	slog.Warn("the state in Redis is whole again", "redis", m.redis.addrs)
	if m.options.Job != "" {
		for i := range m.options.KeyGroups {
			m.parts[logPart(strconv.Itoa(i))] = true
		}
	}
	return m.writeLayout(ctx, m.redis.run)
}

// layoutFields is how many fields of the layout are written with one command. Redis takes a million arguments.
const layoutFields = 10_000

// writeLayout writes the layout with all parts, by send. The options come last: without them there is no layout.
func (m *Mirror) writeLayout(ctx context.Context, send sender) error {
	for parts := range slices.Chunk(slices.Collect(maps.Keys(m.parts)), layoutFields) {
		args := []any{"hset", mirrorLayout}
		for _, part := range parts {
			args = append(args, part, "1")
		}
		if err := send(ctx, []*redis.Cmd{redis.NewCmd(ctx, args...)}, func(*redis.Cmd) {}); err != nil {
			return err
		}
	}
	args := append([]any{"hset", mirrorLayout}, m.options.layout()...)
	return send(ctx, []*redis.Cmd{redis.NewCmd(ctx, args...)}, func(*redis.Cmd) {})
}
