package rig

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

// project is the project of all topics and subscriptions.
const project = "rig"

// Channels are the ids of the topics and of their subscriptions.
var Channels = []string{"pos", "ecom", "wms"}

// PubSub is a Pub/Sub server with a topic and a subscription for each channel, in the test's
// process, and a proxy through which the program connects to it. It keeps its messages while the
// program cannot reach it. It is safe for concurrent use.
type PubSub struct {
	// Server is the server itself, without the proxy.
	Server *localpubsub.Server
	// Proxy is between the program and the server.
	Proxy *Proxy

	published atomic.Int64
}

// ServePubSub starts a server that has no topics and no subscriptions. It ends with the test.
func ServePubSub(tb testing.TB, o localpubsub.Options) *localpubsub.Server {
	tb.Helper()
	server, err := localpubsub.Start(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(server.Close)
	return server
}

// StartPubSub starts a server that ends with the test.
func StartPubSub(tb testing.TB) *PubSub {
	tb.Helper()
	server := ServePubSub(tb, localpubsub.Options{})
	for _, c := range Channels {
		if err := server.CreateTopic(topic(c)); err != nil {
			tb.Fatal(err)
		}
		if err := server.CreateSubscription(topic(c), Subscription(c), localpubsub.SubscriptionOptions{}); err != nil {
			tb.Fatal(err)
		}
	}
	return &PubSub{Server: server, Proxy: StartProxy(tb, server.Addr())}
}

func topic(channel string) string { return localpubsub.TopicName(project, channel) }

// Subscription returns the full name of a channel's subscription.
func Subscription(channel string) string { return localpubsub.SubscriptionName(project, channel) }

// Env returns the environment by which the program finds the server.
func (p *PubSub) Env() []string { return []string{"PUBSUB_EMULATOR_HOST=" + p.Proxy.Addr} }

// Flags returns the flags by which the program reads all channels.
func (p *PubSub) Flags() []string {
	flags := make([]string, 0, len(Channels))
	for _, c := range Channels {
		flags = append(flags, "--"+c+"_subscription="+Subscription(c))
	}
	return flags
}

// Publish publishes messages at once, each to its channel.
func (p *PubSub) Publish(messages ...Message) error {
	for _, m := range messages {
		if _, err := p.Server.Publish(topic(m.Channel), m.Data, m.Attributes); err != nil {
			return fmt.Errorf("publish to %s: %w", m.Channel, err)
		}
		p.published.Add(1)
	}
	return nil
}

// PublishAt publishes messages at a rate a second, until the context ends.
func (p *PubSub) PublishAt(ctx context.Context, rate float64, messages ...Message) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	start, sent := time.Now(), 0
	for sent < len(messages) {
		due := min(int(time.Since(start).Seconds()*rate)+1, len(messages))
		if err := p.Publish(messages[sent:due]...); err != nil {
			return err
		}
		sent = due
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// Published returns the number of published messages.
func (p *PubSub) Published() int64 { return p.published.Load() }

// Stats returns the sums over the subscriptions. A deleted subscription adds nothing.
func (p *PubSub) Stats() (sum localpubsub.Stats) {
	for _, c := range Channels {
		s, err := p.Server.Stats(Subscription(c))
		if err != nil {
			continue
		}
		sum.Backlog += s.Backlog
		sum.Leased += s.Leased
		sum.Delivered += s.Delivered
		sum.Acked += s.Acked
		sum.Redelivered += s.Redelivered
		sum.Expired += s.Expired
		sum.Duplicated += s.Duplicated
		sum.UnknownAcks += s.UnknownAcks
	}
	return sum
}

// Settled reports whether all published messages are acknowledged and none is left, not even a
// copy.
func (p *PubSub) Settled() bool {
	s := p.Stats()
	return s.Acked == p.Published() && s.Backlog == 0 && s.Leased == 0
}

// Expire ends all leases, as if their ack deadlines had passed: what was delivered to a killed
// program is delivered again.
func (p *PubSub) Expire(tb testing.TB) {
	tb.Helper()
	for _, c := range Channels {
		if err := p.Server.Expire(Subscription(c)); err != nil {
			tb.Fatal(err)
		}
	}
}

// Inject replaces the faults of every subscription.
func (p *PubSub) Inject(f localpubsub.Faults) error {
	for _, c := range Channels {
		if err := p.Server.Inject(Subscription(c), f); err != nil {
			return err
		}
	}
	return nil
}

// Pull pulls n messages from a subscription, given by its full name, of the server at an address.
// It acknowledges none.
func Pull(tb testing.TB, addr, subscription string, n int) []*pb.PubsubMessage {
	tb.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(tb.Context(), 20*time.Second)
	defer cancel()
	var messages []*pb.PubsubMessage
	for len(messages) < n {
		answer, err := pb.NewSubscriberClient(conn).Pull(ctx,
			&pb.PullRequest{Subscription: subscription, MaxMessages: 1000})
		if err != nil {
			tb.Fatalf("pull from %s after %d of %d messages: %v", subscription, len(messages), n, err)
		}
		for _, m := range answer.GetReceivedMessages() {
			messages = append(messages, m.GetMessage())
		}
	}
	return messages
}
