package sinks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// The mirror is a copy of the inventory stage's logs in the Redis that holds the signals, so that a pipeline which keeps its
// state in memory can go on after a crash. For each Beam key there is a list of log records and, in the same cluster slot, a
// hash about its last write:
//
//	streamlytics:{log/7}        the records, oldest first
//	streamlytics:{log/7}:by     epoch and seq of the last write, len of the list after it; owed, if the log has to begin anew
//	streamlytics:{kept/3}       what velocity cannot compute again, of a product group: window, badge, and since when; the
//	                            field of the empty name counts the others
//	streamlytics:epochs         last: how many pipelines have used the mirror; of each that had several workers, its epoch
//	streamlytics:layout         format, key_groups, product_groups, and a field for each log and kept hash
//
// Each start takes the next epoch. A write of an older epoch is refused: of two pipelines that use one Redis the later goes on
// and the earlier fails. A write that Redis has seen already, or that comes late because its connection hung, changes nothing.
const (
	mirrorLog    = "streamlytics:{log/"
	mirrorKept   = "streamlytics:{kept/"
	mirrorEpochs = "streamlytics:epochs"
	mirrorLayout = "streamlytics:layout"
	mirrorFormat = "2"
)

// ErrFenced is the error of a pipeline after a later one has begun to use the same Redis.
var ErrFenced = errors.New("another pipeline has taken over the state in this Redis: only one may use it; stop one of the two, or give it a Redis of its own")

// Mirror writes and reads the logs of one pipeline. It is safe for concurrent use; the writes of one key must follow each other.
type Mirror struct {
	redis   *Redis
	options MirrorOptions

	mu      sync.Mutex
	epoch   int64
	parts   map[string]bool // parts in the layout, as far as this process has read or written it
	losses  int64           // how many losses of data were dealt with
	missing map[string]bool // parts that have not begun anew since the last; nil when there are none, and in one of several workers
}

// MirrorOptions say whose the mirror is.
type MirrorOptions struct {
	// KeyGroups and ProductGroups must be those that the logs were written with.
	KeyGroups, ProductGroups int
	// Job names a pipeline of which several processes, its workers, open the mirror, at any time. They share an epoch. Empty: the
	// pipeline is one process, and each opening is the start of another.
	Job string
}

func (o MirrorOptions) layout() []any {
	return []any{"format", mirrorFormat, "key_groups", strconv.Itoa(o.KeyGroups), "product_groups", strconv.Itoa(o.ProductGroups)}
}

// OpenMirror takes the next epoch, or a worker's that of its job. It fails, and changes nothing, when what is there has another
// layout, and with ErrIncomplete when a part of it is gone.
func OpenMirror(ctx context.Context, r *Redis, o MirrorOptions) (*Mirror, error) {
	m := &Mirror{redis: r, options: o, parts: map[string]bool{}}
	if o.Job != "" {
		joined, err := m.rejoin(ctx)
		if err != nil || joined {
			return m, err
		}
	}
	found, err := r.client.HGetAll(ctx, mirrorLayout).Result()
	if err != nil {
		return nil, fmt.Errorf("look for state in Redis at %s: %w", r.addrs, err)
	}
	if err := m.checkLayout(found); err != nil {
		return nil, err
	}
	if m.parts, err = m.wholeParts(ctx, found); err != nil {
		return nil, err
	}
	if err := m.writeLayout(ctx, m.redis.try); err != nil {
		return nil, fmt.Errorf("write the layout of the state to Redis at %s: %w", r.addrs, err)
	}
	if m.epoch, err = nextEpoch(ctx, r, o.Job); err != nil {
		return nil, err
	}
	return m, nil
}

// checkLayout compares the layout that was found with the one that this pipeline writes.
func (m *Mirror) checkLayout(found map[string]string) error {
	if f := found["format"]; f != "" && f != mirrorFormat && f != formatWithoutParts {
		return fmt.Errorf("the state in Redis at %s has format %s, and this program reads format %s: "+
			"start from empty state with --restore=none and rebuild it from the archive", m.redis.addrs, f, mirrorFormat)
	}
	layout := m.options.layout()
	for i := 2; i < len(layout); i += 2 {
		name, want := layout[i].(string), layout[i+1].(string)
		if got := found[name]; got != "" && got != want {
			return fmt.Errorf("the state in Redis at %s was kept with --%s=%s, not %s: give that, or start from empty state with --restore=none", m.redis.addrs, name, got, want)
		}
	}
	return nil
}

// wholeParts returns the parts of a mirror with a layout, and fails with ErrIncomplete unless all of it is there. An empty Redis
// has no part.
func (m *Mirror) wholeParts(ctx context.Context, layout map[string]string) (map[string]bool, error) {
	if layout["format"] == "" {
		keys, err := m.mirrorKeys(ctx)
		if err != nil {
			return nil, err
		}
		if len(keys) > 0 {
			return nil, incomplete(m.redis.addrs, []string{fmt.Sprintf("%s is gone and %s is there", mirrorLayout, slices.Min(keys))})
		}
		return map[string]bool{}, nil
	}
	if err := m.checkEpochs(ctx); err != nil {
		return nil, err
	}
	if layout["format"] == formatWithoutParts {
		return m.adopt(ctx)
	}
	parts := partsOf(layout)
	return parts, m.checkParts(ctx, parts)
}

// DropMirror deletes all logs and returns how many there were: whoever starts from empty state makes them wrong. It takes the next
// epoch first, so that a pipeline that still writes them ends.
func DropMirror(ctx context.Context, r *Redis) (int, error) {
	if _, err := nextEpoch(ctx, r, ""); err != nil {
		return 0, err
	}
	logs, err := scan(ctx, r.client, mirrorLog+"*")
	if err != nil {
		return 0, fmt.Errorf("look for old state in Redis at %s: %w", r.addrs, err)
	}
	kept, err := scan(ctx, r.client, mirrorKept+"*")
	if err != nil {
		return 0, fmt.Errorf("look for old state in Redis at %s: %w", r.addrs, err)
	}
	n := 0
	for _, key := range append(append(logs, kept...), mirrorLayout) {
		if strings.HasPrefix(key, mirrorLog) && strings.HasSuffix(key, "}") {
			n++
		}
		if err := r.client.Unlink(ctx, key).Err(); err != nil {
			return n, fmt.Errorf("drop old state %s in Redis at %s: %w", key, r.addrs, err)
		}
	}
	return n, nil
}

// Keys lists the Beam keys that have a log.
func (m *Mirror) Keys(ctx context.Context) ([]string, error) {
	logs, err := scan(ctx, m.redis.client, mirrorLog+"*")
	if err != nil {
		return nil, fmt.Errorf("list the state in Redis at %s: %w", m.redis.addrs, err)
	}
	var keys []string
	for _, log := range logs {
		if key, ok := strings.CutSuffix(strings.TrimPrefix(log, mirrorLog), "}"); ok {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// scan lists the keys of a pattern, on every master of a cluster.
func scan(ctx context.Context, client redis.UniversalClient, pattern string) ([]string, error) {
	var mu sync.Mutex         // masters are scanned at the same time
	keys := map[string]bool{} // SCAN may name a key twice
	err := eachMaster(ctx, client, func(ctx context.Context, c redis.Cmdable) error {
		it := c.Scan(ctx, 0, pattern, 1000).Iterator()
		for it.Next(ctx) {
			mu.Lock()
			keys[it.Val()] = true
			mu.Unlock()
		}
		return it.Err()
	})
	return slices.Collect(maps.Keys(keys)), err
}
