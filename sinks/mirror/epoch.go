package mirror

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	goredis "github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/sinks/redis"
)

// ErrFenced is the error of a pipeline after a later one has begun to use the same Redis.
var ErrFenced = errors.New("another pipeline has taken over the state in this Redis: " +
	"only one may use it; stop one of the two, or give it a Redis of its own")

// keepEpochScript restores the count of epochs where it was lost.
const keepEpochScript = `if tonumber(redis.call('hget', KEYS[1], 'last') or '0') < tonumber(ARGV[1]) then
  redis.call('hset', KEYS[1], 'last', ARGV[1])
end
return 1`

func nextEpoch(ctx context.Context, r *redis.Sink) (int64, error) {
	epoch, err := r.Client().HIncrBy(ctx, epochsKey, "last", 1).Result()
	if err != nil {
		return 0, fmt.Errorf("take the next epoch in Redis at %s: %w", r, err)
	}
	return epoch, nil
}

// checkEpochs returns ErrIncomplete when the count of epochs is gone.
func (m *Mirror) checkEpochs(ctx context.Context) error {
	err := m.redis.Client().HGet(ctx, epochsKey, "last").Err()
	if errors.Is(err, goredis.Nil) {
		return m.incomplete(epochsKey + " is gone")
	}
	if err != nil {
		return fmt.Errorf("look for the epoch in Redis at %s: %w", m.redis, err)
	}
	return nil
}

// CheckEpoch returns ErrFenced when another pipeline has taken over the mirror. It blocks and
// retries as the writes do.
func (m *Mirror) CheckEpoch(ctx context.Context) error {
	var last int64
	cmd := goredis.NewCmd(ctx, "hmget", epochsKey, "last")
	err := m.run(ctx, []*goredis.Cmd{cmd}, func(done *goredis.Cmd) { last = int64Of(done) })
	if err == nil && last > m.epoch {
		err = ErrFenced
	}
	return err
}

// int64Of returns the number in the answer to HMGET of one field, 0 where the field is absent.
func int64Of(cmd *goredis.Cmd) int64 {
	values, _ := cmd.Slice() // HMGET returns a list
	if len(values) != 1 {
		return 0
	}
	s, _ := values[0].(string)
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}
