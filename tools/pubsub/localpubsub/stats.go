package localpubsub

import "context"

// Stats is what a subscription holds, and what it has done since it was created.
type Stats struct {
	Backlog     int64 // messages ready for delivery, or waiting for it after a failure
	Leased      int64 // messages delivered, and neither acknowledged nor expired
	Delivered   int64 // deliveries, each repetition counted
	Acked       int64 // messages acknowledged; copies made by Faults.DuplicateShare do not count
	Redelivered int64 // deliveries of messages whose earlier lease expired or was given up
	Expired     int64 // leases that expired
	Dead        int64 // messages published to the dead letter topic
	Duplicated  int64 // copies made by Faults.DuplicateShare
	UnknownAcks int64 // acknowledgements of no lease: expired, settled before, or of another subscription
}

// Stats returns the state of a subscription, given by its full name. The error is NotFound.
func (s *Server) Stats(subscription string) (Stats, error) {
	sub, err := s.findSubscription(subscription)
	if err != nil {
		return Stats{}, err
	}
	return sub.snapshot(), nil
}

// WaitAcked waits until n messages of the subscription have been acknowledged since it was created.
// It returns an error if before that the context ends, the subscription is deleted or the server is
// closed.
func (s *Server) WaitAcked(ctx context.Context, subscription string, n int64) error {
	sub, err := s.findSubscription(subscription)
	if err != nil {
		return err
	}
	return sub.waitAcked(ctx, n)
}
