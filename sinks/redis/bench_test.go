package redis

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// benchStores and benchPairs make keys as many as a mid-size chain has live ones.
const (
	benchStores = 37
	benchPairs  = 92_500
)

func benchRedis(b *testing.B) *Sink {
	b.Helper()
	r, err := Open(Config{Addrs: []string{redistest.Start(b).Addr}}, Stats{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = r.Close() })
	return r
}

// BenchmarkWriteStock has one writer, which waits for each batch, or several, as the pipeline has.
func BenchmarkWriteStock(b *testing.B) {
	stores, products := benchIDs()
	for _, writers := range []int{1, 8} {
		for _, size := range []int{100, 1000} {
			b.Run(fmt.Sprintf("writers=%d/batch=%d", writers, size), func(b *testing.B) {
				r := benchRedis(b)
				var made, batches atomic.Int64
				b.ReportAllocs()
				b.ResetTimer()
				var wg sync.WaitGroup
				for range writers {
					wg.Go(func() {
						batch := make([]signal.Stock, size)
						for batches.Add(1) <= int64(b.N) {
							next := int(made.Add(int64(size)))
							for i := range batch {
								next++
								batch[i] = signal.Stock{
									StoreID:   stores[next%benchPairs%benchStores],
									ProductID: products[next%benchPairs/benchStores],
									OnHand:    int64(next % 500), Version: 1_790_000_000_000_000 + int64(next),
									Known:   true,
									Barrier: 1_790_000_000_000, AsOf: 1_790_000_000_000 + int64(next),
								}
							}
							if err := r.WriteStock(context.Background(), batch); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
				b.ReportMetric(float64(b.N)*float64(size)/b.Elapsed().Seconds(), "signals/s")
			})
		}
	}
}

func BenchmarkWriteVelocity(b *testing.B) {
	expireAt := func(v signal.Velocity) time.Time { return time.UnixMilli(v.Expires) }
	for _, size := range []int{100, 1000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			r := benchRedis(b)
			batch := make([]signal.Velocity, size)
			b.ReportAllocs()
			stores, products := benchIDs()
			next := 0
			for b.Loop() {
				for i := range batch {
					next++
					batch[i] = signal.Velocity{
						StoreID: stores[next%benchPairs%benchStores], ProductID: products[next%benchPairs/benchStores],
						Window:    signal.WindowHour,
						UnitsHour: int64(next % 50), UnitsDay: int64(next % 500), ViewsHour: 17,
						ViewsDay: 170, CartsHour: 3,
						CartsDay: 30,
						AsOf:     time.Now().UnixMilli(), Expires: time.Now().Add(24 * time.Hour).UnixMilli(),
					}
				}
				if err := r.WriteVelocity(context.Background(), batch, expireAt); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(size)/b.Elapsed().Seconds(), "signals/s")
		})
	}
}

// benchIDs are made beforehand, so that the benchmarks measure the sink.
func benchIDs() (stores, products []string) {
	for i := range benchStores {
		stores = append(stores, fmt.Sprint("store", i))
	}
	for i := range benchPairs / benchStores {
		products = append(products, fmt.Sprint(1_000_000+i))
	}
	return stores, products
}
