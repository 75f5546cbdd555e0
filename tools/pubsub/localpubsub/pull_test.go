package localpubsub_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"

	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

func TestMessagesArriveWhole(t *testing.T) {
	origin := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	f := start(t, localpubsub.Options{Clock: clock.New(origin, time.Now(), 1)})
	sent := []*pb.PubsubMessage{
		{Data: []byte{0, 0xff, 1}, Attributes: map[string]string{"event_id": "7", "empty": ""}, OrderingKey: "store-1"},
		{Attributes: map[string]string{"only": "attributes"}},
	}
	published, err := f.pub.Publish(within(t), &pb.PublishRequest{Topic: topicA, Messages: sent})
	must(t, err)
	got := f.pull(t, subA, 10)
	if len(got) != 2 {
		t.Fatalf("pulled %d messages, want 2", len(got))
	}
	for i, m := range got {
		message := m.GetMessage()
		if message.GetMessageId() != published.GetMessageIds()[i] || m.GetDeliveryAttempt() != 1 {
			t.Errorf("message %d has id %q, attempt %d", i, message.GetMessageId(), m.GetDeliveryAttempt())
		}
		if !bytes.Equal(message.GetData(), sent[i].GetData()) || message.GetOrderingKey() != sent[i].GetOrderingKey() ||
			fmt.Sprint(message.GetAttributes()) != fmt.Sprint(sent[i].GetAttributes()) {
			t.Errorf("message %d is %v, want %v", i, message, sent[i])
		}
		if age := message.GetPublishTime().AsTime().Sub(origin); age < 0 || age > time.Minute {
			t.Errorf("message %d was published at %v, want soon after %v", i, message.GetPublishTime().AsTime(), origin)
		}
	}
}

func TestMessageIDsRise(t *testing.T) {
	f := start(t, localpubsub.Options{})
	first, err := f.Publish(topicA, []byte("x"), nil)
	must(t, err)
	f.publish(t, 2500)
	last, _ := strconv.ParseInt(first, 10, 64)
	for i, m := range f.pull(t, subA, 5000)[1:] {
		id, err := strconv.ParseInt(m.GetMessage().GetMessageId(), 10, 64)
		if err != nil || id <= last {
			t.Fatalf("message %d has id %s after %d", i, m.GetMessage().GetMessageId(), last)
		}
		last = id
	}
	again, err := localpubsub.Start(localpubsub.Options{})
	must(t, err)
	defer again.Close()
	must(t, again.CreateTopic(topicA))
	id, err := again.Publish(topicA, []byte("x"), nil)
	must(t, err)
	if n, _ := strconv.ParseInt(id, 10, 64); n <= last {
		t.Errorf("a later server gave the id %s, not above %d", id, last)
	}
}

func TestPullHoldsToMaxMessages(t *testing.T) {
	f := start(t, localpubsub.Options{})
	f.publish(t, 5)
	for _, want := range [][]string{{"0", "1"}, {"2", "3"}, {"4"}, {}} {
		if got := dataOf(f.pull(t, subA, 2)); !slices.Equal(got, want) {
			t.Errorf("pulled %v, want %v", got, want)
		}
	}
	f.wantStats(t, subA, localpubsub.Stats{Leased: 5, Delivered: 5})
}

func TestPullEndsAfterPullWait(t *testing.T) {
	f := start(t, localpubsub.Options{PullWait: 20 * time.Millisecond})
	got, err := f.sub.Pull(within(t), &pb.PullRequest{Subscription: subA, MaxMessages: 1})
	if err != nil || len(got.GetReceivedMessages()) != 0 {
		t.Errorf("got %v, %v; want an empty response", got, err)
	}
}

func TestEachSubscriptionGetsEachMessage(t *testing.T) {
	f := start(t, localpubsub.Options{})
	must(t, f.CreateSubscription(topicA, subB, localpubsub.SubscriptionOptions{}))
	f.publish(t, 3)
	a := f.pull(t, subA, 10)
	f.ack(t, subA, a...)
	b := f.pull(t, subB, 10)
	if !slices.Equal(dataOf(a), []string{"0", "1", "2"}) || !slices.Equal(dataOf(b), dataOf(a)) {
		t.Errorf("pulled %v and %v", dataOf(a), dataOf(b))
	}
	f.ack(t, subB, a...) // of the other subscription
	f.wantStats(t, subA, localpubsub.Stats{Delivered: 3, Acked: 3})
	f.wantStats(t, subB, localpubsub.Stats{Leased: 3, Delivered: 3, UnknownAcks: 3})
}

