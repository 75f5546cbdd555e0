package sinks

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/process"
)

// watchEvery is the time between two looks at Redis, wall time.
const watchEvery = time.Second

// watch looks at every server that takes writes, once a second. A loss is each of these: a server has another run id than before,
// because it was restarted, perhaps without its data, or because a replica has taken over, perhaps without the last writes; a
// server's canary is gone, because it was emptied; the layout or the epochs of the mirror are gone. After a loss everything is
// written again, which is harmless where nothing was lost. The watch also counts evictions, and ends the pipeline when another one
// has taken over the mirror.
//
// A user without the right to INFO gets one warning; then restarts and failovers are noticed by their canaries alone.
type watch struct {
	env    *process.Env
	redis  *Redis
	mirror *Mirror // nil where there is none
	cancel context.CancelFunc
	done   sync.WaitGroup

	servers   map[string]server // by run id, as of the last look
	evictions evictions
	canaries  canaries
	noInfo    bool   // the user has no right to INFO
	lost      string // what was noticed and not dealt with, for the log; empty: nothing
}

func startWatch(env *process.Env, r *Redis, m *Mirror) *watch {
	ctx, cancel := context.WithCancel(context.Background())
	w := &watch{env: env, redis: r, mirror: m, cancel: cancel}
	w.done.Go(func() {
		if err := w.run(ctx); err != nil && ctx.Err() == nil {
			env.Fail(err)
		}
	})
	return w
}

// run returns an error when another pipeline has taken over, and nil when the watch or the sink is closed.
func (w *watch) run(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		losses := w.env.Losses()
		err := w.look(ctx)
		if errors.Is(err, ErrFenced) {
			return err
		}
		if ctx.Err() == nil {
			w.env.Metrics.RedisAway.Store(err != nil) // the writes log why
		}
		if err == nil && w.lost != "" {
			slog.Warn(w.lost+"; all signals are written again", "redis", w.redis.addrs)
			if err := lose(ctx, w.env, w.mirror, losses); err != nil {
				return unlessClosed(err)
			}
			w.lost = ""
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// unlessClosed returns an error that is not the end of the sink.
func unlessClosed(err error) error {
	if errors.Is(err, ErrClosed) {
		return nil
	}
	return err
}

// look looks once. What was lost stays in w.lost, also when a later question of the look fails.
func (w *watch) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if w.mirror != nil && w.mirror.options.Job == "" { // the mender looks after that of several workers
		intact, err := w.mirror.intact(ctx)
		if err != nil {
			return err
		}
		if !intact {
			w.lost = "A part of the state in Redis is gone"
		}
	}
	evicted := false
	if !w.noInfo {
		servers, err := w.redis.servers(ctx)
		switch {
		case redis.HasErrorPrefix(err, "NOPERM"):
			slog.Warn("no right to INFO: a restart or failover of Redis that loses a part of the data, and evictions, are not noticed", "redis", w.redis.addrs)
			w.noInfo = true
		case err != nil:
			return err
		default:
			evicted = w.evictions.look(ctx, w.env.Metrics, servers)
			if w.servers != nil && !within(servers, w.servers) {
				w.lost = "Redis was restarted or has failed over"
			}
			w.servers = servers
		}
	}
	gone, err := w.canaries.look(ctx, w.redis)
	switch {
	case gone && evicted:
		w.lost = "Redis evicts keys"
	case gone:
		w.lost = "Redis was restarted or emptied"
	}
	return err
}

// within reports whether all servers of a are in b.
func within(a, b map[string]server) bool {
	for id := range a {
		if _, ok := b[id]; !ok {
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
