package sinks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// ErrIncomplete is the error of a mirror of which a part is gone. Its wrapper names the parts.
var ErrIncomplete = errors.New("the state in Redis is not whole")

// A part of the mirror is one log or one kept hash. Its name is what stands in the braces of its key, such as log/7 or kept/3. The
// layout has a field for each part, beside the options.
//
// The protocol has one invariant: a part that is not in the layout has nothing that was acknowledged or that a signal shows. A
// batch writes its parts first, then the layout, then the signals, and releases its ack tokens last. So a start that finds a
// part of the layout missing has lost data, and a part that is missing in the layout as well had only what will be delivered
// again. A part that is there and not in the layout is taken over: its writer ended between the two writes.
func partKey(part string) string { return "streamlytics:{" + part + "}" }

func logPart(key string) string    { return strings.TrimPrefix(mirrorLog, "streamlytics:{") + key }
func keptPart(group string) string { return strings.TrimPrefix(mirrorKept, "streamlytics:{") + group }

func isLog(part string) bool { return strings.HasPrefix(part, logPart("")) }

// partsOf returns the parts in a layout.
func partsOf(layout map[string]string) map[string]bool {
	parts := map[string]bool{}
	for field := range layout {
		if strings.Contains(field, "/") {
			parts[field] = true
		}
	}
	return parts
}

// recordScript adds parts to the layout unless the layout is gone. Then Redis has lost data, and whoever writes the state again
// writes the layout last.
const recordScript = `if redis.call('hget', KEYS[1], 'format') then
  for i = 1, #ARGV do redis.call('hset', KEYS[1], ARGV[i], '1') end
end
return 1`

// record adds parts that this process has written to the layout, those that it has not added before. It fails with ErrFenced
// when another pipeline has begun: that one may have listed the parts before these were there.
func (m *Mirror) record(ctx context.Context, parts map[string]bool) error {
	added, err := m.addParts(ctx, parts)
	if err != nil || !added {
		return err
	}
	return m.checkEpoch(ctx)
}

func (m *Mirror) addParts(ctx context.Context, parts map[string]bool) (added bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	args := []any{"eval", recordScript, 1, mirrorLayout}
	for part := range parts {
		if !m.parts[part] {
			args = append(args, part)
		}
	}
	if len(args) == 4 {
		return false, nil
	}
	if err := m.redis.run(ctx, []*redis.Cmd{redis.NewCmd(ctx, args...)}, func(*redis.Cmd) {}); err != nil {
		return false, err
	}
	maps.Copy(m.parts, parts)
	return true, nil
}

// checkLogScript returns the length of a log and the length that its last write left, -1 where the hash beside it is gone. It reads
// all of the log only where the two differ.
const checkLogScript = `local n = tonumber(redis.call('hget', KEYS[2], 'len') or '-1')
if n > 0 and #redis.call('lrange', KEYS[1], n - 1, n) == 1 then return {n, n} end
return {#redis.call('lrange', KEYS[1], 0, -1), n}`

// checkKeptScript returns the same of the fields of a kept hash.
const checkKeptScript = `local n = tonumber(redis.call('hget', KEYS[1], '') or '-1')
if n < 0 then return {0, n} end
return {#redis.call('hgetall', KEYS[1]) / 2 - 1, n}`

// checkParts fails with ErrIncomplete where a part is gone or cut short.
func (m *Mirror) checkParts(ctx context.Context, parts map[string]bool) error {
	var faults []string
	cmds := make([]*redis.Cmd, 0, len(parts))
	for part := range parts {
		key := partKey(part)
		if isLog(part) {
			cmds = append(cmds, redis.NewCmd(ctx, "eval", checkLogScript, 2, key, key+":by"))
		} else {
			cmds = append(cmds, redis.NewCmd(ctx, "eval", checkKeptScript, 1, key))
		}
	}
	err := m.redis.try(ctx, cmds, func(cmd *redis.Cmd) {
		if fault := faultOf(cmd); fault != "" {
			faults = append(faults, fault)
		}
	})
	if err != nil {
		return fmt.Errorf("look whether the state in Redis is whole: %w", err)
	}
	return incomplete(m.redis.addrs, faults)
}

