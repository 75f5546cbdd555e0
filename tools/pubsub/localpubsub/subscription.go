package localpubsub

import (
	"context"
	"sync"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// subscription is a queue with a lock, a timer on its earliest change, and the calls that wait for
// it. Leases run on the wall clock, whatever the server's clock shows, because the clients that
// hold them use the wall clock. It is safe for concurrent use.
type subscription struct {
	name string

	mu          sync.Mutex
	config      *pb.Subscription
	ackDeadline time.Duration
	queue       queue
	faults      Faults
	available   bell // messages became ready, a consumer has room again, or the subscription ended
	acked       bell
	timer       *time.Timer
	armed       time.Time // when the timer fires; zero if it is not set
	gone        error     // why the subscription ended; nil while it exists
	bury        burial    // takes the messages that were given up too often
}

func newSubscription(config *pb.Subscription, ackDeadline time.Duration, serial uint64, bury burial) *subscription {
	s := &subscription{name: config.GetName(), config: config, ackDeadline: ackDeadline, queue: newQueue(serial),
		bury: bury}
	s.queue.failing = failingOf(config)
	return s
}

// push adds messages with their sizes at the end of the backlog.
func (s *subscription) push(messages []*pb.PubsubMessage, sizes []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, m := range messages {
		s.queue.push(m, sizes[i])
	}
	s.available.ring()
}

// pull leases up to limit messages, and waits for the first one for at most patience. It returns
// none if there is none by then. If the caller has gone before the messages are sent, they are not
// leased.
func (s *subscription) pull(ctx context.Context, limit int, patience time.Duration) ([]*pb.ReceivedMessage, error) {
	var timeout <-chan time.Time
	if patience > 0 {
		t := time.NewTimer(patience)
		defer t.Stop()
		timeout = t.C
	}
	for {
		got, more, err := s.lease(ctx, 0, limit, nil)
		if err != nil {
			return nil, err
		}
		if len(got) > 0 {
			if ctx.Err() != nil {
				s.undo(got)
				return nil, contextError(ctx)
			}
			return got, nil
		}
		if patience <= 0 {
			return nil, nil
		}
		select {
		case <-more:
		case <-timeout:
			return nil, nil
		case <-ctx.Done():
			return nil, contextError(ctx)
		}
	}
}

// lease takes up to limit messages for the length of time, or for the subscription's ack deadline
// if that is 0. If there are none, it returns a channel that is closed when another attempt may
// succeed.
func (s *subscription) lease(ctx context.Context, length time.Duration, limit int,
	to *consumer) ([]*pb.ReceivedMessage, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.unlock()
	if s.gone != nil {
		return nil, nil, s.gone
	}
	if ctx.Err() != nil {
		return nil, nil, contextError(ctx)
	}
	if length == 0 {
		length = s.ackDeadline
	}
	now := s.advance()
	got := s.queue.lease(now, length, limit, to)
	s.arm(now)
	if len(got) > 0 {
		return got, nil, nil
	}
	return nil, s.available.listen(), nil
}

// undo cancels a lease that could not be sent.
func (s *subscription) undo(got []*pb.ReceivedMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]uint64, len(got))
	for i, m := range got {
		ids[i], _ = s.queue.ids.parse(m.GetAckId())
	}
	s.queue.undo(ids)
	s.available.ring()
}

// ack acknowledges all ids, or none if one of them is no ack id.
func (s *subscription) ack(texts []string) error {
	s.mu.Lock()
	defer s.unlock()
	ids, err := s.parse(texts)
	if err != nil {
		return err
	}
	s.advance()
	for _, id := range ids {
		s.queue.ack(id)
	}
	s.acked.ring()
	s.available.ring()
	return nil
}

// extend gives the lease texts[i] the length length(i) from now on, or gives it up if that is 0. It
// changes all of them, or none if one is no ack id.
func (s *subscription) extend(texts []string, length func(i int) time.Duration) error {
	s.mu.Lock()
	defer s.unlock()
	ids, err := s.parse(texts)
	if err != nil {
		return err
	}
	now := s.advance()
	for i, id := range ids {
		s.queue.extend(now, id, length(i))
	}
	s.arm(now)
	s.available.ring()
	return nil
}

// parse reads ack ids. The lock must be held.
func (s *subscription) parse(texts []string) ([]uint64, error) {
	if s.gone != nil {
		return nil, s.gone
	}
	ids := make([]uint64, len(texts))
	for i, text := range texts {
		id, ok := s.queue.ids.parse(text)
		if !ok {
			return nil, status.Errorf(codes.InvalidArgument, "%s: %q is not an ack id", s.name, text)
		}
		ids[i] = id
	}
	return ids, nil
}

// advance brings the queue to the present time, which it returns. The lock must be held.
func (s *subscription) advance() time.Time {
	now := time.Now()
	if s.queue.expire(now) > 0 {
		s.available.ring()
	}
	return now
}

// arm sets the timer to the earliest change, unless it fires before that. The lock must be held.
func (s *subscription) arm(now time.Time) {
	next, ok := s.queue.nextChange()
	if !ok || s.gone != nil || !s.armed.IsZero() && !next.Before(s.armed) {
		return
	}
	s.armed = next
	if s.timer == nil {
		s.timer = time.AfterFunc(next.Sub(now), s.fire)
	} else {
		s.timer.Reset(next.Sub(now))
	}
}

func (s *subscription) fire() {
	s.mu.Lock()
	defer s.unlock()
	s.armed = time.Time{}
	s.arm(s.advance())
}

func (s *subscription) snapshot() Stats {
	s.mu.Lock()
	defer s.unlock()
	s.advance()
	return s.queue.snapshot()
}

func (s *subscription) waitAcked(ctx context.Context, n int64) error {
	for {
		s.mu.Lock()
		acked, gone, more := s.queue.stats.Acked, s.gone, s.acked.listen()
		s.mu.Unlock()
		if acked >= n {
			return nil
		}
		if gone != nil {
			return gone
		}
		select {
		case <-more:
		case <-ctx.Done():
			return status.Errorf(contextCode(ctx), "%s: %d of %d messages acknowledged: %v", s.name, acked,
				n, context.Cause(ctx))
		}
	}
}

// expire ends all leases now.
func (s *subscription) expire() {
	s.mu.Lock()
	defer s.unlock()
	now := s.advance()
	s.queue.endLeases(now, now.Add(maxAckDeadline*time.Second))
	s.arm(now)
	s.available.ring()
}

func (s *subscription) inject(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
	s.queue.duplicate = f.duplicator()
}

// failure returns the injected failure of a call, or nil. counter selects the fault's counter.
func (s *subscription) failure(call string, counter func(*Faults) *int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.spend(counter(&s.faults), call, s.name)
}

func (s *subscription) describe() *pb.Subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	return proto.CloneOf(s.config)
}

// configure changes the configuration, and the ack deadline of later leases if it is not 0.
func (s *subscription) configure(change func(*pb.Subscription), ackDeadline time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.config)
	s.queue.failing = failingOf(s.config)
	if ackDeadline != 0 {
		s.ackDeadline = ackDeadline
	}
}

// end ends the subscription: all waiting and later calls return the reason.
func (s *subscription) end(reason error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone != nil {
		return
	}
	s.gone = reason
	if s.timer != nil {
		s.timer.Stop()
	}
	s.available.ring()
	s.acked.ring()
}

func contextCode(ctx context.Context) codes.Code {
	return status.FromContextError(ctx.Err()).Code()
}

func contextError(ctx context.Context) error {
	return status.FromContextError(ctx.Err()).Err()
}
