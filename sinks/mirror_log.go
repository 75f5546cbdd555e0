package sinks

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/batch"
)

// claimScript makes an epoch the one that may write a log, and returns the length that the last write left and the log.
const claimScript = `local by = redis.call('hmget', KEYS[2], 'epoch', 'len')
if tonumber(by[1] or '0') > tonumber(ARGV[1]) then return redis.error_reply('FENCED') end
redis.call('hset', KEYS[2], 'epoch', ARGV[1], 'seq', 0)
return {tonumber(by[2] or '0'), redis.call('lrange', KEYS[1], 0, -1)}`

// appendScript appends a record to a log, or begins the log anew with it, unless that was done before. It returns -1 when the log
// does not end with the write that came before, or does not have the length that it left: Redis has lost data, and the log must
// begin anew. The rest of a log of another length is deleted, so that a repetition of the write finds the same.
const appendScript = `local by = redis.call('hmget', KEYS[2], 'epoch', 'seq', 'len')
local e, s, len = tonumber(by[1] or '0'), tonumber(by[2] or '0'), tonumber(by[3] or '0')
local epoch, seq = tonumber(ARGV[1]), tonumber(ARGV[2])
if e > epoch then return redis.error_reply('FENCED') end
if e == epoch and s >= seq then return 0 end
local follows = false
if ARGV[3] == '1' then
  redis.call('del', KEYS[1])
  redis.call('hdel', KEYS[2], 'owed')
elseif ARGV[5] ~= '0' then
  if e ~= epoch or s ~= tonumber(ARGV[5]) then return -1 end
  follows = true
end
local n = redis.call('rpush', KEYS[1], ARGV[4])
if follows and n ~= len + 1 then
  redis.call('del', KEYS[1])
  return -1
end
redis.call('hset', KEYS[2], 'epoch', ARGV[1], 'seq', ARGV[2], 'len', n)
return 1`

// Load claims the log of a Beam key for this pipeline and returns its records. It blocks and retries as the writes do. It fails with
// ErrIncomplete when the log is not as its last write left it.
func (m *Mirror) Load(ctx context.Context, key string) (records [][]byte, err error) {
	log := mirrorLog + key + "}"
	var length int64
	err = m.orRejoined(ctx, func(epoch int64) error {
		cmd := redis.NewCmd(ctx, "eval", claimScript, 2, log, log+":by", epoch)
		return m.redis.run(ctx, []*redis.Cmd{cmd}, func(done *redis.Cmd) {
			answer, _ := done.Slice() // the script returns a number and a list
			length, _ = answer[0].(int64)
			items, _ := answer[1].([]any)
			for _, x := range items {
				if s, ok := x.(string); ok {
					records = append(records, []byte(s))
				}
			}
		})
	})
	if err != nil {
		return nil, fmt.Errorf("load the state of key %s: %w", key, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := int64(len(records)); n != length || n == 0 && m.parts[logPart(key)] {
		return nil, incomplete(m.redis.addrs, []string{fault(log, n, max(length, 1))})
	}
	return records, nil
}

// Seq returns the number of the last write of a Beam key's log, 0 if there was none. It blocks and retries as the writes do.
func (m *Mirror) Seq(ctx context.Context, key string) (seq int64, err error) {
	cmd := redis.NewCmd(ctx, "hmget", mirrorLog+key+"}:by", "seq")
	err = m.redis.run(ctx, []*redis.Cmd{cmd}, func(done *redis.Cmd) {
		values, _ := done.Slice() // HMGET returns a list
		seq = int64Of(values)
	})
	if err != nil {
		return 0, fmt.Errorf("look for the last write of key %s: %w", key, err)
	}
	return seq, nil
}

// Write appends records to logs, in order. Where the log of a key is gone from Redis or is not what it was, nothing is written, and
// lost is the greatest LogWrite.Losses among such writes, else -1: all keys must then begin their logs anew. losses is how often
// Redis is known by now to have lost data.
func (m *Mirror) Write(ctx context.Context, writes []batch.LogWrite, losses int64) (lost int64, err error) {
	if err := m.noteLosses(ctx, losses); err != nil {
		return -1, err
	}
	written, anew := map[string]bool{}, map[string]int64{}
	err = m.orRejoined(ctx, func(epoch int64) error {
		lost = -1
		cmds := make([]*redis.Cmd, 0, len(writes))
		for _, w := range writes {
			log := mirrorLog + w.Key + "}"
			begin := "0"
			if w.Anew {
				begin = "1"
			}
			cmds = append(cmds, redis.NewCmd(ctx, "eval", appendScript, 2, log, log+":by", epoch, w.Seq, begin, w.Record, w.Prev, w.Losses))
		}
		// Commands that failed are made again: what a command is about stands in its arguments.
		return m.redis.run(ctx, cmds, func(cmd *redis.Cmd) {
			n, _ := cmd.Int64() // the script returns an integer
			part := logPart(strings.TrimSuffix(strings.TrimPrefix(cmd.Args()[3].(string), mirrorLog), "}"))
			losses := cmd.Args()[10].(int64)
			switch {
			case n < 0:
				lost = max(lost, losses)
			case cmd.Args()[7] == "1":
				anew[part] = max(anew[part], losses)
			}
			written[part] = true
		})
	})
	if err == nil {
		err = m.record(ctx, written)
	}
	if err == nil {
		err = m.noteAnew(ctx, anew)
	}
	return lost, err
}
