package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks/redis"
	"github.com/beamlytics/streamlytics/test/e2e/bench/yardstick"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// yardsticks measures decoding alone and the plain loop on one and two threads, which write to a Redis of their own.
func (s *stand) yardsticks() (rows []row) {
	t, lines, n := s.t, s.trace.lines, len(s.trace.lines)
	t.Helper()
	took, err := yardstick.Decode(lines, func(*event.UnifiedInventoryEvent) {})
	if err != nil {
		t.Fatal(err)
	}
	rows = append(rows, row{what: "yardstick: decoding alone, one thread", events: n, rate: float64(n) / took.Seconds()})
	for threads := 1; threads <= 2; threads++ {
		server := redistest.Start(t)
		client, err := redis.Open(redis.Config{Addrs: []string{server.Addr}}, redis.Stats{})
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		expires := func(v signal.Velocity) time.Time { return time.UnixMilli(v.Expires) }
		took, err := yardstick.Run(lines, threads, func(stocks []signal.Stock, velocities []signal.Velocity) error {
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
		r := row{what: fmt.Sprintf("yardstick: plain Go loop into Redis, threads: %d", threads), events: n}
		r.rate = float64(n) / took.Seconds()
		s.check(&r, server.Client())
		server.Stop()
		rows = append(rows, r)
	}
	return rows
}
