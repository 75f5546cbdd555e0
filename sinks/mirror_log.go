package sinks

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/signal"
)

// claimScript makes an epoch the one that may write a log, and returns the log.
const claimScript = `local e = tonumber(redis.call('hget', KEYS[2], 'epoch') or '0')
if e > tonumber(ARGV[1]) then return redis.error_reply('FENCED') end
redis.call('hset', KEYS[2], 'epoch', ARGV[1], 'seq', 0)
return redis.call('lrange', KEYS[1], 0, -1)`

// appendScript appends a record to a log, or begins the log anew with it, unless that was done before. It returns -1, and does
// nothing, when the log does not end with the write that came before: Redis has lost data.
const appendScript = `local by = redis.call('hmget', KEYS[2], 'epoch', 'seq', 'n')
local e, s = tonumber(by[1] or '0'), tonumber(by[2] or '0')
local epoch, seq = tonumber(ARGV[1]), tonumber(ARGV[2])
if e > epoch then return redis.error_reply('FENCED') end
if e == epoch and s >= seq then return 0 end
if ARGV[3] == '1' then
  redis.call('del', KEYS[1])
  redis.call('hdel', KEYS[2], 'owed')
elseif ARGV[5] ~= '0' and (e ~= epoch or s ~= tonumber(ARGV[5])) then return -1
elseif redis.call('llen', KEYS[1]) ~= tonumber(by[3] or '0') then return -1 end
local n = redis.call('rpush', KEYS[1], ARGV[4])
redis.call('hset', KEYS[2], 'epoch', ARGV[1], 'seq', ARGV[2], 'n', n)
return 1`

// Load claims the log of a Beam key for this pipeline and returns its records. It blocks and retries as the writes do.
func (m *Mirror) Load(ctx context.Context, key string) (records [][]byte, err error) {
	log := mirrorLog + key + "}"
	err = m.orRejoined(ctx, func(epoch int64) error {
		cmd := redis.NewCmd(ctx, "eval", claimScript, 2, log, log+":by", epoch)
		return m.redis.run(ctx, []*redis.Cmd{cmd}, func(done *redis.Cmd) {
			items, _ := done.Slice() // the script returns a list
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
	if len(records) == 0 && m.recorded[manifestLog+key] {
		return nil, fmt.Errorf("load the state of key %s: Redis at %s lost it since the start", key, m.redis.addrs)
	}
	return records, nil
}

// Seq returns the number of the last write of a Beam key's log, 0 if there was none. It blocks and retries as the writes do.
func (m *Mirror) Seq(ctx context.Context, key string) (seq int64, err error) {
	cmd := redis.NewCmd(ctx, "hmget", mirrorLog+key+"}:by", "seq")
	err = m.redis.run(ctx, []*redis.Cmd{cmd}, func(done *redis.Cmd) {
		if values, _ := done.Slice(); len(values) == 1 { // HMGET returns a list
			s, _ := values[0].(string)
			seq, _ = strconv.ParseInt(s, 10, 64) // absent: 0
		}
	})
	if err != nil {
		return 0, fmt.Errorf("look for the last write of key %s: %w", key, err)
	}
	return seq, nil
}

// Write appends records to logs, in order. Where the log of a key is gone from Redis or is not what it was, nothing is written, and
// lost is the greatest LogWrite.Losses among such writes, else -1: all keys must then begin their logs anew. losses is how often
// Redis is known by now to have lost data.
func (m *Mirror) Write(ctx context.Context, writes []signal.LogWrite, losses int64) (lost int64, err error) {
	if err := m.noteLosses(ctx, losses); err != nil {
		return -1, err
	}
	err = m.orRejoined(ctx, func(epoch int64) error {
		lost = -1
		cmds := make([]*redis.Cmd, 0, len(writes))
		for _, w := range writes {
			log := mirrorLog + w.Key + "}"
			anew := "0"
			if w.Anew {
				anew = "1"
			}
			cmds = append(cmds, redis.NewCmd(ctx, "eval", appendScript, 2, log, log+":by", epoch, w.Seq, anew, w.Record, w.Prev, w.Losses))
		}
		// Commands that failed are made again: what a command is about stands in its arguments.
		return m.redis.run(ctx, cmds, func(cmd *redis.Cmd) {
			n, _ := cmd.Int64() // the script returns an integer
			key := strings.TrimSuffix(strings.TrimPrefix(cmd.Args()[3].(string), mirrorLog), "}")
			if n < 0 {
				lost = max(lost, cmd.Args()[10].(int64))
			}
			m.note(key, n >= 0 && cmd.Args()[7] == "1")
		})
	})
	if err != nil {
		return lost, err
	}
	names := make([]string, 0, len(writes))
	for _, w := range writes {
		names = append(names, manifestLog+w.Key)
	}
	return lost, errors.Join(m.record(ctx, names), m.noteWhole(ctx))
}

// note remembers that a key was written, and whether its log is whole again.
func (m *Mirror) note(key string, anew bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.written[key] = true
	if anew {
		delete(m.missing, key)
	}
}
