package sinks

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/signal"
)

// velocityBytes is a little more than the usual length of a velocity signal's JSON.
const velocityBytes = 320

// WriteVelocity sets the keys of signals to their JSON, to expire at the wall time that expireAt returns (never, when
// expireAt is nil or the time zero), and deletes the keys of those that are gone. Of several signals of one key in the batch
// only the last is written. It returns when all is in Redis, however long that takes, or with an error when ctx ends or the
// sink is closed. It does not keep signals.
func (r *Redis) WriteVelocity(ctx context.Context, signals []signal.Velocity, expireAt func(signal.Velocity) time.Time) error {
	type key struct{ store, product string }
	last := make(map[key]int, len(signals))
	for i, v := range signals {
		last[key{v.StoreID, v.ProductID}] = i
	}
	cmds := make([]*redis.Cmd, 0, len(last))
	values := make([]byte, 0, len(last)*velocityBytes)
	for i, v := range signals {
		if last[key{v.StoreID, v.ProductID}] != i {
			continue
		}
		var expiry time.Time
		if expireAt != nil && !v.Gone {
			expiry = expireAt(v)
		}
		start := len(values)
		values = v.AppendJSON(values)
		cmds = append(cmds, velocityCommand(ctx, v, values[start:], expiry))
	}
	return r.run(ctx, cmds, func(*redis.Cmd) { r.wrote(ctx, 1) })
}

// velocityCommand sets or deletes the key of v.
func velocityCommand(ctx context.Context, v signal.Velocity, value []byte, expiry time.Time) *redis.Cmd {
	key := v.Key()
	switch ms := expiry.UnixMilli(); {
	case v.Gone, !expiry.IsZero() && ms <= 0: // Redis refuses a time before its epoch
		return redis.NewCmd(ctx, "del", key)
	case expiry.IsZero():
		return redis.NewCmd(ctx, "set", key, value)
	default:
		return redis.NewCmd(ctx, "set", key, value, "pxat", ms)
	}
}
