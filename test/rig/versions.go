package rig

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/truth"
)

// Versions watches the versions of all stock keys during a run, including restarts of the program:
// versions must never decrease, and each must mean one value. It is safe for concurrent use.
type Versions struct {
	rdb redis.UniversalClient

	mu     sync.Mutex
	latest map[string]stockState
	looks  int
}

// stockState is the state of a stock key in Redis.
type stockState struct {
	version int64
	onHand  string // empty: not read together with the version
}

// NewVersions returns a Versions that reads rdb.
func NewVersions(rdb redis.UniversalClient) *Versions {
	return &Versions{rdb: rdb, latest: map[string]stockState{}}
}

// Look reads the versions of all stock keys. If still is set, which means that nothing writes
// meanwhile, it reads their values too. It returns an error if since an earlier look the version of
// a key has decreased, a value has changed under its version, or a key has disappeared, and if
// Redis cannot be read.
func (v *Versions) Look(ctx context.Context, still bool) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	now, err := readStock(ctx, v.rdb)
	if err != nil {
		return err
	}
	v.looks++
	for key, was := range v.latest {
		is, ok := now[key]
		switch {
		case !ok:
			return fmt.Errorf("%s was there with version %d, and is not any more", key, was.version)
		case is.version < was.version:
			return fmt.Errorf("%s has gone back from version %d to %d", key, was.version, is.version)
		case still && was.onHand != "" && is.version == was.version && is.onHand != was.onHand:
			return fmt.Errorf("%s has changed from %s to %s under version %d", key, was.onHand, is.onHand, is.version)
		}
	}
	for key, is := range now {
		if !still {
			is.onHand = ""
		}
		if was := v.latest[key]; is.version > was.version || is.onHand != "" {
			v.latest[key] = is
		}
	}
	return nil
}

// Watch looks at every interval, while others may write, until the context ends. It returns the
// first error of Look, but continues while Redis cannot be read.
func (v *Versions) Watch(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		var unreadable *unreadableError
		if err := v.Look(ctx, false); err != nil && !errors.As(err, &unreadable) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Looks returns how often Redis was read.
func (v *Versions) Looks() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.looks
}

// unreadableError is the error of a Redis that cannot be read.
type unreadableError struct{ err error }

func (e *unreadableError) Error() string { return "reading the versions of stock: " + e.err.Error() }
func (e *unreadableError) Unwrap() error { return e.err }

// readStock reads version and value of every stock key, by name. During writes, the two may not
// belong together.
func readStock(ctx context.Context, rdb redis.UniversalClient) (map[string]stockState, error) {
	metas, err := truth.ScanKeys(ctx, rdb, "{stock:*}:meta")
	if err != nil {
		return nil, &unreadableError{err}
	}
	found := make(map[string]stockState, len(metas))
	for len(metas) > 0 {
		n := min(len(metas), 500)
		pipe := rdb.Pipeline()
		versions, values := make([]*redis.StringCmd, n), make([]*redis.StringCmd, n)
		for i, meta := range metas[:n] {
			versions[i], values[i] = pipe.HGet(ctx, meta, "version"), pipe.Get(ctx, stockName(meta))
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return nil, &unreadableError{err}
		}
		for i, meta := range metas[:n] {
			version, err := strconv.ParseInt(versions[i].Val(), 10, 64)
			if err != nil {
				return nil, fmt.Errorf("%s: the version is no integer: %w", meta, err)
			}
			found[stockName(meta)] = stockState{version, values[i].Val()}
		}
		metas = metas[n:]
	}
	return found, nil
}

// stockName returns the stock key that belongs to a meta hash.
func stockName(meta string) string {
	return strings.TrimSuffix(strings.TrimPrefix(meta, "{"), "}:meta")
}
