package localpubsub

import (
	"math/rand/v2"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Faults makes a subscription misbehave, for tests. The zero value is good behaviour.
type Faults struct {
	FailPulls    int        // the next so many Pull calls and openings of StreamingPull fail
	FailAcks     int        // the next so many Acknowledge calls fail, without effect
	FailModifies int        // the next so many ModifyAckDeadline calls fail, without effect
	Code         codes.Code // what they fail with; OK means Unavailable

	// DuplicateShare is the share of messages, 0 to 1, that are delivered twice, each delivery with an ack id of its own.
	// It is drawn by Seed.
	DuplicateShare float64
	Seed           uint64
}

// Inject replaces the faults of a subscription, given by its full name. The error is NotFound, or InvalidArgument for
// values out of range.
func (s *Server) Inject(subscription string, f Faults) error {
	if f.FailPulls < 0 || f.FailAcks < 0 || f.FailModifies < 0 || !(f.DuplicateShare >= 0 && f.DuplicateShare <= 1) {
		return status.Errorf(codes.InvalidArgument, "faults of %s: a count is negative or the share of duplicates is not between 0 and 1", subscription)
	}
	sub, err := s.findSubscription(subscription)
	if err != nil {
		return err
	}
	sub.inject(f)
	return nil
}

// Expire ends all leases of a subscription, given by its full name, as if their ack deadlines had passed. The error is NotFound.
func (s *Server) Expire(subscription string) error {
	sub, err := s.findSubscription(subscription)
	if err != nil {
		return err
	}
	sub.expire()
	return nil
}

// duplicator draws for Faults.DuplicateShare; nil when there is nothing to draw.
func (f Faults) duplicator() func() bool {
	if f.DuplicateShare == 0 {
		return nil
	}
	draw := rand.New(rand.NewPCG(f.Seed, 0))
	return func() bool { return draw.Float64() < f.DuplicateShare }
}

// spend takes one failure from a counter of f, and returns it.
func (f *Faults) spend(left *int, call, subscription string) error {
	if *left == 0 {
		return nil
	}
	*left--
	code := f.Code
	if code == codes.OK {
		code = codes.Unavailable
	}
	return status.Errorf(code, "%s on %s: injected fault", call, subscription)
}
