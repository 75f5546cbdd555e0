package localpubsub_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

var (
	topicA = localpubsub.TopicName("shop", "events")
	topicB = localpubsub.TopicName("shop", "events-dead")
	subA   = localpubsub.SubscriptionName("shop", "events-a")
	subB   = localpubsub.SubscriptionName("shop", "events-b")
)

// fixture is a server with raw clients on one connection, topicA, and subA on it.
type fixture struct {
	*localpubsub.Server
	pub pb.PublisherClient
	sub pb.SubscriberClient
}

func start(t testing.TB, o localpubsub.Options) fixture {
	t.Helper()
	s, err := localpubsub.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	conn := dial(t, s)
	must(t, s.CreateTopic(topicA))
	must(t, s.CreateSubscription(topicA, subA, localpubsub.SubscriptionOptions{}))
	return fixture{Server: s, pub: pb.NewPublisherClient(conn), sub: pb.NewSubscriberClient(conn)}
}

func dial(t testing.TB, s *localpubsub.Server) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(s.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20), grpc.MaxCallSendMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// within returns a context for calls that must end soon.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if status.Code(err) != want {
		t.Errorf("error is %v, want code %v", err, want)
	}
}

// publish publishes n messages "0", "1", ... in requests of up to 1,000.
func (f fixture) publish(t testing.TB, n int) {
	t.Helper()
	ctx := within(t)
	for from := 0; from < n; from += 1000 {
		req := &pb.PublishRequest{Topic: topicA}
		for i := from; i < min(n, from+1000); i++ {
			req.Messages = append(req.Messages, &pb.PubsubMessage{Data: fmt.Append(nil, i)})
		}
		if _, err := f.pub.Publish(ctx, req); err != nil {
			t.Fatal(err)
		}
	}
}

// pull returns up to limit messages, at once.
func (f fixture) pull(t testing.TB, subscription string, limit int) []*pb.ReceivedMessage {
	t.Helper()
	//nolint:staticcheck // return_immediately is deprecated, but part of the protocol
	got, err := f.sub.Pull(within(t), &pb.PullRequest{Subscription: subscription, MaxMessages: int32(limit),
		ReturnImmediately: true})
	if err != nil {
		t.Fatal(err)
	}
	return got.GetReceivedMessages()
}

// pullOne waits for one message.
func (f fixture) pullOne(t testing.TB, subscription string) *pb.ReceivedMessage {
	t.Helper()
	got, err := f.sub.Pull(within(t), &pb.PullRequest{Subscription: subscription, MaxMessages: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.GetReceivedMessages()) != 1 {
		t.Fatalf("pulled %d messages, want 1", len(got.GetReceivedMessages()))
	}
	return got.GetReceivedMessages()[0]
}

func (f fixture) ack(t testing.TB, subscription string, messages ...*pb.ReceivedMessage) {
	t.Helper()
	_, err := f.sub.Acknowledge(within(t), &pb.AcknowledgeRequest{Subscription: subscription,
		AckIds: ackIDsOf(messages)})
	must(t, err)
}

func (f fixture) modify(t testing.TB, subscription string, seconds int32, messages ...*pb.ReceivedMessage) {
	t.Helper()
	_, err := f.sub.ModifyAckDeadline(within(t), &pb.ModifyAckDeadlineRequest{
		Subscription: subscription, AckIds: ackIDsOf(messages), AckDeadlineSeconds: seconds})
	must(t, err)
}

func (f fixture) wantStats(t testing.TB, subscription string, want localpubsub.Stats) {
	t.Helper()
	got, err := f.Stats(subscription)
	must(t, err)
	if got != want {
		t.Errorf("stats of %s are\n%+v, want\n%+v", subscription, got, want)
	}
}

func ackIDsOf(messages []*pb.ReceivedMessage) []string {
	ids := make([]string, len(messages))
	for i, m := range messages {
		ids[i] = m.GetAckId()
	}
	return ids
}

func dataOf(messages []*pb.ReceivedMessage) []string {
	data := make([]string, len(messages))
	for i, m := range messages {
		data[i] = string(m.GetMessage().GetData())
	}
	return data
}
