package pubsub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	apiv1 "cloud.google.com/go/pubsub/v2/apiv1"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/sources/pubsub/dial"
)

// Subscriptions are the subscriptions that this process pulls from for one pipeline. The first
// bundle that reads one opens it; it stays open until Close. They are safe for concurrent use.
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

// errStopped is returned for a subscription that is opened while the pipeline drains.
var errStopped = errors.New("the pipeline is stopping")

// open returns the puller of a subscription, which it starts on the first call.
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

// maxAnswer bounds the answer to one Pull, in bytes. The client refuses a larger one, and the next
// Pull asks for fewer messages; the largest message, of 10 MB, always fits.
const maxAnswer = 64 << 20

// reconnect is gRPC's own backoff with a shorter longest pause, which delays recovery after an
// outage: 5 seconds in place of two minutes.
var reconnect = backoff.Config{BaseDelay: time.Second, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second}

// newClient connects to an emulator, or to Google's service where emulator is empty.
func newClient(emulator string) (*apiv1.SubscriptionAdminClient, error) {
	opts := append(dial.Options(emulator),
		option.WithGRPCDialOption(grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer))),
		option.WithGRPCDialOption(grpc.WithConnectParams(
			grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: 20 * time.Second})))
	client, err := apiv1.NewSubscriptionAdminClient(context.Background(), opts...)
	if err != nil {
		return nil, dial.Explain(err, emulator)
	}
	return client, nil
}

// Check returns an error if this process is certain to fail to pull, for want of credentials for
// example. It sends nothing.
func Check(emulator string) error {
	client, err := newClient(emulator)
	if err != nil {
		return err
	}
	return client.Close()
}

// Stop ends all pulling and gives back what was pulled and not emitted. What was emitted can still
// be acknowledged.
func (s *Subscriptions) Stop(ctx context.Context) {
	s.mu.Lock()
	s.stopped = true
	pullers := s.pullers
	s.mu.Unlock()
	for _, p := range pullers {
		p.stop(ctx)
	}
}

// Wait returns when every message that was pulled is acknowledged or given back, or with the cause
// of the context's end.
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

// held returns the number of pulls that are neither acknowledged nor given back.
func (s *Subscriptions) held() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pullers {
		n += p.leases.count()
	}
	return n
}

// Err returns why a subscription can no longer be pulled from, or nil.
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

// Close stops pulling, sends queued acknowledgements for up to ten seconds, and disconnects.
func (s *Subscriptions) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s.Stop(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for name, p := range s.pullers {
		if n := p.leases.close(ctx); n > 0 {
			slog.Warn("acknowledgements were not sent; the messages will be delivered again",
				"subscription", name, "messages", n)
		}
		errs = append(errs, p.client.Close())
	}
	s.pullers = map[string]*puller{}
	return errors.Join(errs...)
}
