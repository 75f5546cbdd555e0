// Package mirror keeps a copy of the inventory stage's logs in the Redis that holds the signals, so
// that a pipeline with its state in memory can continue after a crash. One process owns it.
//
// For each Beam key there is a list of log records and, in the same cluster slot, a hash about its
// last write:
//
//	streamlytics:{log/7}        the records, oldest first
//	streamlytics:{log/7}:by     epoch and seq of the last write, len of the list after it
//	streamlytics:{kept/3}       what velocity cannot compute again, of a product group: window, badge,
//	                            and since when; the field of the empty name counts the others
//	streamlytics:epochs         last: how many pipelines have used the mirror
//	streamlytics:layout         format, key_groups, product_groups, and a field for each log and kept hash
//
// Each start takes the next epoch, which is the fencing token of its writes. A write of an older
// epoch is refused: of two pipelines that use one Redis the later continues and the earlier fails.
// A write that is repeated, or that arrives late because its connection hung, changes nothing.
package mirror

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/sinks/redis"
)

const (
	keyPrefix  = "streamlytics:{"
	logPrefix  = keyPrefix + "log/"
	keptPrefix = keyPrefix + "kept/"
	epochsKey  = "streamlytics:epochs"
	layoutKey  = "streamlytics:layout"
	format     = "2"
)

// Mirror writes and reads the logs of one pipeline. It is safe for concurrent use, but the writes
// of one key must follow each other.
type Mirror struct {
	redis   *redis.Sink
	options Options
	epoch   int64

	mu      sync.Mutex
	parts   map[string]bool // parts in the layout that this process has read or written
	losses  int64           // how many losses of data were noted
	missing map[string]bool // parts that have not begun anew since the last loss; nil: none
}

// Options are what a mirror must have been written with.
type Options struct{ KeyGroups, ProductGroups int }

func (o Options) layout() []any {
	return []any{
		"format", format, "key_groups", strconv.Itoa(o.KeyGroups), "product_groups", strconv.Itoa(o.ProductGroups),
	}
}

// Open takes the next epoch. It fails, and changes nothing, when the mirror in Redis has another
// layout, and with ErrIncomplete when a part of it is gone.
func Open(ctx context.Context, r *redis.Sink, o Options) (*Mirror, error) {
	m := &Mirror{redis: r, options: o}
	if err := m.find(ctx); err != nil {
		return nil, err
	}
	if err := m.writeLayout(ctx, r.Try); err != nil {
		return nil, fmt.Errorf("write the layout of the state to Redis at %s: %w", r, err)
	}
	var err error
	if m.epoch, err = nextEpoch(ctx, r); err != nil {
		return nil, err
	}
	return m, nil
}

// find sets the parts of the mirror that is in Redis. It changes nothing there, and fails as Open
// does.
func (m *Mirror) find(ctx context.Context) error {
	layout, err := m.redis.Client().HGetAll(ctx, layoutKey).Result()
	if err != nil {
		return fmt.Errorf("look for state in Redis at %s: %w", m.redis, err)
	}
	if err := m.checkLayout(layout); err != nil {
		return err
	}
	m.parts, err = m.wholeParts(ctx, layout)
	return err
}

// Drop deletes all logs and returns how many there were. A pipeline that starts from empty state
// makes them wrong. Drop takes the next epoch first, so that a pipeline that still writes them
// fails.
func Drop(ctx context.Context, r *redis.Sink) (int, error) {
	if _, err := nextEpoch(ctx, r); err != nil {
		return 0, err
	}
	keys, err := scan(ctx, r)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, key := range append(keys, layoutKey) {
		if err := r.Client().Unlink(ctx, key).Err(); err != nil {
			return n, fmt.Errorf("drop old state %s in Redis at %s: %w", key, r, err)
		}
		if strings.HasPrefix(key, logPrefix) && strings.HasSuffix(key, "}") {
			n++
		}
	}
	return n, nil
}

// Keys returns the Beam keys that have a log.
func (m *Mirror) Keys(ctx context.Context) ([]string, error) {
	keys, err := scan(ctx, m.redis)
	if err != nil {
		return nil, err
	}
	return namesOf(keys, logPrefix), nil
}

// scan returns the keys of all logs, of the hashes beside them, and of all kept hashes, sorted.
func scan(ctx context.Context, r *redis.Sink) ([]string, error) {
	keys, err := r.Keys(ctx, keyPrefix+"*")
	if err != nil {
		return nil, fmt.Errorf("look for state in Redis at %s: %w", r, err)
	}
	return keys, nil
}

// namesOf returns what the keys with a prefix have in their braces behind it.
func namesOf(keys []string, prefix string) (names []string) {
	for _, key := range keys {
		rest, ok := strings.CutPrefix(key, prefix)
		if name, whole := strings.CutSuffix(rest, "}"); ok && whole {
			names = append(names, name)
		}
	}
	return names
}

// run is Run of the sink, which returns ErrFenced for a command of an older epoch.
func (m *Mirror) run(ctx context.Context, cmds []*goredis.Cmd, succeeded func(*goredis.Cmd)) error {
	err := m.redis.Run(ctx, cmds, succeeded)
	if goredis.HasErrorPrefix(err, redis.Fenced) {
		return fmt.Errorf("redis at %s: %w", m.redis, ErrFenced)
	}
	return err
}
