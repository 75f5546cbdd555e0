package sinks

import (
	"context"
	"log/slog"
	"maps"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/process"
)

// lose says that Redis has lost data since a number of losses: first to whoever may start from the state, then to the stages, which
// write all of it again. The other way round another worker could write a log again before it is marked, and the mark would stay. m is
// nil where there is no mirror.
func lose(ctx context.Context, env *process.Env, m *Mirror, since int64) error {
	if m != nil {
		if err := m.noteLosses(ctx, since+1); err != nil {
			return err
		}
	}
	env.Lose(since)
	return nil
}

// noteLosses takes the layout away when Redis has lost data, so that nobody starts from a part of the state, and sees to it that the
// next start takes an epoch after this one.
//
// Of several workers, each notes a loss by itself, and any of them may be the one that writes a log again. So each marks all logs as
// owed, the write with which a log begins anew takes the mark away, and who sees no marks any more puts the layout back (mend).
func (m *Mirror) noteLosses(ctx context.Context, losses int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if losses <= m.losses {
		return nil
	}
	owed := len(m.written)
	if m.options.Job == "" {
		m.missing = maps.Clone(m.written)
		// The product stage keeps its groups again; one with nothing to keep has no hash any more.
		maps.DeleteFunc(m.recorded, func(name string, _ bool) bool { return strings.HasPrefix(name, manifestKept) })
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

// noteWhole puts the layout back when the one process of a pipeline has written all its logs again.
func (m *Mirror) noteWhole(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.missing == nil || len(m.missing) > 0 {
		return nil
	}
	m.missing = nil
	return m.putLayout(ctx)
}
