//go:build !race

package sinks_test

import (
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/sinks"
	"github.com/beamlytics/streamlytics/sinks/sinktest"
)

// TestMiniredisConformance is about the Redis of the demo. With the race detector its interpreter of scripts takes longer than the sink
// waits for a reply.
func TestMiniredisConformance(t *testing.T) {
	t.Parallel()
	runBoth(t, "miniredis", func(t *testing.T) redisTarget {
		m := miniredis.RunT(t)
		reader := redis.NewClient(&redis.Options{Addr: m.Addr()})
		t.Cleanup(func() { _ = reader.Close() })
		return redisTarget{
			config: sinks.RedisConfig{Addrs: []string{m.Addr()}},
			reader: reader,
			fault: sinktest.Fault{Name: "stopped", Down: m.Close, Up: func() {
				if err := m.Restart(); err != nil {
					t.Error(err)
				}
			}},
		}
	})
}
