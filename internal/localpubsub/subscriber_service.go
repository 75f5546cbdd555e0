package localpubsub

import (
	"context"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Ack deadlines of the protocol, in seconds.
const (
	defaultAckDeadline = 10
	minAckDeadline     = 10
	maxAckDeadline     = 600
)

// subscriberService is google.pubsub.v1.Subscriber. What is not here answers Unimplemented.
type subscriberService struct {
	pb.UnimplementedSubscriberServer
	server *Server
}

func (s *subscriberService) CreateSubscription(_ context.Context, config *pb.Subscription) (*pb.Subscription, error) {
	if feature := missingFeature(config); feature != "" {
		return nil, status.Errorf(codes.Unimplemented, "subscription %s: there is no %s here", config.GetName(), feature)
	}
	if config.GetAckDeadlineSeconds() == 0 {
		config.AckDeadlineSeconds = defaultAckDeadline
	}
	deadline, err := checkAckDeadline(config.GetName(), config.GetAckDeadlineSeconds())
	if err != nil {
		return nil, err
	}
	if err := s.server.addSubscription(config, deadline); err != nil {
		return nil, err
	}
	config.State = pb.Subscription_ACTIVE
	return config, nil
}

func (s *subscriberService) GetSubscription(_ context.Context, req *pb.GetSubscriptionRequest) (*pb.Subscription, error) {
	sub, err := s.server.findSubscription(req.GetSubscription())
	if err != nil {
		return nil, err
	}
	return sub.describe(), nil
}

// UpdateSubscription changes the ack deadline and the labels. The whole mask is checked before anything is changed.
func (s *subscriberService) UpdateSubscription(_ context.Context, req *pb.UpdateSubscriptionRequest) (*pb.Subscription, error) {
	wanted := req.GetSubscription()
	sub, err := s.server.findSubscription(wanted.GetName())
	if err != nil {
		return nil, err
	}
	if len(req.GetUpdateMask().GetPaths()) == 0 {
		return nil, status.Errorf(codes.InvalidArgument, "subscription %s: the update mask is empty", wanted.GetName())
	}
	var deadline time.Duration
	var labels bool
	for _, path := range req.GetUpdateMask().GetPaths() {
		switch path {
		case "ack_deadline_seconds":
			if deadline, err = checkAckDeadline(wanted.GetName(), wanted.GetAckDeadlineSeconds()); err != nil {
				return nil, err
			}
		case "labels":
			labels = true
		default:
			return nil, status.Errorf(codes.Unimplemented, "subscription %s: %q cannot be changed here", wanted.GetName(), path)
		}
	}
	sub.configure(func(config *pb.Subscription) {
		if deadline != 0 {
			config.AckDeadlineSeconds = wanted.GetAckDeadlineSeconds()
		}
		if labels {
			config.Labels = proto.CloneOf(wanted).GetLabels()
		}
	}, deadline)
	return sub.describe(), nil
}

func (s *subscriberService) ListSubscriptions(_ context.Context, req *pb.ListSubscriptionsRequest) (*pb.ListSubscriptionsResponse, error) {
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

func (s *subscriberService) DeleteSubscription(_ context.Context, req *pb.DeleteSubscriptionRequest) (*emptypb.Empty, error) {
	if err := s.server.removeSubscription(req.GetSubscription()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

func checkAckDeadline(subscription string, seconds int32) (time.Duration, error) {
	if seconds < minAckDeadline || seconds > maxAckDeadline {
		return 0, status.Errorf(codes.InvalidArgument, "subscription %s: ack deadline %d s is not in %d to %d s",
			subscription, seconds, minAckDeadline, maxAckDeadline)
	}
	return time.Duration(seconds) * time.Second, nil
}

// missingFeature names what a subscription asks for and would not get.
func missingFeature(c *pb.Subscription) string {
	switch {
	case c.GetPushConfig().GetPushEndpoint() != "":
		return "push delivery"
	case c.GetBigqueryConfig() != nil || c.GetCloudStorageConfig() != nil || c.GetBigtableConfig() != nil:
		return "export subscription"
	case c.GetEnableMessageOrdering():
		return "message ordering"
	case c.GetEnableExactlyOnceDelivery():
		return "exactly-once delivery"
	case c.GetFilter() != "":
		return "filter"
	case c.GetDeadLetterPolicy() != nil:
		return "dead letter policy"
	case c.GetRetryPolicy() != nil:
		return "retry policy"
	case c.GetRetainAckedMessages():
		return "retention of acknowledged messages"
	case len(c.GetMessageTransforms()) > 0:
		return "message transform"
	}
	return ""
}
