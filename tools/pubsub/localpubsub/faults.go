package localpubsub

import (
	"math/rand/v2"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Faults makes a subscription fail, for tests. With the zero value it does not.
type Faults struct {
	FailPulls    int        // the number of next Pull calls and openings of StreamingPull that fail
	FailAcks     int        // the number of next Acknowledge calls that fail, without effect
	FailModifies int        // the number of next ModifyAckDeadline calls that fail, without effect
	Code         codes.Code // the code of these failures; OK means Unavailable

	// DuplicateShare is the share of messages, 0 to 1, that are delivered twice, each delivery with
	// its own ack id. Seed decides which.
	DuplicateShare float64
	Seed           uint64
}

// Inject replaces the faults of a subscription, given by its full name. The error is NotFound, or
// InvalidArgument for values out of range.
func (s *Server) Inject(subscription string, f Faults) error {
	if f.FailPulls < 0 || f.FailAcks < 0 || f.FailModifies < 0 || !(f.DuplicateShare >= 0 && f.DuplicateShare <= 1) {
		return status.Errorf(codes.InvalidArgument,
			"faults of %s: a count is negative or the share of duplicates is not between 0 and 1", subscription)
	}
	sub, err := s.findSubscription(subscription)
	if err != nil {
		return err
	}
	sub.inject(f)
	return nil
}

// Expire ends all leases of a subscription, given by its full name, as if their ack deadlines had
// passed. The error is NotFound.
func (s *Server) Expire(subscription string) error {
	sub, err := s.findSubscription(subscription)
	if err != nil {
		return err
	}
	sub.expire()
	return nil
}

// duplicator returns a function that draws by DuplicateShare, or nil if that is 0.
func (f Faults) duplicator() func() bool {
	if f.DuplicateShare == 0 {
		return nil
	}
	draw := rand.New(rand.NewPCG(f.Seed, 0))
	return func() bool { return draw.Float64() < f.DuplicateShare }
}

// spend decrements a counter of f and returns a failure, or nil if the counter is 0.
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
