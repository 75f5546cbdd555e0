package simulate

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/googleapis/gax-go/v2"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/beamlytics/streamlytics/tools/replay"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// publisher publishes the messages of the world to its topics. It is not safe for concurrent use.
type publisher struct {
	client    *replay.Client
	topics    map[retail.Topic]string
	published int64
}

// publish publishes all messages, however long the server is unreachable. It returns an error if
// ctx ends or if retrying cannot help. A message whose answer is lost is published again, so
// messages may be published twice.
func (p *publisher) publish(ctx context.Context, happened []retail.Publication) error {
	byTopic := map[retail.Topic][]*pubsubpb.PubsubMessage{}
	for _, h := range happened {
		byTopic[h.Topic] = append(byTopic[h.Topic], &pubsubpb.PubsubMessage{Data: h.Data, Attributes: h.Attributes})
	}
	g, ctx := errgroup.WithContext(ctx)
	for topic, messages := range byTopic {
		g.Go(func() error { return p.insist(ctx, p.topics[topic], messages) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	p.published += int64(len(happened))
	return nil
}

// insist publishes to one topic and retries until that succeeds.
func (p *publisher) insist(ctx context.Context, topic string, messages []*pubsubpb.PubsubMessage) error {
	pauses := gax.Backoff{Initial: 100 * time.Millisecond, Max: 5 * time.Second, Multiplier: 2}
	for {
		n, err := p.client.PublishAll(ctx, topic, messages)
		messages = messages[n:]
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("publish to %s: %d messages are left: %w", topic, len(messages), context.Cause(ctx))
		case hopeless(err):
			return err
		}
		pause := pauses.Pause()
		slog.Warn("publishing failed, trying again",
			"topic", topic, "messages", len(messages), "error", err, "in", pause.String())
		if gax.Sleep(ctx, pause) != nil {
			return fmt.Errorf("publish to %s: %d messages are left: %w", topic, len(messages), context.Cause(ctx))
		}
	}
}

// hopeless reports whether a retry cannot help.
func hopeless(err error) bool {
	switch status.Code(err) {
	case codes.NotFound, codes.PermissionDenied, codes.Unauthenticated, codes.InvalidArgument, codes.FailedPrecondition:
		return true
	}
	return false
}
