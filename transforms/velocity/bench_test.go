package velocity

import (
	"fmt"
	"testing"
)

// sample returns an evaluated series of n buckets, filled in order of time up to noon.
func sample(n int64) *Series {
	var s Series
	step := min(minute*7, day/n/minute*minute)
	for i := range n {
		at := noon - (n-1-i)*step
		s.Add(at, at, Kind(i%3), 1+i%4)
	}
	s.Evaluate(noon, DefaultConfig())
	return &s
}

var sizes = []int64{1, 5, 60, dayMinutes}

func BenchmarkAdd(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("buckets=%d", n), func(b *testing.B) {
			s := sample(n)
			b.ReportAllocs()
			for b.Loop() {
				s.Add(noon, noon, Sale, 1)
			}
		})
	}
}

// BenchmarkAddLate adds the events of a late upload, which occurred at any time of the day.
func BenchmarkAddLate(b *testing.B) {
	s := sample(dayMinutes)
	var i int64
	for b.Loop() {
		i += 7919 * second
		s.Add(noon-i%day, noon, Sale, 1)
	}
}

// BenchmarkAddFirst adds the first five buckets of a new series.
func BenchmarkAddFirst(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sample(5)
	}
}

func BenchmarkEvaluate(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("buckets=%d", n), func(b *testing.B) {
			s, c := sample(n), DefaultConfig()
			b.ReportAllocs()
			for b.Loop() {
				s.Evaluate(noon, c)
			}
			b.ReportMetric(float64(s.Size()), "bytes/series")
		})
	}
}

func BenchmarkNextDue(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("buckets=%d", n), func(b *testing.B) {
			s, c := sample(n), DefaultConfig()
			for b.Loop() {
				s.NextDue(c)
			}
		})
	}
}

func BenchmarkAppendBinary(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("buckets=%d", n), func(b *testing.B) {
			s := sample(n)
			var buf []byte
			for b.Loop() {
				buf = s.AppendBinary(buf[:0])
			}
			b.ReportMetric(float64(len(buf)), "bytes/series")
		})
	}
}

func BenchmarkDecodeSeries(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("buckets=%d", n), func(b *testing.B) {
			buf := sample(n).AppendBinary(nil)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := DecodeSeries(buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
