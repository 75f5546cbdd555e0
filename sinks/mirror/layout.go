package mirror

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// ErrIncomplete is the error of a mirror of which a part is gone. The error that wraps it names the
// parts.
var ErrIncomplete = errors.New("the state in Redis is not whole")

// A part of the mirror is one log or one kept hash. Its name is what its key has in braces, such as
// log/7 or kept/3. The layout has a field for each part, beside the options.
//
// The protocol has one invariant: a part that is not in the layout contains nothing that was
// acknowledged or that a signal shows. A batch writes its parts first, then the layout, then the
// signals, and releases its ack tokens last. So a part of the layout that is missing at a start is
// a loss of data. A part that is missing in the layout as well contained only what will be
// delivered again. A part that is there and not in the layout is used: its writer ended between the
// two writes.

// partKey returns the key of a part.
func partKey(part string) string { return keyPrefix + part + "}" }

func logPart(key string) string    { return "log/" + key }
func keptPart(group string) string { return "kept/" + group }

func isLog(part string) bool { return strings.HasPrefix(part, logPart("")) }

// checkLayout returns an error when the layout that was found differs from the one that this
// pipeline writes.
func (m *Mirror) checkLayout(found map[string]string) error {
	if f := found["format"]; f != "" && f != format {
		return fmt.Errorf("the state in Redis at %s has format %s, and this program reads format %s: "+
			"start from empty state with --restore=none and rebuild it from the archive", m.redis, f, format)
	}
	layout := m.options.layout()
	for i := 2; i < len(layout); i += 2 {
		name, want := layout[i].(string), layout[i+1].(string)
		if got := found[name]; got != "" && got != want {
			return fmt.Errorf("the state in Redis at %s was kept with --%s=%s, not %s: "+
				"give that, or start from empty state with --restore=none", m.redis, name, got, want)
		}
	}
	return nil
}

// wholeParts returns the parts of a mirror with a layout. It returns ErrIncomplete unless all of
// them are there. An empty Redis has no part.
func (m *Mirror) wholeParts(ctx context.Context, layout map[string]string) (map[string]bool, error) {
	if layout["format"] == "" {
		keys, err := scan(ctx, m.redis)
		if err != nil {
			return nil, err
		}
		if len(keys) > 0 {
			return nil, m.incomplete(fmt.Sprintf("%s is gone and %s is there", layoutKey, keys[0]))
		}
		return map[string]bool{}, nil
	}
	if err := m.checkEpochs(ctx); err != nil {
		return nil, err
	}
	parts := partsOf(layout)
	return parts, m.checkParts(ctx, parts)
}

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

// recordScript adds parts to the layout unless the layout is gone. In that case Redis has lost
// data, and the layout is written when all parts have begun anew.
const recordScript = `if redis.call('hget', KEYS[1], 'format') then
  for i = 1, #ARGV do redis.call('hset', KEYS[1], ARGV[i], '1') end
end
return 1`

// record adds to the layout those of parts that are not in it yet. It returns ErrFenced when
// another pipeline has begun, which may have read the layout before these parts were there.
func (m *Mirror) record(ctx context.Context, parts map[string]bool) error {
	added, err := m.addParts(ctx, parts)
	if err != nil || !added {
		return err
	}
	return m.CheckEpoch(ctx)
}

func (m *Mirror) addParts(ctx context.Context, parts map[string]bool) (added bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	args := []any{"eval", recordScript, 1, layoutKey}
	for part := range parts {
		if !m.parts[part] {
			args = append(args, part)
		}
	}
	if len(args) == 4 {
		return false, nil
	}
	if err := m.run(ctx, []*goredis.Cmd{goredis.NewCmd(ctx, args...)}, func(*goredis.Cmd) {}); err != nil {
		return false, err
	}
	maps.Copy(m.parts, parts)
	return true, nil
}

// checkLogScript returns the length of a log and its length after the last write, -1 where the hash
// beside it is gone. It reads all of the log only where the two differ.
const checkLogScript = `local n = tonumber(redis.call('hget', KEYS[2], 'len') or '-1')
if n > 0 and #redis.call('lrange', KEYS[1], n - 1, n) == 1 then return {n, n} end
return {#redis.call('lrange', KEYS[1], 0, -1), n}`

