package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/test/truth"
)

// store is the Redis of the demo: one in this process, or the one that was named.
type store struct {
	config   redis.Config
	client   goredis.UniversalClient
	embedded *miniredis.Miniredis // nil: an external one
}

// openStore starts a Redis or connects to one. An external Redis must hold no stock and velocity
// keys, because the demo compares all of them with the truth.
//
// The Redis in this process does not expire keys, and no key lives longer for that: the pipeline
// itself deletes velocity keys by its clock. The TTL of the keys serves a Redis that outlives its
// pipeline.
func openStore(ctx context.Context, addrs []string) (*store, error) {
	s := &store{config: redis.Config{Addrs: addrs}}
	if len(addrs) == 0 {
		var err error
		if s.embedded, err = miniredis.Run(); err != nil {
			return nil, fmt.Errorf("start Redis in this process: %w", err)
		}
		s.config.Addrs = []string{s.embedded.Addr()}
	}
	var err error
	if s.client, err = redis.NewClient(s.config); err == nil && s.embedded == nil {
		err = s.refuseUsed(ctx)
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("open Redis at %s: %w", s.config, err)
	}
	return s, nil
}

func (s *store) refuseUsed(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, pattern := range []string{"stock:*", "velocity:*"} {
		keys, err := truth.ScanKeys(ctx, s.client, pattern)
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			return fmt.Errorf("it holds %s; the demo needs a Redis without stock and velocity keys, "+
				"because it checks them all", keys[0])
		}
	}
	return nil
}

// close ends the connections and the Redis in this process.
func (s *store) close() {
	if s.client != nil {
		s.client.Close()
	}
	if s.embedded != nil {
		s.embedded.Close()
	}
}
