package localpubsub

import (
	"context"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

func (s *subscriberService) Pull(ctx context.Context, req *pb.PullRequest) (*pb.PullResponse, error) {
	sub, err := s.server.findSubscription(req.GetSubscription())
	if err != nil {
		return nil, err
	}
	if req.GetMaxMessages() <= 0 {
		return nil, status.Errorf(codes.InvalidArgument, "pulling from %s: max_messages %d is not positive", sub.name,
			req.GetMaxMessages())
	}
	if err := sub.failure("Pull", func(f *Faults) *int { return &f.FailPulls }); err != nil {
		return nil, err
	}
	patience := s.server.pullWait
	if req.GetReturnImmediately() { //nolint:staticcheck // deprecated, but clients still send it
		patience = 0
	}
	messages, err := sub.pull(ctx, int(req.GetMaxMessages()), patience)
	if err != nil {
		return nil, err
	}
	return &pb.PullResponse{ReceivedMessages: messages}, nil
}

func (s *subscriberService) Acknowledge(_ context.Context, req *pb.AcknowledgeRequest) (*emptypb.Empty, error) {
	sub, err := s.server.findSubscription(req.GetSubscription())
	if err != nil {
		return nil, err
	}
	if len(req.GetAckIds()) == 0 {
		return nil, status.Errorf(codes.InvalidArgument, "acknowledging on %s: no ack ids", sub.name)
	}
	if err := sub.failure("Acknowledge", func(f *Faults) *int { return &f.FailAcks }); err != nil {
		return nil, err
	}
	if err := sub.ack(req.GetAckIds()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

func (s *subscriberService) ModifyAckDeadline(_ context.Context,
	req *pb.ModifyAckDeadlineRequest) (*emptypb.Empty, error) {
	sub, err := s.server.findSubscription(req.GetSubscription())
	if err != nil {
		return nil, err
	}
	if len(req.GetAckIds()) == 0 {
		return nil, status.Errorf(codes.InvalidArgument, "changing deadlines on %s: no ack ids", sub.name)
	}
	length, err := leaseLength(sub.name, req.GetAckDeadlineSeconds())
	if err != nil {
		return nil, err
	}
	if err := sub.failure("ModifyAckDeadline", func(f *Faults) *int { return &f.FailModifies }); err != nil {
		return nil, err
	}
	if err := sub.extend(req.GetAckIds(), func(int) time.Duration { return length }); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// leaseLength checks a new deadline for a lease. A length of 0 gives the lease up.
func leaseLength(subscription string, seconds int32) (time.Duration, error) {
	if seconds < 0 || seconds > maxAckDeadline {
		return 0, status.Errorf(codes.InvalidArgument, "changing deadlines on %s: %d s is not in 0 to %d s",
			subscription, seconds, maxAckDeadline)
	}
	return time.Duration(seconds) * time.Second, nil
}
