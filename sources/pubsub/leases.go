package pubsub

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	apiv1 "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// idsAtOnce keeps a request below Pub/Sub's limit of 512 KiB; an ack id is at most about 200
	// bytes.
	idsAtOnce = 2500
	// shortest is the smallest ack deadline that a subscription can have. It is assumed where the
	// subscription's own is not known.
	shortest = 10 * time.Second
	// extendBy is the deadline that leases are extended to.
	extendBy = 60 * time.Second
	// checkEvery is how often leases are checked for extension.
	checkEvery = time.Second
)

// lease is a set of messages that were delivered together.
type lease struct {
	ids     []string
	oldest  int64 // publish time of the oldest of them, epoch ms
	expires time.Time
}

// leases keeps the messages of one subscription leased until they are acknowledged, and
// acknowledges them. Leases can last long: nothing is acknowledged while Redis is unavailable. It
// is safe for concurrent use.
type leases struct {
	client       *apiv1.SubscriptionAdminClient
	subscription string
	deadline     func() time.Duration
	errors       atomic.Int64 // calls that failed

	mu   sync.Mutex
	held map[*lease]struct{}
	due  []*lease // to be acknowledged; still held
	done int64    // messages acknowledged
	wake chan struct{}

	cancel context.CancelFunc
	tasks  sync.WaitGroup
}

func newLeases(client *apiv1.SubscriptionAdminClient, subscription string) *leases {
	ctx, cancel := context.WithCancel(context.Background())
	l := &leases{client: client, subscription: subscription, held: map[*lease]struct{}{}, wake: make(chan struct{}, 1),
		cancel: cancel}
	l.deadline = sync.OnceValue(func() time.Duration { return l.fetchDeadline(ctx) })
	l.tasks.Add(2)
	go func() {
		defer l.tasks.Done()
		l.extendAll(ctx)
	}()
	go func() {
		defer l.tasks.Done()
		l.acknowledgeAll(ctx)
	}()
	return l
}

// fetchDeadline returns the subscription's ack deadline, or shortest if the account may not get the
// subscription: pulling needs no such right.
func (l *leases) fetchDeadline(ctx context.Context) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	s, err := l.client.GetSubscription(ctx, &pubsubpb.GetSubscriptionRequest{Subscription: l.subscription})
	if err != nil {
		return shortest
	}
	return max(time.Duration(s.GetAckDeadlineSeconds())*time.Second, shortest)
}

// add begins a lease. oldest is the publish time of its oldest message, epoch ms.
func (l *leases) add(ids []string, oldest int64) *lease {
	x := &lease{ids: ids, oldest: oldest, expires: time.Now().Add(l.deadline())}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held[x] = struct{}{}
	return x
}

// acknowledge queues the messages of leases for acknowledgement. It does not block.
func (l *leases) acknowledge(done ...*lease) {
	l.mu.Lock()
	l.due = append(l.due, done...)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// nack gives the messages of a lease back for immediate redelivery.
func (l *leases) nack(ctx context.Context, x *lease) {
	if err := l.modify(ctx, x.ids, 0); err != nil {
		slog.Warn("could not give messages back; they are delivered again after their ack deadline",
			"subscription", l.subscription, "messages", len(x.ids), "error", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, x)
}

func (l *leases) modify(ctx context.Context, ids []string, deadline time.Duration) error {
	for len(ids) > 0 {
		n := min(len(ids), idsAtOnce)
		if err := l.client.ModifyAckDeadline(ctx, &pubsubpb.ModifyAckDeadlineRequest{Subscription: l.subscription,
			AckIds: ids[:n], AckDeadlineSeconds: int32(deadline / time.Second)}); err != nil {
			l.errors.Add(1)
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// extendAll extends leases that are about to expire, until the context ends.
func (l *leases) extendAll(ctx context.Context) {
	ticker := time.NewTicker(checkEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		var ids []string
		var extended []*lease
		l.mu.Lock()
		for x := range l.held {
			if x.expires.Sub(now) < shortest/2 {
				ids = append(ids, x.ids...)
				extended = append(extended, x)
			}
		}
		l.mu.Unlock()
		if len(ids) == 0 {
			continue
		}
		if err := l.modify(ctx, ids, extendBy); err != nil {
			if ctx.Err() == nil {
				slog.Warn("could not extend ack deadlines, trying again", "subscription", l.subscription,
					"messages", len(ids), "error", err)
			}
			continue
		}
		l.mu.Lock()
		for _, x := range extended {
			x.expires = now.Add(extendBy)
		}
		l.mu.Unlock()
	}
}

// acknowledgeAll sends queued acknowledgements until the context ends.
func (l *leases) acknowledgeAll(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		}
		for l.acknowledgeDue(ctx) {
		}
	}
}

// acknowledgeDue sends one request of queued acknowledgements, and reports whether there may be
// more. A request that fails is retried until the context ends; its messages stay leased.
func (l *leases) acknowledgeDue(ctx context.Context) (more bool) {
	l.mu.Lock()
	var ids []string
	n := 0
	for n < len(l.due) && (n == 0 || len(ids)+len(l.due[n].ids) <= idsAtOnce) {
		ids = append(ids, l.due[n].ids...)
		n++
	}
	batch := l.due[:n:n]
	l.mu.Unlock()
	if n == 0 {
		return false
	}
	backoff := gax.Backoff{Initial: 50 * time.Millisecond, Max: 5 * time.Second, Multiplier: 2}
	acknowledged := len(ids)
	for {
		err := l.client.Acknowledge(ctx, &pubsubpb.AcknowledgeRequest{Subscription: l.subscription, AckIds: ids})
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return false
		}
		l.errors.Add(1)
		code := status.Code(err)
		if code == codes.NotFound || code == codes.InvalidArgument || code == codes.PermissionDenied {
			slog.Error("acknowledgement refused; the messages may be delivered again", "subscription", l.subscription,
				"messages", len(ids), "error", err)
			acknowledged = 0
			break
		}
		wait := backoff.Pause()
		slog.Warn("acknowledgement failed, trying again", "subscription", l.subscription, "messages", len(ids),
			"error", err, "in", wait.String())
		if gax.Sleep(ctx, wait) != nil {
			return false
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range batch {
		delete(l.held, x)
	}
	l.due = l.due[n:]
	l.done += int64(acknowledged)
	if len(l.due) == 0 {
		l.due = nil
	}
	return true
}

// state returns how many messages were acknowledged, how many are leased, and when the oldest of
// the leased ones was published, epoch ms; 0 if none is leased.
func (l *leases) state() (acknowledged, leased, oldest int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for x := range l.held {
		leased += int64(len(x.ids))
		if oldest == 0 || x.oldest < oldest {
			oldest = x.oldest
		}
	}
	return l.done, leased, oldest
}

// count returns the number of leases held.
func (l *leases) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.held)
}

// close sends queued acknowledgements until ctx ends, and returns how many messages of them are
// left.
func (l *leases) close(ctx context.Context) int {
	l.cancel()
	l.tasks.Wait()
	for l.acknowledgeDue(ctx) {
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, x := range l.due {
		n += len(x.ids)
	}
	return n
}
