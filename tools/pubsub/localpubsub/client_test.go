package localpubsub_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"cloud.google.com/go/pubsub/v2"
	apiv1 "cloud.google.com/go/pubsub/v2/apiv1"
	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"

	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

// newClient returns Google's own client, which finds the server as it finds the emulator.
func newClient(t *testing.T, f fixture) *pubsub.Client {
	t.Helper()
	t.Setenv("PUBSUB_EMULATOR_HOST", f.Addr())
	client, err := pubsub.NewClient(t.Context(), "shop")
	must(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// TestClientPublishesAndReceives nacks every tenth message once, and acknowledges everything else.
func TestClientPublishesAndReceives(t *testing.T) {
	const n = 5000
	f := start(t, localpubsub.Options{})
	client := newClient(t, f)
	ctx, stop := context.WithCancel(within(t))
	defer stop()

	publisher := client.Publisher(topicA)
	var results []*pubsub.PublishResult
	for i := range n {
		results = append(results, publisher.Publish(ctx, &pubsub.Message{
			Data: fmt.Append(nil, "body ", i), Attributes: map[string]string{
				"event_id": fmt.Sprint(i), "source": "POS",
			}}))
	}
	ids := map[string]bool{}
	for _, result := range results {
		id, err := result.Get(ctx)
		must(t, err)
		ids[id] = true
	}
	publisher.Stop()
	if len(ids) != n {
		t.Fatalf("%d different message ids, want %d", len(ids), n)
	}

	var mu sync.Mutex
	nacked, acked := map[string]int{}, map[string]int{}
	received := make(chan error, 1)
	go func() {
		received <- client.Subscriber(subA).Receive(ctx, func(_ context.Context, m *pubsub.Message) {
			id := m.Attributes["event_id"]
			if !ids[m.ID] || string(m.Data) != "body "+id || m.Attributes["source"] != "POS" || m.PublishTime.IsZero() {
				t.Errorf("got %+v", m)
			}
			mu.Lock()
			defer mu.Unlock()
			if id[len(id)-1] == '0' && nacked[id] == 0 {
				nacked[id]++
				m.Nack()
				return
			}
			acked[id]++
			m.Ack()
		})
	}()
	must(t, f.WaitAcked(ctx, subA, n))
	stop()
	must(t, <-received)
	mu.Lock()
	defer mu.Unlock()
	for id, times := range acked {
		if times != 1 {
			t.Errorf("message %s came %d times to be acknowledged", id, times)
		}
	}
	if len(acked) != n || len(nacked) != n/10 {
		t.Errorf("%d acknowledged, %d nacked; want %d, %d", len(acked), len(nacked), n, n/10)
	}
	f.wantStats(t, subA, localpubsub.Stats{Delivered: n + n/10, Acked: n, Redelivered: n / 10})
}

func TestClientSurvivesFailingCalls(t *testing.T) {
	const n = 200
	f := start(t, localpubsub.Options{})
	client := newClient(t, f)
	for i := range n {
		_, err := f.Publish(topicA, fmt.Append(nil, i), nil)
		must(t, err)
	}
	must(t, f.Inject(subA, localpubsub.Faults{FailPulls: 2, FailAcks: 2, FailModifies: 1}))
	ctx, stop := context.WithCancel(within(t))
	defer stop()
	received := make(chan error, 1)
	go func() {
		received <- client.Subscriber(subA).Receive(ctx, func(_ context.Context, m *pubsub.Message) { m.Ack() })
	}()
	must(t, f.WaitAcked(ctx, subA, n))
	stop()
	must(t, <-received)
}

func TestGeneratedClients(t *testing.T) {
	f := start(t, localpubsub.Options{})
	t.Setenv("PUBSUB_EMULATOR_HOST", f.Addr())
	ctx := within(t)
	topics, err := apiv1.NewTopicAdminClient(ctx)
	must(t, err)
	defer func() { _ = topics.Close() }()
	subs, err := apiv1.NewSubscriptionAdminClient(ctx)
	must(t, err)
	defer func() { _ = subs.Close() }()

	topic, sub := localpubsub.TopicName("shop", "stock"), localpubsub.SubscriptionName("shop", "stock-a")
	_, err = topics.CreateTopic(ctx, &pb.Topic{Name: topic})
	must(t, err)
	_, err = topics.CreateTopic(ctx, &pb.Topic{Name: topic})
	wantCode(t, err, codes.AlreadyExists)
	_, err = subs.CreateSubscription(ctx, &pb.Subscription{Name: sub, Topic: topic, AckDeadlineSeconds: 30})
	must(t, err)

	var listed []string
	for it := subs.ListSubscriptions(ctx, &pb.ListSubscriptionsRequest{Project: "projects/shop", PageSize: 1}); ; {
		s, err := it.Next()
		if err == iterator.Done {
			break
		}
		must(t, err)
		listed = append(listed, s.GetName())
	}
	if fmt.Sprint(listed) != fmt.Sprint([]string{subA, sub}) {
		t.Errorf("listed %v", listed)
	}

	_, err = topics.Publish(ctx,
		&pb.PublishRequest{Topic: topic, Messages: []*pb.PubsubMessage{{Data: []byte("a")}, {Data: []byte("b")}}})
	must(t, err)
	got, err := subs.Pull(ctx, &pb.PullRequest{Subscription: sub, MaxMessages: 10})
	must(t, err)
	if data := dataOf(got.GetReceivedMessages()); fmt.Sprint(data) != "[a b]" {
		t.Fatalf("pulled %v", data)
	}
	must(t, subs.ModifyAckDeadline(ctx, &pb.ModifyAckDeadlineRequest{
		Subscription: sub, AckIds: ackIDsOf(got.GetReceivedMessages()[1:]), AckDeadlineSeconds: 0}))
	must(t, subs.Acknowledge(ctx,
		&pb.AcknowledgeRequest{Subscription: sub, AckIds: ackIDsOf(got.GetReceivedMessages()[:1])}))
	f.wantStats(t, sub, localpubsub.Stats{Backlog: 1, Delivered: 2, Acked: 1})
	must(t, subs.DeleteSubscription(ctx, &pb.DeleteSubscriptionRequest{Subscription: sub}))
	must(t, topics.DeleteTopic(ctx, &pb.DeleteTopicRequest{Topic: topic}))
}
