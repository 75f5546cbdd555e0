//go:build !race

package redis

import (
	"testing"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/sinks/sinktest"
)

// TestMiniredisConformance is about the Redis of the demo. With the race detector its interpreter
// of scripts takes longer than the sink waits for a reply.
func TestMiniredisConformance(t *testing.T) {
	t.Parallel()
	runBoth(t, "miniredis", func(t *testing.T) redisTarget {
		m := miniredis.RunT(t)
		reader := goredis.NewClient(&goredis.Options{Addr: m.Addr()})
		t.Cleanup(func() { _ = reader.Close() })
		return redisTarget{
			config: Config{Addrs: []string{m.Addr()}},
			reader: reader,
			faults: []sinktest.Fault{{Name: "stopped", Down: m.Close, Up: func() {
				if err := m.Restart(); err != nil {
					t.Error(err)
				}
			}}},
		}
	})
}
