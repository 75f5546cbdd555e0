package sources

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/internal/pubsubdial"
)

// Subscriptions are the subscriptions that this process pulls from for one pipeline. They are opened by the first bundle that
// reads them and live until Close, across bundles. Safe for concurrent use.
type Subscriptions struct {
	mu      sync.Mutex
	stopped bool
	pullers map[string]*puller
}

// SubscriptionsOf returns the subscriptions of a pipeline.
func SubscriptionsOf(e *process.Env) *Subscriptions {
	s, _ := process.Shared(e, "subscriptions", func() (*Subscriptions, error) {
		return &Subscriptions{pullers: map[string]*puller{}}, nil
	})
	return s
}

// errStopped says that the pipeline is draining.
var errStopped = errors.New("the pipeline is stopping")

// open returns the puller of a subscription and starts it if need be.
func (s *Subscriptions) open(sub Subscription, emulator string) (*puller, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.pullers[sub.Name]; p != nil {
		return p, nil
	}
	if s.stopped {
		return nil, errStopped
	}
	client, err := newClient(emulator)
	if err != nil {
		return nil, fmt.Errorf("connect to Pub/Sub for %s: %w", sub.Name, err)
	}
	p := startPuller(client, sub, emulator)
	s.pullers[sub.Name] = p
	return p, nil
}

// maxAnswer bounds the answer to one Pull, in bytes. A larger one is refused by the client, and fewer messages are asked for; the
// largest message, of 10 MB, fits in any case.
const maxAnswer = 64 << 20

// reconnect is gRPC's own backoff, but for its longest pause of two minutes: it is what an outage goes on for after its end.
var reconnect = backoff.Config{BaseDelay: time.Second, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second}

// newClient connects to an emulator, or to Google where emulator is empty.
func newClient(emulator string) (*pubsub.SubscriptionAdminClient, error) {
	opts := append(pubsubdial.Options(emulator),
		option.WithGRPCDialOption(grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer))),
		option.WithGRPCDialOption(grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: 20 * time.Second})))
	client, err := pubsub.NewSubscriptionAdminClient(context.Background(), opts...)
	if err != nil {
		return nil, pubsubdial.Explain(err, emulator)
	}
	return client, nil
}

// CheckPubSub reports what is certain to keep this process from pulling, such as credentials that are missing. It sends nothing.
func CheckPubSub(emulator string) error {
	client, err := newClient(emulator)
	if err != nil {
		return err
	}
	return client.Close()
}

// Stop ends all pulling and gives back what was pulled and not emitted. What was emitted can still be acknowledged.
func (s *Subscriptions) Stop(ctx context.Context) {
	s.mu.Lock()
	s.stopped = true
	pullers := s.pullers
	s.mu.Unlock()
	for _, p := range pullers {
		p.stop(ctx)
	}
}

// Wait returns when every message that was pulled is acknowledged or given back, or with the context's error.
func (s *Subscriptions) Wait(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for s.held() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// held is the number of pulls that are not settled.
func (s *Subscriptions) held() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pullers {
		n += p.leases.count()
	}
	return n
}

// Err is why a subscription cannot be pulled from any more, or nil.
func (s *Subscriptions) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pullers {
		if err := p.failed(); err != nil {
			return err
		}
	}
	return nil
}

// Close stops pulling, sends the acknowledgements that are due, for ten seconds at most, and disconnects.
func (s *Subscriptions) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s.Stop(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for name, p := range s.pullers {
		if n := p.leases.close(ctx); n > 0 {
			slog.Warn("acknowledgements were not sent; the messages will be delivered again", "subscription", name, "messages", n)
		}
		errs = append(errs, p.client.Close())
	}
	s.pullers = map[string]*puller{}
	return errors.Join(errs...)
}
