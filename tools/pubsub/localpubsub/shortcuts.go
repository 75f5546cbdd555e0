package localpubsub

import (
	"bytes"
	"maps"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The methods below are for callers in the same process. Names are full names. Errors are gRPC
// statuses, as over the wire.

// SubscriptionOptions configure a subscription that is created in this process.
type SubscriptionOptions struct {
	// AckDeadline is the length of a lease. 0 means 10 s. Unlike in the protocol, any shorter
	// length is valid.
	AckDeadline time.Duration
}

// CreateTopic creates a topic. The error is AlreadyExists or InvalidArgument.
func (s *Server) CreateTopic(name string) error {
	return s.addTopic(&pb.Topic{Name: name})
}

// CreateSubscription creates a subscription that gets what is published to the topic from now on.
// The error is AlreadyExists, NotFound (of the topic) or InvalidArgument.
func (s *Server) CreateSubscription(topic, name string, o SubscriptionOptions) error {
	if o.AckDeadline == 0 {
		o.AckDeadline = defaultAckDeadline * time.Second
	}
	if o.AckDeadline < 0 || o.AckDeadline > maxAckDeadline*time.Second {
		return status.Errorf(codes.InvalidArgument, "subscription %s: ack deadline %v is not in 0 to %d s", name,
			o.AckDeadline, maxAckDeadline)
	}
	shown := int32((o.AckDeadline + time.Second - 1) / time.Second)
	return s.addSubscription(&pb.Subscription{Name: name, Topic: topic, AckDeadlineSeconds: shown}, o.AckDeadline)
}

// DeleteSubscription deletes a subscription with its backlog. The error is NotFound.
func (s *Server) DeleteSubscription(name string) error { return s.removeSubscription(name) }

// Publish publishes one message, which it copies, and returns its id. The error is NotFound or
// InvalidArgument.
func (s *Server) Publish(topic string, data []byte, attributes map[string]string) (string, error) {
	ids, err := s.publish(topic, []*pb.PubsubMessage{{Data: bytes.Clone(data), Attributes: maps.Clone(attributes)}})
	if err != nil {
		return "", err
	}
	return ids[0], nil
}
