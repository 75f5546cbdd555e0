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
// hash that says who wrote it last:
//
//	streamlytics:{log/7}        the records, oldest first
//	streamlytics:{log/7}:by     epoch and seq of the last write; n, the length of the list; owed, if the log has to begin anew
//	streamlytics:{kept/3}       what velocity cannot compute again, of a product group: window, badge, and since when
//	streamlytics:epochs         last: how many pipelines have used the mirror; of each that had several workers, its epoch
//	streamlytics:layout         format, key_groups and product_groups; the manifest of the logs and groups
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

// ErrFenced says that another pipeline has begun to use the same Redis.
var ErrFenced = errors.New("another pipeline has taken over the state in this Redis")

// Mirror writes and reads the logs of one pipeline. It is safe for concurrent use; the writes of one key must follow each other.
type Mirror struct {
	redis   *Redis
	options MirrorOptions

	mu       sync.Mutex
	epoch    int64
	written  map[string]bool // keys that this process has written
	recorded map[string]bool // what the manifest names
	losses   int64           // how many losses of data were dealt with
	missing  map[string]bool // keys that have not been written since the last; nil when there are none, and in one of several workers
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

// OpenMirror takes the next epoch, or a worker's that of its job. It fails when what is there has another layout or is not whole.
func OpenMirror(ctx context.Context, r *Redis, o MirrorOptions) (*Mirror, error) {
	m := &Mirror{redis: r, options: o, written: map[string]bool{}, recorded: map[string]bool{}}
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
	if err := m.checkFound(ctx, found); err != nil {
		return nil, err
	}
	if err := r.client.HSet(ctx, mirrorLayout, o.layout()...).Err(); err != nil {
		return nil, fmt.Errorf("write the layout of the state to Redis at %s: %w", r.addrs, err)
	}
	if m.epoch, err = nextEpoch(ctx, r, o.Job); err != nil {
		return nil, err
	}
	return m, nil
}

// checkFound returns an error when the layout that was found is another than that of the options, or when
// anything of what it lists is missing.
func (m *Mirror) checkFound(ctx context.Context, found map[string]string) error {
	r := m.redis
	if f := found["format"]; f != "" && f != mirrorFormat {
		return fmt.Errorf("the state in Redis at %s has format %s, and this program reads format %s: "+
			"start from empty state with --restore=none and rebuild it from the archive", r.addrs, f, mirrorFormat)
	}
	layout := m.options.layout()
	for i := 2; i < len(layout); i += 2 {
		name, want := layout[i].(string), layout[i+1].(string)
		if got := found[name]; got != "" && got != want {
			return fmt.Errorf("the state in Redis at %s was kept with --%s=%s, not %s: give that, or start from empty state with --restore=none", r.addrs, name, got, want)
		}
	}
	if found["format"] == "" {
		parts, err := r.mirrorParts(ctx)
		if err == nil && len(parts) > 0 {
			// Redis lost data while a pipeline ran, which ended before all was written again; or only the layout is gone.
			err = r.notWhole([]string{mirrorLayout})
		}
		return err
	}
	missing, err := r.missingParts(ctx, found)
	if err != nil {
		return fmt.Errorf("look for the state in Redis at %s: %w", r.addrs, err)
	}
	if len(missing) > 0 {
		return r.notWhole(missing)
	}
	for name := range found {
		if strings.HasPrefix(name, manifestLog) || strings.HasPrefix(name, manifestKept) {
			m.recorded[name] = true
		}
	}
	return nil
}

// mirrorParts lists the keys of logs and kept groups.
func (r *Redis) mirrorParts(ctx context.Context) (parts []string, err error) {
	for _, prefix := range []string{mirrorLog, mirrorKept} {
		found, err := scan(ctx, r.client, prefix+"*")
		if err != nil {
			return nil, fmt.Errorf("look for state in Redis at %s: %w", r.addrs, err)
		}
		parts = append(parts, found...)
	}
	return parts, nil
}

// DropMirror deletes all logs and returns how many there were: whoever starts from empty state makes them wrong.
func DropMirror(ctx context.Context, r *Redis) (int, error) {
	parts, err := r.mirrorParts(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, key := range append(parts, mirrorLayout) {
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
