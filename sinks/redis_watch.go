package sinks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
)

// watchEvery is the time between two looks at Redis, wall time.
const watchEvery = time.Second

// watchPrefix begins the keys that are gone only when someone has emptied a server: one on each master.
const watchPrefix = "streamlytics:here:"

// watch notices what happens to the servers behind the Redis client. A server that is another one than before
// (restarted, perhaps without its data, or a replica that took over, perhaps without the last writes) or that
// was emptied is a loss, after which everything is written again; if nothing was lost, that is harmless. Keys
// that Redis evicts are counted. A pipeline that another has superseded fails.
//
// It asks by INFO. A user without the right to that is warned once about what will not be noticed.
type watch struct {
	env    *process.Env
	redis  *Redis
	mirror *Mirror // nil: there is none
	cancel context.CancelFunc
	done   sync.WaitGroup

	looked  bool            // at least once, with an answer
	mayAsk  bool            // for INFO
	servers map[string]bool // run ids at the last look
	marks   map[string]bool // watch keys that were set
	evicted int64           // keys evicted so far; -1 before the first look
}

func startWatch(env *process.Env, r *Redis, m *Mirror) *watch {
	ctx, cancel := context.WithCancel(context.Background())
	w := &watch{env: env, redis: r, mirror: m, cancel: cancel, mayAsk: true, marks: map[string]bool{}, evicted: -1}
	w.done.Go(func() { w.run(ctx) })
	return w
}

func (w *watch) run(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		if err := w.look(ctx); err != nil {
			if ctx.Err() == nil && !errors.Is(err, ErrClosed) {
				w.env.Fail(err)
			}
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// look looks once. Its error ends the watch, and the pipeline with it unless the watch was closed.
func (w *watch) look(ctx context.Context) error {
	servers, err := w.ask(ctx)
	emptied := false
	if err == nil {
		emptied, err = w.emptied(ctx)
	}
	switch {
	case err != nil: // the writes log that Redis is away
		if ctx.Err() == nil {
			w.env.Metrics.RedisAway.Store(true)
		}
		return nil
	case w.looked && (emptied || !within(servers, w.servers)):
		slog.Warn("Redis was restarted or emptied, or has failed over; all signals are written again", "redis", w.redis.addrs)
		if err := lose(ctx, w.env, w.mirror, w.env.Losses()); err != nil {
			return err
		}
		fallthrough
	default:
		w.looked, w.servers = true, servers
		w.env.Metrics.RedisAway.Store(false)
	}
	w.countEvicted(ctx)
	return w.checkEpoch(ctx)
}

// ask returns the run ids of the servers, none where the user may not ask.
func (w *watch) ask(ctx context.Context) (map[string]bool, error) {
	if !w.mayAsk {
		return nil, nil
	}
	servers, err := w.redis.servers(ctx)
	if redis.HasErrorPrefix(err, "NOPERM") {
		slog.Warn("the user may not ask Redis for INFO: a failover that loses data, and evictions, are not noticed", "redis", w.redis.addrs)
		w.mayAsk = false
		return nil, nil
	}
	return servers, err
}

// checkEpoch fails when another pipeline has taken over the state, also while this one has nothing to write.
func (w *watch) checkEpoch(ctx context.Context) error {
	if w.mirror == nil {
		return nil
	}
	if err := w.mirror.checkEpoch(ctx); errors.Is(err, ErrFenced) {
		return fmt.Errorf("%w: stop one of the two, or give them different Redis servers", err)
	}
	return nil
}

// countEvicted counts the keys that Redis has evicted since the last look.
func (w *watch) countEvicted(ctx context.Context) {
	if !w.mayAsk {
		return
	}
	n, err := w.redis.evicted(ctx)
	if err != nil {
		return
	}
	if more := n - w.evicted; w.evicted >= 0 && more > 0 {
		w.env.Metrics.Add(metrics.RedisEvictedKeys, more)
		slog.Error("Redis has evicted keys for want of memory: signals are missing; raise its maxmemory, or set maxmemory-policy to noeviction",
			"redis", w.redis.addrs, "keys", more)
	}
	w.evicted = n
}

// within reports whether all of a is in b.
func within(a, b map[string]bool) bool {
	for id := range a {
		if !b[id] {
			return false
		}
	}
	return true
}

// Close ends the watch.
func (w *watch) Close() error {
	w.cancel()
	w.done.Wait()
	return nil
}

// servers asks each server that takes writes for the name that it gave itself when it started.
func (r *Redis) servers(ctx context.Context) (map[string]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	ids := map[string]bool{}
	var mu sync.Mutex // masters are asked at the same time
	name := func(ctx context.Context, node redis.Cmdable) error {
		info, err := node.Info(ctx, "server").Result()
		if err != nil {
			return err
		}
		id, ok := field(info, "run_id")
		if !ok {
			return errors.New("INFO without run_id")
		}
		mu.Lock()
		defer mu.Unlock()
		ids[id] = true
		return nil
	}
	err := r.do(ctx, func(ctx context.Context) error {
		err := eachMaster(ctx, r.client, name)
		if cc, ok := r.client.(*redis.ClusterClient); ok && err != nil {
			cc.ReloadState(ctx) // it may be another master's turn
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ask Redis at %s who it is: %w", r.addrs, err)
	}
	return ids, nil
}

// emptied reports whether the key of a master is gone, and sets the keys of all masters.
func (w *watch) emptied(ctx context.Context) (was bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	keys, err := w.redis.watchKeys(ctx)
	if err != nil {
		return false, err
	}
	for _, key := range keys {
		gone := false
		err = w.redis.do(ctx, func(ctx context.Context) error {
			old, err := w.redis.client.SetArgs(ctx, key, "1", redis.SetArgs{Get: true}).Result()
			gone = errors.Is(err, redis.Nil)
			if gone || old != "" {
				return nil
			}
			return err
		})
		if err != nil {
			return false, fmt.Errorf("look for %s in Redis at %s: %w", key, w.redis.addrs, err)
		}
		was = was || gone && w.marks[key]
		w.marks[key] = true
	}
	return was, nil
}

// maxWatchKeys bounds the search for a key on each master.
const maxWatchKeys = 10_000

// watchKeys returns a key on each master, the same ones while the slots stay where they are.
func (r *Redis) watchKeys(ctx context.Context) ([]string, error) {
	cc, ok := r.client.(*redis.ClusterClient)
	if !ok {
		return []string{watchPrefix + "0"}, nil
	}
	var mu sync.Mutex // masters are visited at the same time
	masters := map[string]bool{}
	err := cc.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		masters[node.Options().Addr] = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the masters of Redis at %s: %w", r.addrs, err)
	}
	var keys []string
	for n := 0; len(masters) > 0 && n < maxWatchKeys; n++ {
		key := watchPrefix + strconv.Itoa(n)
		node, err := cc.MasterForKey(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("find the master of %s in Redis at %s: %w", key, r.addrs, err)
		}
		if masters[node.Options().Addr] {
			delete(masters, node.Options().Addr)
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// field finds a value in the answer to INFO.
func field(info, name string) (string, bool) {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}
