package sinks

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// nextEpochScript counts one more pipeline. One with several workers, which has a name, is counted once.
const nextEpochScript = `if ARGV[1] ~= '' then
  local e = redis.call('hget', KEYS[1], 'job:' .. ARGV[1])
  if e then return tonumber(e) end
end
local e = redis.call('hincrby', KEYS[1], 'last', 1)
if ARGV[1] ~= '' then redis.call('hset', KEYS[1], 'job:' .. ARGV[1], e) end
return e`

// keepEpochScript restores the count of epochs, and a job's own, where they were lost.
const keepEpochScript = `if tonumber(redis.call('hget', KEYS[1], 'last') or '0') < tonumber(ARGV[2]) then redis.call('hset', KEYS[1], 'last', ARGV[2]) end
if ARGV[1] ~= '' then
  local e = tonumber(redis.call('hget', KEYS[1], 'job:' .. ARGV[1]) or '0')
  if e < tonumber(ARGV[2]) then redis.call('hset', KEYS[1], 'job:' .. ARGV[1], ARGV[2]) end
end
return 1`

func nextEpoch(ctx context.Context, r *Redis, job string) (int64, error) {
	epoch, err := r.client.Eval(ctx, nextEpochScript, []string{mirrorEpochs}, job).Int64()
	if err != nil {
		return 0, fmt.Errorf("take the next epoch in Redis at %s: %w", r.addrs, err)
	}
	return epoch, nil
}

// rejoin takes the epoch that the job of this worker has, and reports whether that is another than the one it knew.
func (m *Mirror) rejoin(ctx context.Context) (bool, error) {
	epoch, err := m.redis.client.HGet(ctx, mirrorEpochs, "job:"+m.options.Job).Int64()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for the epoch of job %s in Redis at %s: %w", m.options.Job, m.redis.addrs, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	changed := epoch != m.epoch
	m.epoch = epoch
	return changed, nil
}

// orRejoined does something that another epoch may have locked this pipeline out of. A worker whose job has got a later epoch, because
// Redis had lost the first, takes that and tries again.
func (m *Mirror) orRejoined(ctx context.Context, f func(epoch int64) error) error {
	for {
		m.mu.Lock()
		epoch := m.epoch
		m.mu.Unlock()
		err := f(epoch)
		if m.options.Job == "" || !errors.Is(err, ErrFenced) {
			return err
		}
		if changed, joinErr := m.rejoin(ctx); joinErr != nil || !changed {
			return errors.Join(err, joinErr)
		}
	}
}

// DropMirrorOnce is DropMirror for a pipeline with several workers: the first of them to call it does.
func DropMirrorOnce(ctx context.Context, r *Redis, job string) error {
	err := r.client.HGet(ctx, mirrorEpochs, "job:"+job).Err()
	if err == nil {
		return nil // one of them has
	}
	if !errors.Is(err, redis.Nil) {
		return fmt.Errorf("look for the epoch of job %s in Redis at %s: %w", job, r.addrs, err)
	}
	if _, err := DropMirror(ctx, r); err != nil {
		return err
	}
	_, err = nextEpoch(ctx, r, job)
	return err
}

// int64Of returns the number in the answer to HMGET of one field, 0 where the field is absent.
func int64Of(values []any) int64 {
	if len(values) != 1 {
		return 0
	}
	s, _ := values[0].(string)
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}
