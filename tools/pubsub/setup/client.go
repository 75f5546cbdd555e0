package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/beamlytics/streamlytics/sources/pubsub/dial"
)

// client is a connection to Pub/Sub.
type client struct {
	topics        *pubsub.TopicAdminClient
	subscriptions *pubsub.SubscriptionAdminClient
}

// callTimeout bounds a call, with the client's own retries, once the server has answered.
const callTimeout = 30 * time.Second

func connect(ctx context.Context, emulator string) (*client, error) {
	topics, err := pubsub.NewTopicAdminClient(ctx, dial.Options(emulator)...)
	if err != nil {
		return nil, fmt.Errorf("connect to Pub/Sub: %w", err)
	}
	subscriptions, err := pubsub.NewSubscriptionAdminClient(ctx, dial.Options(emulator)...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect to Pub/Sub: %w", err), topics.Close())
	}
	return &client{topics, subscriptions}, nil
}

func (c *client) close() error { return errors.Join(c.topics.Close(), c.subscriptions.Close()) }

// noticeAfter is how long Run waits for the server before it prints what it waits for.
const noticeAfter = 2 * time.Second

// awaitServer waits until the server answers, which an emulator that is starting does not do at
// once. topic is the name of any topic.
func (c *client) awaitServer(ctx context.Context, o Options, topic string, progress io.Writer) error {
	where := "Pub/Sub"
	if o.emulator != "" {
		where = "Pub/Sub at " + o.emulator
	}
	waiting, cancel := context.WithTimeout(ctx, o.wait)
	defer cancel()
	notice := time.AfterFunc(noticeAfter, func() { fmt.Fprintf(progress, "waiting for %s\n", where) })
	defer notice.Stop()
	_, err := c.topics.GetTopic(waiting, &pb.GetTopicRequest{Topic: topic},
		gax.WithTimeout(0), gax.WithGRPCOptions(grpc.WaitForReady(true)))
	switch {
	case err == nil || status.Code(err) == codes.NotFound:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case waiting.Err() != nil:
		return fmt.Errorf("%s has not answered within %v: %w", where, o.wait, err)
	}
	return fmt.Errorf("ask %s for %s: %w", where, topic, err)
}

// call makes one call with a timeout.
func call[T any](ctx context.Context, f func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return f(ctx)
}
