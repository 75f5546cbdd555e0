package localpubsub_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"

	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

func (f fixture) stream(t *testing.T, first *pb.StreamingPullRequest) pb.Subscriber_StreamingPullClient {
	t.Helper()
	stream, err := f.sub.StreamingPull(within(t))
	must(t, err)
	if first.Subscription == "" {
		first.Subscription = subA
	}
	if first.StreamAckDeadlineSeconds == 0 {
		first.StreamAckDeadlineSeconds = 10
	}
	must(t, stream.Send(first))
	return stream
}

// receive takes responses until there are n messages.
func receive(t *testing.T, stream pb.Subscriber_StreamingPullClient, n int) []*pb.ReceivedMessage {
	t.Helper()
	var got []*pb.ReceivedMessage
	for len(got) < n {
		response, err := stream.Recv()
		if err != nil {
			t.Fatalf("after %d of %d messages: %v", len(got), n, err)
		}
		got = append(got, response.GetReceivedMessages()...)
	}
	if len(got) != n {
		t.Fatalf("received %d messages, want %d", len(got), n)
	}
	return got
}

func TestStreamDeliversAndAcknowledges(t *testing.T) {
	f := start(t, localpubsub.Options{})
	f.publish(t, 2500)
	stream := f.stream(t, &pb.StreamingPullRequest{})
	got := receive(t, stream, 2500)
	f.publish(t, 1) // while the stream waits
	got = append(got, receive(t, stream, 1)...)
	must(t, stream.Send(&pb.StreamingPullRequest{AckIds: ackIDsOf(got)}))
	must(t, f.WaitAcked(within(t), subA, 2501))
	f.wantStats(t, subA, localpubsub.Stats{Delivered: 2501, Acked: 2501})
	must(t, stream.CloseSend())
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after the client closed its side: %v", err)
	}
}

func TestStreamHoldsToFlowControl(t *testing.T) {
	f := start(t, localpubsub.Options{})
	f.publish(t, 10)
	stream := f.stream(t, &pb.StreamingPullRequest{MaxOutstandingMessages: 4, ProtocolVersion: 1})
	got := receive(t, stream, 4)
	// The answer to a keep-alive comes instead of a fifth message.
	must(t, stream.Send(&pb.StreamingPullRequest{}))
	if pong, err := stream.Recv(); err != nil || len(pong.GetReceivedMessages()) != 0 {
		t.Fatalf("got %v, %v; want an empty response", pong, err)
	}
	f.wantStats(t, subA, localpubsub.Stats{Backlog: 6, Leased: 4, Delivered: 4})
	must(t, stream.Send(&pb.StreamingPullRequest{AckIds: ackIDsOf(got[:1])}))
	if next := dataOf(receive(t, stream, 1)); !slices.Equal(next, []string{"4"}) {
		t.Errorf("then came %v", next)
	}
	// A nack over the unary call makes room as well.
	f.modify(t, subA, 0, got[1])
	receive(t, stream, 1)
	f.wantStats(t, subA, localpubsub.Stats{Backlog: 5, Leased: 4, Delivered: 6, Acked: 1})
}

func TestStreamNackDeliversAgain(t *testing.T) {
	f := start(t, localpubsub.Options{})
	f.publish(t, 2)
	stream := f.stream(t, &pb.StreamingPullRequest{})
	got := receive(t, stream, 2)
	must(t, stream.Send(&pb.StreamingPullRequest{ModifyDeadlineAckIds: ackIDsOf(got),
		ModifyDeadlineSeconds: []int32{0, 600}}))
	again := receive(t, stream, 1)
	if string(again[0].GetMessage().GetData()) != "0" || again[0].GetDeliveryAttempt() != 2 {
		t.Errorf("again came %v", again)
	}
}

func TestStreamRefusals(t *testing.T) {
	f := start(t, localpubsub.Options{})
	for _, c := range []struct {
		name   string
		first  *pb.StreamingPullRequest
		second *pb.StreamingPullRequest
		code   codes.Code
	}{
		{"unknown subscription", &pb.StreamingPullRequest{Subscription: subB}, nil, codes.NotFound},
		{"deadline", &pb.StreamingPullRequest{StreamAckDeadlineSeconds: 5}, nil, codes.InvalidArgument},
		{"ack garbage", &pb.StreamingPullRequest{AckIds: []string{"garbage!"}}, nil, codes.InvalidArgument},
		{"uneven lists", &pb.StreamingPullRequest{}, &pb.StreamingPullRequest{ModifyDeadlineAckIds: []string{"1-1"}},
			codes.InvalidArgument},
		{"negative deadline", &pb.StreamingPullRequest{},
			&pb.StreamingPullRequest{ModifyDeadlineAckIds: []string{"1-1"}, ModifyDeadlineSeconds: []int32{-1}},
			codes.InvalidArgument},
		{"subscription again", &pb.StreamingPullRequest{}, &pb.StreamingPullRequest{Subscription: subA},
			codes.InvalidArgument},
		{"flow control again", &pb.StreamingPullRequest{}, &pb.StreamingPullRequest{MaxOutstandingMessages: 1},
			codes.InvalidArgument},
	} {
		t.Run(c.name, func(t *testing.T) {
			stream := f.stream(t, c.first)
			if c.second != nil {
				must(t, stream.Send(c.second))
			}
			_, err := stream.Recv()
			wantCode(t, err, c.code)
		})
	}
}

func TestStreamEndsWithItsSubscription(t *testing.T) {
	f := start(t, localpubsub.Options{})
	f.publish(t, 1)
	stream := f.stream(t, &pb.StreamingPullRequest{})
	receive(t, stream, 1)
	_, err := f.sub.DeleteSubscription(within(t), &pb.DeleteSubscriptionRequest{Subscription: subA})
	must(t, err)
	_, err = stream.Recv()
	wantCode(t, err, codes.NotFound)
}

func TestCloseEndsEverything(t *testing.T) {
	f := start(t, localpubsub.Options{})
	f.publish(t, 1)
	stream := f.stream(t, &pb.StreamingPullRequest{})
	receive(t, stream, 1)
	waited := make(chan error, 1)
	go func() { waited <- f.WaitAcked(context.Background(), subA, 5) }()
	f.Close()
	f.Close()
	if _, err := stream.Recv(); err == nil {
		t.Error("the stream goes on after Close")
	}
	if err := <-waited; err == nil {
		t.Error("WaitAcked found 5 acknowledgements")
	}
	wantCode(t, f.CreateTopic(localpubsub.TopicName("shop", "late")), codes.Unavailable)
}
