package localpubsub

import (
	"context"
	"slices"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
)

// subscriberService is google.pubsub.v1.Subscriber. Other methods answer Unimplemented.
type subscriberService struct {
	pb.UnimplementedSubscriberServer
	server *Server
}

func (s *subscriberService) CreateSubscription(_ context.Context, config *pb.Subscription) (*pb.Subscription, error) {
	complete(config)
	if err := s.server.checkSettings(config); err != nil {
		return nil, err
	}
	deadline := time.Duration(config.GetAckDeadlineSeconds()) * time.Second
	if err := s.server.addSubscription(config, deadline); err != nil {
		return nil, err
	}
	return config, nil
}

func (s *subscriberService) GetSubscription(_ context.Context,
	req *pb.GetSubscriptionRequest) (*pb.Subscription, error) {
	sub, err := s.server.findSubscription(req.GetSubscription())
	if err != nil {
		return nil, err
	}
	return sub.describe(), nil
}

// UpdateSubscription changes the settings that the mask names: all of them, or none.
func (s *subscriberService) UpdateSubscription(_ context.Context,
	req *pb.UpdateSubscriptionRequest) (*pb.Subscription, error) {
	sub, err := s.server.findSubscription(req.GetSubscription().GetName())
	if err != nil {
		return nil, err
	}
	s.server.updates.Lock() // between reading the configuration and writing it
	defer s.server.updates.Unlock()
	config, err := s.server.changed(sub.describe(), req.GetSubscription(), req.GetUpdateMask().GetPaths())
	if err != nil {
		return nil, err
	}
	var deadline time.Duration
	if slices.Contains(req.GetUpdateMask().GetPaths(), "ack_deadline_seconds") {
		deadline = time.Duration(config.GetAckDeadlineSeconds()) * time.Second
	}
	sub.configure(func(c *pb.Subscription) {
		topic := c.GetTopic() // may have been deleted meanwhile
		proto.Reset(c)
		proto.Merge(c, config)
		c.Topic = topic
	}, deadline)
	return sub.describe(), nil
}

func (s *subscriberService) ListSubscriptions(_ context.Context,
	req *pb.ListSubscriptionsRequest) (*pb.ListSubscriptionsResponse, error) {
	if err := checkProject(req.GetProject()); err != nil {
		return nil, err
	}
	names, next, err := page(s.server.subscriptionNames(req.GetProject()), req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	response := &pb.ListSubscriptionsResponse{NextPageToken: next}
	for _, name := range names {
		if sub, err := s.server.findSubscription(name); err == nil { // else deleted meanwhile
			response.Subscriptions = append(response.Subscriptions, sub.describe())
		}
	}
	return response, nil
}

func (s *subscriberService) DeleteSubscription(_ context.Context,
	req *pb.DeleteSubscriptionRequest) (*emptypb.Empty, error) {
	if err := s.server.removeSubscription(req.GetSubscription()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
