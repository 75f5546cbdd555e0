package serving

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// BenchmarkRead compares three ways to read products: a bare MGET of their stock and velocity keys
// without a look at the reply, the commands of Client without a look at their replies, and Client.
// They take turns in one run. It reports the median and the 99th percentile of a call of MGET in
// microseconds, and those of the others as multiples of it.
func BenchmarkRead(b *testing.B) {
	const most = 200
	server := redistest.Start(b)
	var ids []string
	var pairs []Pair
	var all []Product
	for i := range most {
		id := strconv.Itoa(1_000_000 + i)
		ids, pairs = append(ids, id), append(pairs, Pair{"12", id})
		p := product("12", id, 4)
		p.Velocity.AsOf = time.Now().UnixMilli()
		all = append(all, p)
	}
	write(b, open(b, server.Addr), all...)
	for _, products := range []int{1, most} {
		var keys []string
		for _, p := range pairs[:products] {
			keys = append(keys, signal.StockKey(p.Store, p.Product), signal.VelocityKey(p.Store, p.Product))
		}
		for _, readers := range []int{1, 16, 256} {
			b.Run(fmt.Sprintf("products=%d/readers=%d", products, readers), func(b *testing.B) {
				rdb := redis.NewClient(&redis.Options{Addr: server.Addr, PoolSize: readers,
					ContextTimeoutEnabled: true})
				defer rdb.Close()
				c := NewClient(rdb, nil)
				compare(b, readers, []contender{
					{"mget", func(ctx context.Context) error { return rdb.MGet(ctx, keys...).Err() }},
					{"commands", func(ctx context.Context) error {
						q := newQuery(ctx, rdb, pairs[:products], true)
						q.exec(ctx, true)
						return q.mget.Err()
					}},
					{"client", func(ctx context.Context) error {
						_, err := c.Products(ctx, "12", ids[:products])
						return err
					}},
				})
			})
		}
	}
}

// contender is a way to do the same.
type contender struct {
	name string
	call func(context.Context) error
}

// compare has each contender called at least b.N times by readers at once, in turns, and reports
// the times of a call. The first is the measure of the others.
func compare(b *testing.B, readers int, contenders []contender) {
	const turns = 10
	times := make([][]time.Duration, len(contenders))
	for turn := range turns + 1 {
		calls := (b.N + turns - 1) / turns
		for i, c := range contenders {
			took := make([]time.Duration, max(calls, 4*readers))
			var wg sync.WaitGroup
			for r := range readers {
				wg.Go(func() {
					for n := r; n < len(took); n += readers {
						ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
						start := time.Now()
						err := c.call(ctx)
						took[n] = time.Since(start)
						cancel()
						if err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			if turn > 0 { // the first connects
				times[i] = append(times[i], took...)
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	for percent, name := range map[int]string{50: "p50", 99: "p99"} {
		at := func(i int) float64 {
			slices.Sort(times[i])
			return float64(times[i][len(times[i])*percent/100].Nanoseconds()) / 1e3
		}
		b.ReportMetric(at(0), contenders[0].name+"-"+name+"-µs")
		for i, c := range contenders[1:] {
			b.ReportMetric(at(i+1)/at(0), c.name+"-"+name+"-x")
		}
	}
}
