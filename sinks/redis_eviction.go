package sinks

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/metrics"
)

const evictionRemedy = "set maxmemory-policy to noeviction, so that a full Redis refuses writes and nothing is lost"

// CheckEviction fails when a server that takes writes may evict keys without an expiry: stock and state would vanish. It asks by
// INFO, which managed services allow. A user without the right to INFO gets a warning.
func (r *Redis) CheckEviction(ctx context.Context) error {
	servers, err := r.servers(ctx)
	if redis.HasErrorPrefix(err, "NOPERM") {
		slog.Warn("no right to INFO: whether Redis may evict keys is not known", "redis", r.addrs)
		return nil
	}
	if err != nil {
		return err
	}
	var faults []string
	for _, s := range servers {
		if s.evictsAll() {
			faults = append(faults, fmt.Sprintf("redis at %s: maxmemory_policy is %s with a limit of %d bytes, so stock and state may be evicted: %s",
				s.addr, s.policy, s.maxMemory, evictionRemedy))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	slices.Sort(faults)
	return fmt.Errorf("%s", strings.Join(faults, "; "))
}

// evictions follows how many keys Redis has evicted and whether its policy has changed. The zero value is ready. It is not safe for
// concurrent use.
type evictions struct {
	seen     map[string]server // by run id, as of the last look
	unlogged int64
	loggedAt time.Time
}

// look counts what was evicted since the last look, and reports whether any was. What a server had evicted before it was first
// seen does not count.
func (e *evictions) look(ctx context.Context, counts *metrics.Process, servers map[string]server) bool {
	evicted := int64(0)
	for id, s := range servers {
		before, known := e.seen[id]
		if s.evictsAll() && !(known && before.evictsAll()) {
			slog.ErrorContext(ctx, "Redis may evict stock and state", "redis", s.addr, "maxmemory_policy", s.policy, "do", evictionRemedy)
		}
		if known {
			evicted += max(s.evicted-before.evicted, 0) // CONFIG RESETSTAT begins from 0
		}
	}
	e.seen = servers
	if evicted > 0 {
		counts.CountNow(ctx, metrics.RedisEvictedKeys, evicted)
	}
	e.log(ctx, evicted)
	return evicted > 0
}

// log logs the first evictions at once and later ones at most every logEvery, with their number.
func (e *evictions) log(ctx context.Context, evicted int64) {
	e.unlogged += evicted
	if e.unlogged == 0 || time.Since(e.loggedAt) < logEvery {
		return
	}
	slog.ErrorContext(ctx, "Redis evicts keys, signals among them: its memory is full", "keys", e.unlogged, "do", "raise maxmemory; "+evictionRemedy)
	e.unlogged, e.loggedAt = 0, time.Now()
}
