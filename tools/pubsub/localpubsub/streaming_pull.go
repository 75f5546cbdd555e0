package localpubsub

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// streamBatch is the most messages of one streamed response, so that streams share a backlog.
const streamBatch = 1000

// pullStream is one StreamingPull call. One goroutine sends, another receives; the subscription
// joins them.
type pullStream struct {
	stream  pb.Subscriber_StreamingPullServer
	sub     *subscription
	to      *consumer
	length  atomic.Int64 // of leases to come, ns
	version int64        // of the protocol; from 1 on, keep-alives of the client are answered
	pings   chan struct{}
	failed  chan error // why receiving ended; nil if the client closed its side
}

func (s *subscriberService) StreamingPull(stream pb.Subscriber_StreamingPullServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	sub, err := s.server.findSubscription(first.GetSubscription())
	if err != nil {
		return err
	}
	if err := sub.failure("StreamingPull", func(f *Faults) *int { return &f.FailPulls }); err != nil {
		return err
	}
	length, err := checkAckDeadline(sub.name, first.GetStreamAckDeadlineSeconds())
	if err != nil {
		return err
	}
	p := &pullStream{
		stream:  stream,
		sub:     sub,
		to:      &consumer{maxMessages: first.GetMaxOutstandingMessages(), maxBytes: first.GetMaxOutstandingBytes()},
		version: first.GetProtocolVersion(),
		pings:   make(chan struct{}, 1),
		failed:  make(chan error, 1),
	}
	p.length.Store(int64(length))
	if err := p.settle(first); err != nil {
		return err
	}
	// receive ends at the latest when this handler returns, because that ends the context of the
	// stream.
	go func() { p.failed <- p.receive() }()
	return p.send()
}

// send delivers messages that are ready, as far as the client has room for them.
func (p *pullStream) send() error {
	ctx := p.stream.Context()
	for {
		select {
		case err := <-p.failed:
			return err
		default:
		}
		got, more, err := p.sub.lease(ctx, time.Duration(p.length.Load()), streamBatch, p.to)
		if err != nil {
			return err
		}
		if len(got) > 0 {
			if err := p.stream.Send(response(got)); err != nil {
				p.sub.undo(got)
				return err
			}
			continue
		}
		select {
		case <-more:
		case <-p.pings:
			if err := p.stream.Send(response(nil)); err != nil {
				return err
			}
		case err := <-p.failed:
			return err
		case <-ctx.Done():
			return contextError(ctx)
		}
	}
}

// receive executes the requests of the client until it closes its side.
func (p *pullStream) receive() error {
	for {
		req, err := p.stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if req.GetSubscription() != "" || req.GetMaxOutstandingMessages() != 0 ||
			req.GetMaxOutstandingBytes() != 0 || req.GetProtocolVersion() != 0 {
			return status.Errorf(codes.InvalidArgument,
				"streaming from %s: subscription, flow control and protocol version belong in the first request only",
				p.sub.name)
		}
		if seconds := req.GetStreamAckDeadlineSeconds(); seconds != 0 {
			length, err := checkAckDeadline(p.sub.name, seconds)
			if err != nil {
				return err
			}
			p.length.Store(int64(length))
		}
		if len(req.GetAckIds()) == 0 && len(req.GetModifyDeadlineAckIds()) == 0 && p.version >= 1 {
			select {
			case p.pings <- struct{}{}:
			default: // one answer is still due
			}
		}
		if err := p.settle(req); err != nil {
			return err
		}
	}
}

// settle executes the acknowledgements and deadlines of a request.
func (p *pullStream) settle(req *pb.StreamingPullRequest) error {
	if len(req.GetAckIds()) > 0 {
		if err := p.sub.ack(req.GetAckIds()); err != nil {
			return err
		}
	}
	ids, seconds := req.GetModifyDeadlineAckIds(), req.GetModifyDeadlineSeconds()
	if len(ids) != len(seconds) {
		return status.Errorf(codes.InvalidArgument, "streaming from %s: %d ack ids to modify with %d deadlines",
			p.sub.name, len(ids), len(seconds))
	}
	if len(ids) == 0 {
		return nil
	}
	lengths := make([]time.Duration, len(ids))
	for i := range seconds {
		var err error
		if lengths[i], err = leaseLength(p.sub.name, seconds[i]); err != nil {
			return err
		}
	}
	return p.sub.extend(ids, func(i int) time.Duration { return lengths[i] })
}

func response(messages []*pb.ReceivedMessage) *pb.StreamingPullResponse {
	return &pb.StreamingPullResponse{
		ReceivedMessages:       messages,
		SubscriptionProperties: &pb.StreamingPullResponse_SubscriptionProperties{},
	}
}
