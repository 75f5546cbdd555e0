package bench

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks"
	"github.com/beamlytics/streamlytics/test/e2e/bench/yardstick"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// discard writes nowhere.
func discard([]signal.Stock, []signal.Velocity) error { return nil }

// yardsticks measures decoding alone and the plain loop on one and two threads, which write to a Redis of their own.
func yardsticks(t *testing.T, tr trace) (rows []row) {
	t.Helper()
	n := len(tr.lines)
	took, err := yardstick.Decode(tr.lines)
	if err != nil {
		t.Fatal(err)
	}
	rows = append(rows, row{what: "yardstick: decoding alone, one thread", events: n, rate: float64(n) / took.Seconds()})
	for threads := 1; threads <= 2; threads++ {
		server := redistest.Start(t)
		client, err := sinks.OpenRedis(sinks.RedisConfig{Addrs: []string{server.Addr}}, sinks.RedisStats{})
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		expires := func(v signal.Velocity) time.Time { return time.UnixMilli(v.Expires) }
		result, err := yardstick.Run(tr.lines, threads, func(stocks []signal.Stock, velocities []signal.Velocity) error {
			if err := client.WriteStock(context.Background(), stocks); err != nil {
				return err
			}
			return client.WriteVelocity(context.Background(), velocities, expires)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
		server.Stop()
		rows = append(rows, row{what: fmt.Sprintf("yardstick: plain Go loop into Redis, threads: %d", threads), events: n,
			rate: float64(n) / result.Duration.Seconds()})
	}
	return rows
}
