package redis

import (
	"context"
	"log/slog"

	goredis "github.com/redis/go-redis/v9"
)

// Watch notices when a server that takes writes loses data. It is not safe for concurrent use.
//
// A loss is each of these: a server has another run id than before, because it was restarted,
// perhaps without its data, or because a replica has taken over, perhaps without the last writes; a
// server's canary is gone, because it was emptied. Without the right to INFO the watch logs one
// warning, and only canaries show restarts and failovers.
type Watch struct {
	redis   *Sink
	evicted func(ctx context.Context, n int64)

	servers   map[string]server // by run id, as of the last look
	evictions evictions
	canaries  canaries
	noInfo    bool // the user has no right to INFO
}

// NewWatch returns a watch. evicted is called with the number of keys that Redis has evicted.
func NewWatch(r *Sink, evicted func(ctx context.Context, n int64)) *Watch {
	return &Watch{redis: r, evicted: evicted}
}

// Look looks once. lost describes a loss since the last look, for the log; it is empty if there was
// none. It is valid also with an error.
func (w *Watch) Look(ctx context.Context) (lost string, err error) {
	evicted := false
	if !w.noInfo {
		servers, err := w.redis.servers(ctx)
		switch {
		case goredis.HasErrorPrefix(err, "NOPERM"):
			slog.Warn("no right to INFO: a restart or failover of Redis that loses a part of the data, "+
				"and evictions, are not noticed", "redis", w.redis.addrs)
			w.noInfo = true
		case err != nil:
			return "", err
		default:
			evicted = w.evictions.look(ctx, servers, w.evicted)
			if w.servers != nil && !within(servers, w.servers) {
				lost = "Redis was restarted or has failed over"
			}
			w.servers = servers
		}
	}
	gone, err := w.canaries.look(ctx, w.redis)
	switch {
	case gone && evicted:
		lost = "Redis evicts keys"
	case gone:
		lost = "Redis was restarted or emptied"
	}
	return lost, err
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
