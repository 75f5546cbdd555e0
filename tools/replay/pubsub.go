package replay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/beamlytics/streamlytics/sources/pubsub/dial"
)

// Client publishes to Pub/Sub: to the emulator at PUBSUB_EMULATOR_HOST if that is set, else to the
// service, with the default credentials of the environment. It is safe for concurrent use.
type Client struct {
	topics        *pubsub.TopicAdminClient
	subscriptions *pubsub.SubscriptionAdminClient
	reached       atomic.Bool // Pub/Sub has answered
}

// Dial returns a client. The caller must close it.
func Dial(ctx context.Context) (*Client, error) {
	topics, err := pubsub.NewTopicAdminClient(ctx, dial.Options(emulator())...)
	if err != nil {
		return nil, fmt.Errorf("connecting to Pub/Sub: %w", explain(err))
	}
	subscriptions, err := pubsub.NewSubscriptionAdminClient(ctx, dial.Options(emulator())...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connecting to Pub/Sub: %w", err), topics.Close())
	}
	return &Client{topics: topics, subscriptions: subscriptions}, nil
}

// reachFor is how long the first answer of Pub/Sub may take, and reachEvery the time between two
// attempts.
const (
	reachFor   = 5 * time.Second
	reachEvery = 100 * time.Millisecond
)

// reach checks that Pub/Sub answers, until it has answered once. A service that is unreachable is
// thus an error within seconds; the calls themselves would wait for it. It needs no permission,
// because a refusal is an answer.
func (c *Client) reach(ctx context.Context, topic string) error {
	if c.reached.Load() {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, reachFor)
	defer cancel()
	ask := func() error {
		_, err := c.topics.GetTopic(asking, &pubsubpb.GetTopicRequest{Topic: topic}, gax.WithRetry(nil))
		return err
	}
	err := ask()
	for status.Code(err) == codes.Unavailable && gax.Sleep(asking, reachEvery) == nil { // it may be starting
		err = ask()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Unauthenticated:
		return explain(err)
	}
	c.reached.Store(true)
	return nil
}

// emulator returns the address of an emulator, or "" for Google's service.
func emulator() string { return os.Getenv("PUBSUB_EMULATOR_HOST") }

// explain adds the address and a hint to an error of Pub/Sub.
func explain(err error) error { return dial.Explain(err, emulator()) }

// Close closes the connections.
func (c *Client) Close() error { return errors.Join(c.topics.Close(), c.subscriptions.Close()) }

// TopicName returns the full name of a topic that is given by its full name or by its id within a
// project.
func TopicName(project, topic string) (string, error) {
	parts := strings.Split(topic, "/")
	switch {
	case len(parts) == 4 && parts[0] == "projects" && parts[1] != "" && parts[2] == "topics" && parts[3] != "":
		return topic, nil
	case len(parts) != 1 || topic == "":
		return "", fmt.Errorf("%q is neither a topic id nor projects/{project}/topics/{id}", topic)
	case project == "":
		return "", fmt.Errorf("the topic id %q needs --project", topic)
	}
	return "projects/" + project + "/topics/" + topic, nil
}

// ackDeadlineSeconds is long enough for a pipeline that is busy restoring.
const ackDeadlineSeconds = 60

// Create creates the topic (full name) and a subscription of the same id, each if it is missing.
func (c *Client) Create(ctx context.Context, topic string) error {
	if err := c.reach(ctx, topic); err != nil {
		return err
	}
	_, err := c.topics.CreateTopic(ctx, &pubsubpb.Topic{Name: topic})
	if err != nil && status.Code(err) != codes.AlreadyExists {
		return fmt.Errorf("creating topic %s: %w", topic, err)
	}
	name := strings.Replace(topic, "/topics/", "/subscriptions/", 1)
	_, err = c.subscriptions.CreateSubscription(ctx, &pubsubpb.Subscription{
		Name: name, Topic: topic, AckDeadlineSeconds: ackDeadlineSeconds,
	})
	if err != nil && status.Code(err) != codes.AlreadyExists {
		return fmt.Errorf("creating subscription %s: %w", name, err)
	}
	return nil
}

// MaxMessages and maxBytes bound one publish request. The service's limit of 10 MB includes some
// overhead.
const (
	MaxMessages = 1000
	maxBytes    = 8 << 20
)

// Publish publishes up to MaxMessages messages in one request to a topic (full name) and returns
// their ids. A request whose answer is lost is repeated, so a message may be published twice.
func (c *Client) Publish(ctx context.Context, topic string, messages []*pubsubpb.PubsubMessage) ([]string, error) {
	if err := c.reach(ctx, topic); err != nil {
		return nil, err
	}
	response, err := c.topics.Publish(ctx, &pubsubpb.PublishRequest{Topic: topic, Messages: messages})
	if err != nil {
		return nil, fmt.Errorf("publishing to %s: %w", topic, explain(err))
	}
	return response.GetMessageIds(), nil
}

// PublishAll publishes any number of messages to a topic (full name), one request after the other.
// It returns how many of them, counted from the first, are certainly published.
func (c *Client) PublishAll(ctx context.Context, topic string,
	messages []*pubsubpb.PubsubMessage) (published int, err error) {
	for published < len(messages) {
		n, bytes := 0, 0
		for _, m := range messages[published:min(published+MaxMessages, len(messages))] {
			if bytes += len(m.GetData()); n > 0 && bytes > maxBytes {
				break
			}
			n++
		}
		if _, err := c.Publish(ctx, topic, messages[published:published+n]); err != nil {
			return published, err
		}
		published += n
	}
	return published, nil
}
