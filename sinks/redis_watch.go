package sinks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/process"
)

// watchEvery is how often Redis is asked who it is, wall time.
const watchEvery = time.Second

// watchKey is a key that is gone only when someone has emptied Redis.
const watchKey = "streamlytics:here"

// watch notices that a server behind the Redis client is another one than before (restarted, perhaps without its data, or a replica
// that took over, perhaps without the last writes) or that it was emptied. Each is a loss, after which everything is written again;
// where nothing was lost, that is harmless. The mirror, if there is one, is told first. It asks by INFO; a user without the right to
// that is told once what will not be noticed.
type watch struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func startWatch(env *process.Env, r *Redis, m *Mirror) *watch {
	ctx, cancel := context.WithCancel(context.Background())
	w := &watch{cancel: cancel}
	w.done.Go(func() { w.run(ctx, env, r, m) })
	return w
}

func (w *watch) run(ctx context.Context, env *process.Env, r *Redis, m *Mirror) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var known map[string]bool
	for {
		servers, err := r.servers(ctx)
		emptied := false
		if err == nil {
			emptied, err = r.emptied(ctx)
		}
		switch {
		case redis.HasErrorPrefix(err, "NOPERM"):
			slog.Warn("may not ask Redis for INFO: a restart or failover that loses data is noticed only where the state's mirror is missing", "redis", r.addrs)
			return
		case err != nil: // the writes log that Redis is away
			if ctx.Err() == nil {
				env.Metrics.RedisAway.Store(true)
			}
		case known != nil && (emptied || !within(servers, known)):
			slog.Warn("Redis was restarted or emptied, or has failed over; all signals are written again", "redis", r.addrs)
			if err := lose(ctx, env, m, env.Losses()); err != nil {
				return // it was closed
			}
			known = servers
			env.Metrics.RedisAway.Store(false)
		default:
			known = servers
			env.Metrics.RedisAway.Store(false)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
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

// emptied reports whether watchKey was not there. It is from now on.
func (r *Redis) emptied(ctx context.Context) (was bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	err = r.do(ctx, func(ctx context.Context) error {
		old, err := r.client.SetArgs(ctx, watchKey, "1", redis.SetArgs{Get: true}).Result()
		was = errors.Is(err, redis.Nil)
		if was || old != "" {
			return nil
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for %s in Redis at %s: %w", watchKey, r.addrs, err)
	}
	return was, nil
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
