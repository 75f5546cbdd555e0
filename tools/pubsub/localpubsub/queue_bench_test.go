package localpubsub

import (
	"fmt"
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
)

// BenchmarkQueue takes each message through a push, a lease, an extension and an acknowledgement
// while all the others are in the same state. No step depends on their number. A larger number only
// has more misses of the processor's caches.
func BenchmarkQueue(b *testing.B) {
	for _, size := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			message := &pb.PubsubMessage{Data: []byte("x")}
			for b.Loop() {
				q := newQueue(1)
				for range size {
					q.push(message, 1)
				}
				for left := size; left > 0; {
					left -= len(q.lease(at(0), 10*time.Second, 1000, nil))
				}
				for id := range uint64(size) {
					q.extend(at(1), id+1, 60*time.Second)
				}
				for id := range uint64(size) {
					q.ack(id + 1)
				}
				if q.stats.Acked != int64(size) {
					b.Fatalf("acknowledged %d of %d", q.stats.Acked, size)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/msg")
		})
	}
}
