package localpubsub

import (
	"math"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
)

// failing configures what happens to a message that is given up: its lease expired, or its consumer
// gave it back. With the zero value it is delivered again at once, without end.
type failing struct {
	shortest, longest time.Duration // between two deliveries; 0: at once
	most              int32         // deliveries before it goes to the dead letter topic; 0: no end
}

// Limits and defaults of the protocol.
const (
	minAttempts, maxAttempts, defaultAttempts = 5, 100, 5
	maxBackoff                                = 600 * time.Second
	defaultShortest, defaultLongest           = 10 * time.Second, maxBackoff
)

func failingOf(c *pb.Subscription) (f failing) {
	if p := c.GetRetryPolicy(); p != nil {
		f.shortest, f.longest = p.GetMinimumBackoff().AsDuration(), p.GetMaximumBackoff().AsDuration()
	}
	if p := c.GetDeadLetterPolicy(); p != nil {
		f.most = p.GetMaxDeliveryAttempts()
	}
	return f
}

// backoff returns how long a message waits after its delivery number attempt. The time doubles with
// each delivery.
func (f failing) backoff(attempt int32) time.Duration {
	if f.shortest <= 0 {
		return 0
	}
	// A float64 cannot overflow here.
	return time.Duration(min(float64(f.longest), float64(f.shortest)*math.Pow(2, float64(attempt-1))))
}

// hopeless reports whether a message has been delivered for the last time.
func (f failing) hopeless(attempt int32) bool { return f.most > 0 && attempt >= f.most }
