package setup

import (
	"context"
	"errors"
	"maps"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/api/iterator"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

// thing is a topic or a subscription on the server, with its declaration. Errors are gRPC statuses.
type thing struct {
	kind, name string
	// look returns its labels, and what is not as declared.
	look func(context.Context) (labels map[string]string, differences []difference, err error)
	// create creates it, and returns what the server did not keep.
	create func(context.Context) ([]difference, error)
	// update changes the fields in paths, and returns what is still not as declared.
	update func(ctx context.Context, paths []string) ([]difference, error)
	remove func(context.Context) error
	// attached returns the names of the subscriptions of a topic.
	attached func(context.Context) ([]string, error)
}

// things returns what is declared, in the order in which it can be created.
func (c *client) things(d declared) []thing {
	var list []thing
	for _, want := range d.topics {
		list = append(list, c.topic(want))
	}
	for _, want := range d.subscriptions {
		list = append(list, c.subscription(want))
	}
	return list
}

func (c *client) topic(want *pb.Topic) thing {
	var have *pb.Topic // at the last look
	return thing{
		kind: "topic", name: want.GetName(),
		look: func(ctx context.Context) (labels map[string]string, differences []difference, err error) {
			if have, err = c.topics.GetTopic(ctx, &pb.GetTopicRequest{Topic: want.GetName()}); err != nil {
				return nil, nil, err
			}
			return have.GetLabels(), topicDifferences(have, want), nil
		},
		create: func(ctx context.Context) ([]difference, error) {
			made, err := c.topics.CreateTopic(ctx, want)
			if err != nil {
				return nil, err
			}
			return topicDifferences(made, want), nil
		},
		update: func(ctx context.Context, paths []string) ([]difference, error) {
			changed := proto.CloneOf(want)
			changed.Labels = merged(have.GetLabels(), want.GetLabels())
			mask := &fieldmaskpb.FieldMask{Paths: paths}
			now, err := c.topics.UpdateTopic(ctx, &pb.UpdateTopicRequest{Topic: changed, UpdateMask: mask})
			if err != nil {
				return nil, err
			}
			return topicDifferences(now, want), nil
		},
		remove: func(ctx context.Context) error {
			return c.topics.DeleteTopic(ctx, &pb.DeleteTopicRequest{Topic: want.GetName()})
		},
		attached: func(ctx context.Context) (names []string, err error) {
			all := c.topics.ListTopicSubscriptions(ctx, &pb.ListTopicSubscriptionsRequest{Topic: want.GetName()})
			for {
				name, err := all.Next()
				if errors.Is(err, iterator.Done) {
					return names, nil
				}
				if err != nil {
					return nil, err
				}
				names = append(names, name)
			}
		},
	}
}

func (c *client) subscription(want *pb.Subscription) thing {
	var have *pb.Subscription // at the last look
	return thing{
		kind: "subscription", name: want.GetName(),
		look: func(ctx context.Context) (labels map[string]string, differences []difference, err error) {
			have, err = c.subscriptions.GetSubscription(ctx, &pb.GetSubscriptionRequest{Subscription: want.GetName()})
			if err != nil {
				return nil, nil, err
			}
			return have.GetLabels(), subscriptionDifferences(have, want), nil
		},
		create: func(ctx context.Context) ([]difference, error) {
			made, err := c.subscriptions.CreateSubscription(ctx, want)
			if err != nil {
				return nil, err
			}
			return subscriptionDifferences(made, want), nil
		},
		update: func(ctx context.Context, paths []string) ([]difference, error) {
			changed := proto.CloneOf(want)
			changed.Labels = merged(have.GetLabels(), want.GetLabels())
			now, err := c.subscriptions.UpdateSubscription(ctx, &pb.UpdateSubscriptionRequest{
				Subscription: changed, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths},
			})
			if err != nil {
				return nil, err
			}
			return subscriptionDifferences(now, want), nil
		},
		remove: func(ctx context.Context) error {
			return c.subscriptions.DeleteSubscription(ctx,
				&pb.DeleteSubscriptionRequest{Subscription: want.GetName()})
		},
		attached: func(context.Context) ([]string, error) { return nil, nil },
	}
}

// merged returns the existing labels and the declared ones, which take precedence.
func merged(have, want map[string]string) map[string]string {
	all := maps.Clone(want)
	for key, value := range have {
		if _, ok := want[key]; !ok {
			all[key] = value
		}
	}
	return all
}
