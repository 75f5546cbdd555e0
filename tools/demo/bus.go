package demo

import (
	"context"
	"fmt"

	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// project is the Google Cloud project in the names of the topics.
const project = "demo"

// topics are the channels of the retailer; each has one subscription of the same id.
var topics = [...]retail.Topic{retail.POS, retail.ECOM, retail.WMS}

func topicName(t retail.Topic) string { return localpubsub.TopicName(project, string(t)) }

func subscriptionName(t retail.Topic) string {
	return localpubsub.SubscriptionName(project, string(t))
}

// bus is Pub/Sub in this process. One goroutine publishes; the rest is safe for concurrent use.
type bus struct {
	server    *localpubsub.Server
	published map[retail.Topic]int64
}

func openBus() (*bus, error) {
	server, err := localpubsub.Start(localpubsub.Options{})
	if err != nil {
		return nil, fmt.Errorf("start Pub/Sub in this process: %w", err)
	}
	for _, t := range topics {
		if err := server.Create(project, string(t)+":"+string(t)); err != nil {
			server.Close()
			return nil, fmt.Errorf("start Pub/Sub in this process: %w", err)
		}
	}
	return &bus{server: server, published: map[retail.Topic]int64{}}, nil
}

func (b *bus) publish(t retail.Topic, data []byte, attributes map[string]string) (messageID string, err error) {
	if messageID, err = b.server.Publish(topicName(t), data, attributes); err != nil {
		return "", fmt.Errorf("publish to %s: %w", t, err)
	}
	b.published[t]++
	return messageID, nil
}

// settle waits until all published messages are acknowledged. It must be called by the goroutine
// that publishes.
func (b *bus) settle(ctx context.Context) error {
	for _, t := range topics {
		if err := b.server.WaitAcked(ctx, subscriptionName(t), b.published[t]); err != nil {
			return fmt.Errorf("wait for %s: %w", t, err)
		}
	}
	return nil
}

// busCounts are counts of messages over all subscriptions.
type busCounts struct {
	outstanding int64 // messages published and not acknowledged
	redelivered int64 // deliveries of messages that were delivered before
}

func (b *bus) counts() (c busCounts, err error) {
	for _, t := range topics {
		s, err := b.server.Stats(subscriptionName(t))
		if err != nil {
			return c, fmt.Errorf("count messages of %s: %w", t, err)
		}
		c.outstanding += s.Backlog + s.Leased
		c.redelivered += s.Redelivered
	}
	return c, nil
}

func (b *bus) close() { b.server.Close() }
