package redis

import (
	"context"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/signal"
)

// velocityBytes is a little more than the usual length of a velocity signal's JSON.
const velocityBytes = 320

// WriteVelocity sets the keys of signals to their JSON and deletes the keys of those that are gone.
// A key expires at the wall time that expireAt returns, or never if that is zero. Of several
// signals of one key only the last is written. It blocks and retries as every sink does. It does
// not keep signals.
func (r *Sink) WriteVelocity(
	ctx context.Context, signals []signal.Velocity, expireAt func(signal.Velocity) time.Time,
) error {
	type key struct{ store, product string }
	last := make(map[key]int, len(signals))
	for i, v := range signals {
		last[key{v.StoreID, v.ProductID}] = i
	}
	cmds := make([]*goredis.Cmd, 0, len(last))
	values := make([]byte, 0, len(last)*velocityBytes)
	for i, v := range signals {
		if last[key{v.StoreID, v.ProductID}] != i {
			continue
		}
		var expiry time.Time
		if !v.Gone {
			expiry = expireAt(v)
		}
		start := len(values)
		values = v.AppendJSON(values)
		cmds = append(cmds, velocityCommand(ctx, v, values[start:], expiry))
	}
	return r.Run(ctx, cmds, func(*goredis.Cmd) { r.wrote(ctx, 1) })
}

// velocityCommand returns the command that sets or deletes the key of v.
func velocityCommand(ctx context.Context, v signal.Velocity, value []byte, expiry time.Time) *goredis.Cmd {
	key := v.Key()
	switch ms := expiry.UnixMilli(); {
	case v.Gone, !expiry.IsZero() && ms <= 0: // Redis refuses a time before its epoch
		return goredis.NewCmd(ctx, "del", key)
	case expiry.IsZero():
		return goredis.NewCmd(ctx, "set", key, value)
	default:
		return goredis.NewCmd(ctx, "set", key, value, "pxat", ms)
	}
}
