package localpubsub_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

// BenchmarkBacklog fills a subscription over gRPC and then drains it, pulling and acknowledging,
// 1,000 messages a request. The times per message must not depend on the size of the backlog.
func BenchmarkBacklog(b *testing.B) {
	for _, size := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			f := start(b, localpubsub.Options{})
			ctx := context.Background()
			messages := make([]*pb.PubsubMessage, 1000)
			for i := range messages {
				messages[i] = &pb.PubsubMessage{Data: []byte(`{"type":"SALE","store_id":"12","product_id":"3456"}`)}
			}
			var filling, draining time.Duration
			for b.Loop() {
				began := time.Now()
				for range size / len(messages) {
					if _, err := f.pub.Publish(ctx, &pb.PublishRequest{Topic: topicA, Messages: messages}); err != nil {
						b.Fatal(err)
					}
				}
				filling += time.Since(began)
				began = time.Now()
				for left := size; left > 0; {
					got, err := f.sub.Pull(ctx, &pb.PullRequest{Subscription: subA, MaxMessages: 1000})
					if err != nil {
						b.Fatal(err)
					}
					left -= len(got.GetReceivedMessages())
					ids := ackIDsOf(got.GetReceivedMessages())
					_, err = f.sub.Acknowledge(ctx, &pb.AcknowledgeRequest{Subscription: subA, AckIds: ids})
					if err != nil {
						b.Fatal(err)
					}
				}
				draining += time.Since(began)
			}
			total := float64(b.N) * float64(size)
			b.ReportMetric(float64(filling.Nanoseconds())/total, "publish-ns/msg")
			b.ReportMetric(float64(draining.Nanoseconds())/total, "pull+ack-ns/msg")
		})
	}
}
