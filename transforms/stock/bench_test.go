package stock

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

// benchLimits are the defaults of the program.
var benchLimits = Limits{HorizonMs: 7 * DayMs, LowEnter: 5, LowExit: 8}

// benchKey is a key with a constant number of live entries: each sale moves the horizon by one
// entry. Events are computed from their number, so that the benchmark itself has no cache misses.
type benchKey struct {
	Record
	entries int64
	next    int64 // number of the next sale
	random  *rand.Rand
}

const benchStart = 1_700_000_000_000

func newBenchKey(entries int64) *benchKey {
	k := &benchKey{entries: entries, random: rand.New(rand.NewPCG(1, uint64(entries)))}
	for range entries {
		k.apply(k.sale(k.next))
		k.next++
	}
	return k
}

// timeOf returns the time of sale i, for k.entries sales in a horizon.
func (k *benchKey) timeOf(i int64) int64 { return benchStart + i*(benchLimits.HorizonMs/k.entries) }

func (k *benchKey) sale(i int64) Move {
	return Move{Type: event.Sale, Quantity: 1 + i&1, TimeMs: k.timeOf(i), ID: mix(uint64(i) + 1)}
}

func (k *benchKey) apply(m Move) Outcome {
	return k.Apply(m, k.timeOf(k.next), benchLimits)
}

// BenchmarkApply applies one event to a key with many and with very many live entries.
func BenchmarkApply(b *testing.B) {
	loads := []struct {
		name string
		next func(k *benchKey) Move
		want Verdict
	}{
		{"sales in order", func(k *benchKey) Move {
			k.next++
			return k.sale(k.next - 1)
		}, Accepted},
		{"sales at random times", func(k *benchKey) Move {
			k.next++
			m := k.sale(k.next - 1)
			if k.next%2 == 0 {
				m.TimeMs -= k.random.Int64N(benchLimits.HorizonMs)
			}
			return m
		}, Accepted},
		{"duplicates", func(k *benchKey) Move {
			return k.sale(k.next - 1 - k.random.Int64N(k.entries))
		}, Repeated},
		{"late resets", func(k *benchKey) Move {
			k.next++
			m := k.sale(k.next - 1)
			if k.next%10 == 0 {
				m.Type, m.Quantity, m.IDText = event.Reset, 1000, "count"
				m.TimeMs -= benchLimits.HorizonMs / 2
			}
			return m
		}, Accepted},
	}
	for _, load := range loads {
		for _, entries := range []int64{1_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/entries=%d", load.name, entries), func(b *testing.B) {
				k := newBenchKey(entries)
				for range min(entries, 300_000) { // reach the steady state
					k.apply(load.next(k))
				}
				runtime.GC()
				b.ReportAllocs()
				for b.Loop() {
					if out := k.apply(load.next(k)); out.Verdict != load.want {
						b.Fatalf("verdict %d, want %d", out.Verdict, load.want)
					}
				}
			})
		}
	}
}

// BenchmarkMemory reports the size of a record in memory and encoded, by the number of its live
// entries.
func BenchmarkMemory(b *testing.B) {
	for _, entries := range []int{0, 1, 2, 3, 10, 1_000, 1_000_000} {
		for _, order := range []string{"in order", "at random times"} {
			if entries < 10 && order != "in order" {
				continue
			}
			b.Run(fmt.Sprintf("%s/entries=%d", order, entries), func(b *testing.B) {
				reportMemory(b, max(1, 100_000/max(1, entries)), func(int) int { return entries },
					order == "at random times")
			})
		}
	}
	// A measured case: 631,479 pairs with 2.3 events each.
	b.Run("pairs with 2.3 events", func(b *testing.B) {
		reportMemory(b, 100_000, func(pair int) int { return 2 + min(1, pair%10/7) }, false)
	})
}

func reportMemory(b *testing.B, records int, entriesOf func(record int) int, anyOrder bool) {
	for b.Loop() {
		random := rand.New(rand.NewPCG(3, 4))
		keys := make([]*Record, records)
		before := heapBytes()
		total, encoded, estimate := 0, 0, 0
		for i := range keys {
			keys[i] = &Record{}
			n := entriesOf(i)
			for j := range n {
				m := Move{Type: event.Sale, Quantity: 1, TimeMs: benchStart + int64(j), ID: mix(uint64(total) + 1)}
				if anyOrder {
					m.TimeMs = benchStart + random.Int64N(DayMs)
				}
				keys[i].Apply(m, benchStart, benchLimits)
				total++
			}
			estimate += keys[i].Size()
		}
		heap := heapBytes() - before
		for _, r := range keys {
			encoded += len(r.AppendBinary(nil))
		}
		b.ReportMetric(float64(heap)/float64(records), "B/pair")
		if total > 0 {
			b.ReportMetric(float64(heap)/float64(total), "B/entry")
		}
		b.ReportMetric(float64(estimate)/float64(heap), "Size()/heap")
		b.ReportMetric(float64(encoded)/float64(records), "encoded-B/pair")
		b.ReportMetric(0, "ns/op")
	}
}

// heapBytes returns the size of the live heap.
func heapBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
