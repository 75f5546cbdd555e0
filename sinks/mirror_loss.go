package sinks

import (
	"context"
	"log/slog"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// checkEvery is how often a worker looks which logs other workers have written again, wall time.
const checkEvery = time.Second

// noteLosses takes the layout away when Redis has lost data, so that nobody starts from a part of the state, and sees to it that the
// next start takes an epoch after this one.
//
// Of several workers, each notes a loss by itself, and any of them may be the one that writes a log again. So each marks all logs as
// owed, the write with which a log begins anew takes the mark away, and who sees no marks any more puts the layout back.
func (m *Mirror) noteLosses(ctx context.Context, losses int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if losses <= m.losses {
		return nil
	}
	m.losses, m.missing = losses, maps.Clone(m.written)
	if m.options.Job != "" {
		marks := make([]*redis.Cmd, 0, m.options.KeyGroups)
		for i := range m.options.KeyGroups {
			key := strconv.Itoa(i) // as the inventory stage names its key groups
			m.missing[key] = true
			marks = append(marks, redis.NewCmd(ctx, "hset", mirrorLog+key+"}:by", "owed", "1"))
		}
		if err := m.redis.run(ctx, marks, func(*redis.Cmd) {}); err != nil {
			return err
		}
	}
	slog.Warn("the state in Redis may not be whole; it is written again", "redis", m.redis.addrs, "keys", len(m.missing))
	return m.redis.run(ctx, []*redis.Cmd{
		redis.NewCmd(ctx, "del", mirrorLayout),
		redis.NewCmd(ctx, "eval", keepEpochScript, 1, mirrorEpochs, m.options.Job, m.epoch),
	}, func(*redis.Cmd) {})
}

// noteWhole puts the layout back when all logs have been written again.
func (m *Mirror) noteWhole(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.missing == nil {
		return nil
	}
	if len(m.missing) > 0 && m.options.Job != "" && time.Since(m.checked) >= checkEvery {
		m.checked = time.Now()
		if err := m.forgetWritten(ctx); err != nil {
			return err
		}
	}
	if len(m.missing) > 0 {
		return nil
	}
	m.missing = nil
	slog.Warn("the state in Redis is whole again", "redis", m.redis.addrs)
	return m.redis.run(ctx, []*redis.Cmd{redis.NewCmd(ctx, append([]any{"hset", mirrorLayout}, m.options.layout()...)...)}, func(*redis.Cmd) {})
}

// forgetWritten takes the logs off the missing ones that another worker has written again.
func (m *Mirror) forgetWritten(ctx context.Context) error {
	looks := make([]*redis.Cmd, 0, len(m.missing))
	for key := range m.missing {
		looks = append(looks, redis.NewCmd(ctx, "hmget", mirrorLog+key+"}:by", "owed"))
	}
	return m.redis.run(ctx, looks, func(done *redis.Cmd) {
		if owed, err := done.Slice(); err == nil && len(owed) == 1 && owed[0] == nil {
			delete(m.missing, strings.TrimSuffix(strings.TrimPrefix(done.Args()[1].(string), mirrorLog), "}:by"))
		}
	})
}