func TestNackAndExpiryDeliverAgain(t *testing.T) {
	f := start(t, localpubsub.Options{})
	must(t, f.CreateSubscription(topicA, subB, localpubsub.SubscriptionOptions{}))
	f.publish(t, 1)
	first := f.pullOne(t, subB)
	f.modify(t, subB, 1, first)
	second := f.pullOne(t, subB) // waits for the expiry
	if second.GetDeliveryAttempt() != 2 || second.GetAckId() == first.GetAckId() ||
		second.GetMessage().GetMessageId() != first.GetMessage().GetMessageId() {
		t.Errorf("first %v, second %v", first, second)
	}
	f.modify(t, subB, 60, second)
	f.modify(t, subB, 0, second)
	third := f.pullOne(t, subB)
	f.modify(t, subB, 60, third)
	f.ack(t, subB, first)
	f.wantStats(t, subB, localpubsub.Stats{Leased: 1, Delivered: 3, Redelivered: 2, Expired: 1, UnknownAcks: 1})
	f.ack(t, subB, third)
	must(t, f.WaitAcked(within(t), subB, 1))
	f.wantStats(t, subB, localpubsub.Stats{Delivered: 3, Acked: 1, Redelivered: 2, Expired: 1, UnknownAcks: 1})
}

// TestCancelledPullLeasesNothing publishes on the connection on which the pull was cancelled, so
// the server has processed the cancellation before.
func TestCancelledPullLeasesNothing(t *testing.T) {
	f := start(t, localpubsub.Options{})
	const callers = 20
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			_, err := f.sub.Pull(ctx, &pb.PullRequest{Subscription: subA, MaxMessages: 10})
			wantCode(t, err, codes.Canceled)
		})
	}
	f.pull(t, subA, 1) // a call that comes back: the connection is up
	cancel()
	wg.Wait()
	f.publish(t, 10)
	f.wantStats(t, subA, localpubsub.Stats{Backlog: 10})
}

func TestLargeMessages(t *testing.T) {
	f := start(t, localpubsub.Options{})
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // 16 MiB
	for range 3 {
		_, err := f.pub.Publish(within(t),
			&pb.PublishRequest{Topic: topicA, Messages: []*pb.PubsubMessage{{Data: large}}})
		must(t, err)
	}
	for range 3 { // one at a time, so that the client can take them
		got := f.pull(t, subA, 1000)
		if len(got) != 1 || !bytes.Equal(got[0].GetMessage().GetData(), large) {
			t.Fatalf("pulled %d messages, or not what was sent", len(got))
		}
		f.ack(t, subA, got...)
	}
}

func TestPublishInProcessCopies(t *testing.T) {
	f := start(t, localpubsub.Options{})
	data, attributes := []byte("before"), map[string]string{"k": "before"}
	_, err := f.Publish(topicA, data, attributes)
	must(t, err)
	copy(data, "after!")
	attributes["k"] = "after"
	got := f.pullOne(t, subA).GetMessage()
	if string(got.GetData()) != "before" || got.GetAttributes()["k"] != "before" {
		t.Errorf("got %v", got)
	}
}

// TestConcurrentPulls runs publishers at the same time as pullers that acknowledge, that give up
// and that forget messages.
func TestConcurrentPulls(t *testing.T) {
	const publishers, perPublisher, pullers = 4, 2000, 6
	f := start(t, localpubsub.Options{PullWait: 20 * time.Millisecond})
	must(t, f.CreateSubscription(topicA, subB, localpubsub.SubscriptionOptions{AckDeadline: 100 * time.Millisecond}))
	ctx := within(t)
	done, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for i := range perPublisher {
				if _, err := f.Publish(topicA, fmt.Append(nil, p, "/", i), nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var mu sync.Mutex
	settled := map[string]int{}
	for p := range pullers {
		wg.Go(func() {
			for round := p; done.Err() == nil; round++ {
				got, err := f.sub.Pull(ctx, &pb.PullRequest{Subscription: subB, MaxMessages: 100})
				if err != nil {
					t.Error(err)
					return
				}
				messages := got.GetReceivedMessages()
				if len(messages) == 0 {
					continue
				}
				switch round % 8 {
				case 0:
					f.modify(t, subB, 0, messages...)
				case 1: // forgotten: they expire
				default:
					// A live lease first, so that an acknowledgement certainly counts.
					f.modify(t, subB, 60, messages...)
					f.ack(t, subB, messages...)
					mu.Lock()
					for _, m := range messages {
						settled[m.GetMessage().GetMessageId()]++
					}
					mu.Unlock()
				}
			}
		})
	}
	if err := f.WaitAcked(ctx, subB, publishers*perPublisher); err != nil {
		t.Error(err)
	}
	stop()
	wg.Wait()
	if len(settled) != publishers*perPublisher {
		t.Errorf("%d different messages were acknowledged, want %d", len(settled), publishers*perPublisher)
	}
	s, err := f.Stats(subB)
	must(t, err)
	if s.Backlog != 0 || s.Leased != 0 || s.Acked != publishers*perPublisher || s.Redelivered == 0 {
		t.Errorf("stats %+v", s)
	}
}
