package mirror

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	goredis "github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/beamlytics/streamlytics/internal/batch"
)

// claimScript makes an epoch the one that may write a log. It returns the seq of the last write,
// the length of the log after it, and the log.
const claimScript = `local by = redis.call('hmget', KEYS[2], 'epoch', 'seq', 'len')
if tonumber(by[1] or '0') > tonumber(ARGV[1]) then return redis.error_reply('FENCED') end
redis.call('hset', KEYS[2], 'epoch', ARGV[1])
return {tonumber(by[2] or '0'), tonumber(by[3] or '0'), redis.call('lrange', KEYS[1], 0, -1)}`

// appendScript appends a record to a log, or begins the log anew with it, unless that was done
// before. It returns -1 when the log does not end with the previous write, or does not have the
// length after it: Redis has lost data, and the log must begin anew. A log of another length is
// deleted, so that a repetition of the write finds the same.
const appendScript = `local by = redis.call('hmget', KEYS[2], 'epoch', 'seq', 'len')
local e, s, len = tonumber(by[1] or '0'), tonumber(by[2] or '0'), tonumber(by[3] or '0')
local epoch, seq = tonumber(ARGV[1]), tonumber(ARGV[2])
if e > epoch then return redis.error_reply('FENCED') end
if e == epoch and s >= seq then return 0 end
local follows = false
if ARGV[3] == '1' then
  redis.call('del', KEYS[1])
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

const (
	// logReaders is how many commands of Logs are on their way at once.
	logReaders = 4
	// pairLogs is how many logs of single store:product pairs Logs reads at once. A log of a key
	// group is large and read alone.
	pairLogs = 256
)

// mirrored is a log as it was read.
type mirrored struct {
	key     string
	records [][]byte
	seq     int64
}

// Logs claims all logs for this pipeline and calls each with them, one at a time and in no order,
// until it returns an error. It holds a few logs in memory. seq is the number of the last write:
// the next write of the log must have it as Prev, or begin the log anew with a greater Seq. each
// may keep records.
//
// Logs blocks and retries as the writes do. It returns ErrIncomplete when a log is not as its last
// write left it.
func (m *Mirror) Logs(ctx context.Context, each func(key string, records [][]byte, seq int64) error) error {
	keys, err := m.names(ctx)
	if err != nil {
		return err
	}
	atOnce := pairLogs
	if m.options.KeyGroups > 0 {
		atOnce = 1
	}
	readers, ctx := errgroup.WithContext(ctx)
	readers.SetLimit(logReaders)
	var mu sync.Mutex // held while each is called
	for some := range slices.Chunk(keys, atOnce) {
		readers.Go(func() error {
			logs, err := m.claim(ctx, some)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for _, l := range logs {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if err := each(l.key, l.records, l.seq); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return readers.Wait()
}

// claim claims and returns logs.
func (m *Mirror) claim(ctx context.Context, keys []string) ([]mirrored, error) {
	cmds := make([]*goredis.Cmd, len(keys))
	for i, key := range keys {
		log := partKey(logPart(key))
		cmds[i] = goredis.NewCmd(ctx, "eval", claimScript, 2, log, log+":by", m.epoch)
	}
	logs := make([]mirrored, 0, len(keys))
	var faults []string
	err := m.run(ctx, cmds, func(done *goredis.Cmd) {
		answer, _ := done.Slice() // the script returns two numbers and a list
		seq, _ := answer[0].(int64)
		length, _ := answer[1].(int64)
		items, _ := answer[2].([]any)
		log := done.Args()[3].(string)
		l := mirrored{key: namesOf([]string{log}, logPrefix)[0], seq: seq, records: make([][]byte, 0, len(items))}
		for _, x := range items {
			s, _ := x.(string)
			l.records = append(l.records, []byte(s))
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if n := int64(len(items)); n != length || n == 0 && m.parts[logPart(l.key)] {
			faults = append(faults, fault(log, n, max(length, 1)))
		}
		logs = append(logs, l)
	})
	if err != nil {
		return nil, fmt.Errorf("load the state of %d keys from %s on: %w", len(keys), keys[0], err)
	}
	return logs, m.incomplete(faults...)
}

// names returns the names of all logs: those that Redis has, and those of the layout.
func (m *Mirror) names(ctx context.Context) ([]string, error) {
	keys, err := scan(ctx, m.redis)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	for part := range m.parts {
		keys = append(keys, partKey(part))
	}
	m.mu.Unlock()
	slices.Sort(keys)
	return namesOf(slices.Compact(keys), logPrefix), nil
}

// Write appends records to logs, in order. Where the log of a key is gone from Redis or is not as
// its last write left it, nothing is written, and lost is the greatest LogWrite.Losses among such
// writes, else -1: all keys must then begin their logs anew. losses is how often Redis is known to
// have lost data.
func (m *Mirror) Write(ctx context.Context, writes []batch.LogWrite, losses int64) (lost int64, err error) {
	if err := m.NoteLosses(ctx, losses); err != nil {
		return -1, err
	}
	written, anew := map[string]bool{}, map[string]int64{}
	lost = -1
	cmds := make([]*goredis.Cmd, 0, len(writes))
	for _, w := range writes {
		log := partKey(logPart(w.Key))
		cmds = append(cmds, goredis.NewCmd(ctx, "eval", appendScript, 2, log, log+":by",
			m.epoch, w.Seq, flag(w.Anew), w.Record, w.Prev, w.Losses))
	}
	// Run replaces a failed command, so what it is about is read from its arguments.
	err = m.run(ctx, cmds, func(cmd *goredis.Cmd) {
		n, _ := cmd.Int64() // the script returns an integer
		args := cmd.Args()
		part := strings.TrimSuffix(strings.TrimPrefix(args[3].(string), keyPrefix), "}")
		losses := args[10].(int64)
		switch {
		case n < 0:
			lost = max(lost, losses)
		case args[7] == "1":
			anew[part] = max(anew[part], losses)
		}
		written[part] = true
	})
	if err == nil {
		err = m.record(ctx, written)
	}
	if err == nil {
		err = m.noteAnew(ctx, anew)
	}
	return lost, err
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
