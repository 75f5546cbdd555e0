package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// logEvery is how often evictions that continue are logged.
const logEvery = 5 * time.Second

const evictionRemedy = "set maxmemory-policy to noeviction, so that a full Redis refuses writes and nothing is lost"

// CheckEviction returns an error when a server that takes writes may evict keys without an expiry,
// which are stock and state. Without the right to INFO it logs a warning.
func (r *Sink) CheckEviction(ctx context.Context) error {
	_, err := r.Eviction(ctx)
	if errors.Is(err, ErrUnknown) {
		slog.Warn("no right to INFO: whether Redis may evict keys is not known", "redis", r.addrs)
		return nil
	}
	return err
}

// Eviction returns the different policies by which the servers that take writes evict keys, for a
// person. It returns an error when one of them may evict keys without an expiry, and one that wraps
// ErrUnknown without the right to INFO, which managed services allow.
func (r *Sink) Eviction(ctx context.Context) (policies string, err error) {
	servers, err := r.servers(ctx)
	if goredis.HasErrorPrefix(err, "NOPERM") {
		return "", fmt.Errorf("the eviction policy of Redis at %s is %w: the user has no right to INFO",
			r.addrs, ErrUnknown)
	}
	if err != nil {
		return "", err
	}
	var faults, found []string
	for _, s := range servers {
		found = append(found, s.eviction())
		if s.evictsAll() {
			faults = append(faults, fmt.Sprintf(
				"redis at %s: maxmemory_policy is %s with a limit of %d bytes, so stock and state may be evicted: %s",
				s.addr, s.policy, s.maxMemory, evictionRemedy))
		}
	}
	if len(faults) == 0 {
		return distinct(found), nil
	}
	slices.Sort(faults)
	return "", fmt.Errorf("%s", strings.Join(faults, "; "))
}

// evictions counts the keys that Redis evicts and notices a change of its policy. The zero value is
// ready to use. It is not safe for concurrent use.
type evictions struct {
	seen     map[string]server // by run id, as of the last look
	unlogged int64
	loggedAt time.Time
}

// look counts the keys that were evicted since the last call and reports whether there were any.
// Keys that a server had evicted before it was first seen do not count.
func (e *evictions) look(
	ctx context.Context, servers map[string]server, count func(ctx context.Context, n int64),
) bool {
	evicted := int64(0)
	for id, s := range servers {
		before, known := e.seen[id]
		if s.evictsAll() && !(known && before.evictsAll()) {
			slog.ErrorContext(ctx, "Redis may evict stock and state",
				"redis", s.addr, "maxmemory_policy", s.policy, "do", evictionRemedy)
		}
		if known {
			evicted += max(s.evicted-before.evicted, 0) // CONFIG RESETSTAT begins from 0
		}
	}
	e.seen = servers
	if evicted > 0 {
		count(ctx, evicted)
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
	slog.ErrorContext(ctx, "Redis evicts keys, signals among them: its memory is full",
		"keys", e.unlogged, "do", "raise maxmemory; "+evictionRemedy)
	e.unlogged, e.loggedAt = 0, time.Now()
}