// faultOf returns what an answer to checkLogScript or checkKeptScript shows to be wrong, or nothing.
func faultOf(cmd *redis.Cmd) string {
	answer, _ := cmd.Int64Slice() // the scripts return two integers
	return fault(cmd.Args()[3].(string), answer[0], answer[1])
}

// fault returns what is wrong with a part that has a number of records and was left with another, or nothing.
func fault(key string, is, was int64) string {
	switch {
	case is == was:
		return ""
	case is == 0:
		return key + " is gone"
	case was < 0:
		return key + ":by is gone"
	default:
		return fmt.Sprintf("%s is cut (%d of %d records are left)", key, is, was)
	}
}

// maxFaults is how many parts an error names.
const maxFaults = 5

// incomplete returns the error that names faults, nil if there is none.
func incomplete(addrs string, faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	slices.Sort(faults)
	more := ""
	if n := len(faults) - maxFaults; n > 0 {
		more = fmt.Sprintf(", and %d more", n)
		faults = faults[:maxFaults]
	}
	return fmt.Errorf("%w: at %s %s%s: restore Redis from a backup, or start from empty state with --restore=none and rebuild it from the archive",
		ErrIncomplete, addrs, strings.Join(faults, ", "), more)
}

// checkEpochs fails with ErrIncomplete when the count of epochs is gone.
func (m *Mirror) checkEpochs(ctx context.Context) error {
	err := m.redis.client.HGet(ctx, mirrorEpochs, "last").Err()
	if errors.Is(err, redis.Nil) {
		return incomplete(m.redis.addrs, []string{mirrorEpochs + " is gone"})
	}
	if err != nil {
		return fmt.Errorf("look for the epoch in Redis at %s: %w", m.redis.addrs, err)
	}
	return nil
}

// Verify fails with ErrIncomplete when a part of the mirror is gone, or what the next start needs beside the parts, and with ErrFenced
// when another pipeline has begun. A mirror without parts is whole.
func (m *Mirror) Verify(ctx context.Context) error {
	if err := m.checkEpoch(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	parts := maps.Clone(m.parts)
	m.mu.Unlock()
	if len(parts) == 0 {
		return nil
	}
	layout, err := m.redis.client.HGetAll(ctx, mirrorLayout).Result()
	if err != nil {
		return fmt.Errorf("read the layout of the state in Redis at %s: %w", m.redis.addrs, err)
	}
	if err := m.checkEpochs(ctx); err != nil {
		return err
	}
	if layout["format"] == "" {
		return incomplete(m.redis.addrs, []string{mirrorLayout + " is gone"})
	}
	for part := range parts {
		if layout[part] == "" {
			return incomplete(m.redis.addrs, []string{mirrorLayout + " has no field " + part})
		}
	}
	return m.checkParts(ctx, parts)
}

// intact reports whether the layout and the epochs are there, or are known to be lost and are written again. It fails with
// ErrFenced when another pipeline has begun. It tries once.
func (m *Mirror) intact(ctx context.Context) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var format, last []any
	cmds := []*redis.Cmd{redis.NewCmd(ctx, "hmget", mirrorLayout, "format"), redis.NewCmd(ctx, "hmget", mirrorEpochs, "last")}
	err := m.redis.try(ctx, cmds, func(cmd *redis.Cmd) {
		format = last
		last, _ = cmd.Slice() // HMGET returns a list
	})
	if err != nil {
		return false, fmt.Errorf("look for the state in Redis: %w", err)
	}
	epoch := int64Of(last)
	if epoch > m.epoch {
		return false, fmt.Errorf("redis at %s: %w", m.redis.addrs, ErrFenced)
	}
	return m.missing != nil || epoch == m.epoch && format[0] != nil, nil
}