// checkKeptScript returns the same numbers for the fields of a kept hash.
const checkKeptScript = `local n = tonumber(redis.call('hget', KEYS[1], '') or '-1')
if n < 0 then return {0, n} end
return {#redis.call('hgetall', KEYS[1]) / 2 - 1, n}`

// checkParts returns ErrIncomplete where a part is gone or incomplete.
func (m *Mirror) checkParts(ctx context.Context, parts map[string]bool) error {
	var faults []string
	cmds := make([]*goredis.Cmd, 0, len(parts))
	for part := range parts {
		key := partKey(part)
		if isLog(part) {
			cmds = append(cmds, goredis.NewCmd(ctx, "eval", checkLogScript, 2, key, key+":by"))
		} else {
			cmds = append(cmds, goredis.NewCmd(ctx, "eval", checkKeptScript, 1, key))
		}
	}
	err := m.redis.Try(ctx, cmds, func(cmd *goredis.Cmd) {
		if fault := faultOf(cmd); fault != "" {
			faults = append(faults, fault)
		}
	})
	if err != nil {
		return fmt.Errorf("look whether the state in Redis is whole: %w", err)
	}
	return m.incomplete(faults...)
}

// faultOf returns what is wrong according to an answer to checkLogScript or checkKeptScript, or an
// empty string.
func faultOf(cmd *goredis.Cmd) string {
	answer, _ := cmd.Int64Slice() // the scripts return two integers
	return fault(cmd.Args()[3].(string), answer[0], answer[1])
}

// fault returns what is wrong with a part that has a number of records and had another after its
// last write, or an empty string.
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

// maxFaults bounds the parts that an error names.
const maxFaults = 5

// incomplete returns the error that names faults, nil if there is none.
func (m *Mirror) incomplete(faults ...string) error {
	if len(faults) == 0 {
		return nil
	}
	slices.Sort(faults)
	more := ""
	if n := len(faults) - maxFaults; n > 0 {
		more = fmt.Sprintf(", and %d more", n)
		faults = faults[:maxFaults]
	}
	return fmt.Errorf("%w: at %s %s%s: restore Redis from a backup, "+
		"or start from empty state with --restore=none and rebuild it from the archive",
		ErrIncomplete, m.redis, strings.Join(faults, ", "), more)
}

// Verify returns ErrIncomplete when the next start would refuse the mirror because something is
// gone, and ErrFenced when another pipeline has begun. A mirror without parts is whole.
func (m *Mirror) Verify(ctx context.Context) error {
	if err := m.CheckEpoch(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	parts := maps.Clone(m.parts)
	m.mu.Unlock()
	if len(parts) == 0 {
		return nil
	}
	layout, err := m.redis.Client().HGetAll(ctx, layoutKey).Result()
	if err != nil {
		return fmt.Errorf("read the layout of the state in Redis at %s: %w", m.redis, err)
	}
	if err := m.checkEpochs(ctx); err != nil {
		return err
	}
	if layout["format"] == "" {
		return m.incomplete(layoutKey + " is gone")
	}
	for part := range parts {
		if layout[part] == "" {
			return m.incomplete(layoutKey + " has no field " + part)
		}
	}
	return m.checkParts(ctx, parts)
}

// Intact reports whether the layout and the epochs are there, or a loss of them was noted. It
// returns ErrFenced when another pipeline has begun. It tries once.
func (m *Mirror) Intact(ctx context.Context) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	layout, epochs := goredis.NewCmd(ctx, "hmget", layoutKey, "format"), goredis.NewCmd(ctx, "hmget", epochsKey, "last")
	if err := m.redis.Try(ctx, []*goredis.Cmd{layout, epochs}, func(*goredis.Cmd) {}); err != nil {
		return false, fmt.Errorf("look for the state in Redis: %w", err)
	}
	epoch := int64Of(epochs)
	if epoch > m.epoch {
		return false, fmt.Errorf("redis at %s: %w", m.redis, ErrFenced)
	}
	return m.missing != nil || epoch == m.epoch && int64Of(layout) != 0, nil
}
