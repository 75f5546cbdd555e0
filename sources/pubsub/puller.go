package pubsub

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	apiv1 "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sources"
	"github.com/beamlytics/streamlytics/sources/pubsub/dial"
)

const (
	pullMessages = 1000     // Pub/Sub's own limit of one Pull
	pullBytes    = 16 << 20 // size of the messages that one Pull aims at
	pullsAhead   = 8        // pulls that wait for a bundle
	bytesAhead   = 64 << 20 // size of the messages waiting for a bundle above which no more are pulled
	pullAtOnce   = 1        // concurrent pulls of a subscription: one keeps two cores busy

	// pace is the shortest time between two bundles of a subscription that are not full. Each costs
	// about half a millisecond of processor time for its keys, and messages wait half of it on
	// average.
	pace = 50 * time.Millisecond
	// waitAtMost is how long a bundle waits for its first message. It holds one of the eight that
	// Prism runs at a time.
	waitAtMost = time.Second
)

// pulled is the answer to one Pull.
type pulled struct {
	messages []event.Message
	bytes    int64 // of the messages
	latest   int64 // publish time of the latest of them, epoch ms
	lease    *lease
}

// puller pulls one subscription in the background, ahead of the bundles by a bounded number of
// pulls. A Pull has no deadline of its own: one that fires after the server has delivered messages
// would strand them until their ack deadline.
type puller struct {
	client *apiv1.SubscriptionAdminClient
	sub    Subscription
	dialed string // address of the service: an emulator's host:port, or empty for Google's
	leases *leases
	reach  *reach
	ready  chan pulled
	pulled atomic.Int64  // messages
	errors atomic.Int64  // pulls that failed
	ahead  atomic.Int64  // bytes in ready
	taken  chan struct{} // gets a token when ready became smaller
	cancel context.CancelFunc
	done   sync.WaitGroup
	over   chan struct{} // closed when pulling has ended

	mu   sync.Mutex
	err  error
	last time.Time // when a bundle last took something
}

// startPuller pulls a subscription with a client of an emulator, or of Google's service where
// emulator is empty.
func startPuller(client *apiv1.SubscriptionAdminClient, sub Subscription, emulator string) *puller {
	ctx, cancel := context.WithCancel(context.Background())
	p := &puller{client: client, sub: sub, dialed: emulator, reach: newReach(time.Now()),
		leases: newLeases(client, sub.Name), ready: make(chan pulled, pullsAhead), taken: make(chan struct{}, 1),
		cancel: cancel, over: make(chan struct{})}
	for range pullAtOnce {
		p.done.Add(1)
		go func() {
			defer p.done.Done()
			p.run(ctx)
		}()
	}
	go func() {
		p.done.Wait()
		close(p.over)
	}()
	return p
}

func (p *puller) run(ctx context.Context) {
	backoff := newBackoff()
	ask := int32(pullMessages)
	for p.waitForRoom(ctx) {
		asked := time.Now()
		received, err := p.pull(ctx, ask)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			backoff = newBackoff()
		case final(err):
			p.fail(fmt.Errorf("pull from %s: %w", p.sub.Name, dial.Explain(err, p.dialed)))
			return
		default:
			if status.Code(err) == codes.ResourceExhausted {
				ask = max(ask/2, 1) // the answer may have been too large
			}
			if gax.Sleep(ctx, backoff.Pause()) != nil {
				return
			}
			continue
		}
		if len(received) == 0 {
			// A server that answers at once although it has no message must not be polled in a
			// tight loop.
			if time.Since(asked) < sources.Idle && gax.Sleep(ctx, sources.Idle/2+rand.N(sources.Idle/2)) != nil {
				return
			}
			continue
		}
		b := p.accept(received)
		ask = min(2*ask, b.fitting())
		p.ahead.Add(b.bytes)
		select {
		case p.ready <- b:
		case <-ctx.Done():
			giveBack, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			p.leases.nack(giveBack, b.lease)
			cancel()
			return
		}
	}
}

func newBackoff() gax.Backoff {
	return gax.Backoff{Initial: 50 * time.Millisecond, Max: 5 * time.Second, Multiplier: 2}
}

// pull asks for up to n messages once, and records and logs the outcome. It waits for messages,
// except on the first call since the start or a failure: that one shows whether the subscription
// can be pulled from, and must not depend on a message.
func (p *puller) pull(ctx context.Context, n int32) ([]*pubsubpb.ReceivedMessage, error) {
	asked := time.Now()
	request := &pubsubpb.PullRequest{Subscription: p.sub.Name, MaxMessages: n}
	request.ReturnImmediately = p.reach.ask(asked) //nolint:staticcheck // deprecated because it must not be set always
	answer, err := p.client.Pull(ctx, request, gax.WithTimeout(0), gax.WithRetry(nil))
	empty := status.Code(err) == codes.DeadlineExceeded && time.Since(asked) > time.Second // there was no message
	if err == nil || empty {
		p.reach.answer(time.Now())
		return answer.GetReceivedMessages(), err
	}
	if ctx.Err() != nil {
		return nil, err
	}
	p.errors.Add(1)
	if failures := p.reach.fail(time.Now(), err); failures > 0 && !final(err) {
		slog.Warn("pull failed, trying again", "subscription", p.sub.Name, "failures", failures,
			"error", dial.Explain(err, p.dialed))
	}
	return nil, err
}

// waitForRoom waits while too many bytes are ahead. It reports whether pulling may continue.
func (p *puller) waitForRoom(ctx context.Context) bool {
	for p.ahead.Load() >= bytesAhead {
		select {
		case <-p.taken:
		case <-ctx.Done():
			return false
		}
	}
	return ctx.Err() == nil
}

// fitting returns how many messages of this average size the next Pull may ask for.
func (b pulled) fitting() int32 {
	return int32(max(1, min(pullMessages, pullBytes*int64(len(b.messages))/max(b.bytes, 1))))
}

// final reports whether pulling again cannot help.
func final(err error) bool {
	switch status.Code(err) {
	case codes.NotFound, codes.PermissionDenied, codes.Unauthenticated, codes.InvalidArgument, codes.FailedPrecondition:
		return true
	}
	return false
}

// accept leases the messages of an answer.
func (p *puller) accept(received []*pubsubpb.ReceivedMessage) pulled {
	messages := make([]event.Message, len(received))
	ids := make([]string, len(received))
	p.pulled.Add(int64(len(messages)))
	b := pulled{messages: messages}
	oldest := int64(0)
	for i, r := range received {
		ids[i] = r.GetAckId()
		messages[i] = messageOf(r.GetMessage(), p.sub.Channel)
		b.bytes += int64(messages[i].Size())
		b.latest = max(b.latest, messages[i].PublishedAt)
		if i == 0 || messages[i].PublishedAt < oldest {
			oldest = messages[i].PublishedAt
		}
	}
	b.lease = p.leases.add(ids, oldest)
	return b
}

// take returns the pulls that are ready, up to about n messages and sources.BundleBytes. It waits
// up to waitAtMost for the first, and for more until pace has passed since the last call that
// returned any: messages that arrive one by one are gathered, and one that arrives after a pause is
// not delayed.
func (p *puller) take(n int) (pulls []pulled) {
	timer := time.NewTimer(waitAtMost)
	defer timer.Stop()
	var bytes int64
	add := func(b pulled) {
		pulls = append(pulls, b)
		n -= len(b.messages)
		bytes += b.bytes
		p.ahead.Add(-b.bytes)
		select {
		case p.taken <- struct{}{}:
		default:
		}
	}
	select {
	case b := <-p.ready:
		add(b)
	case <-timer.C:
		return nil
	case <-p.over:
		return nil
	}
	p.mu.Lock()
	gather := pace - time.Since(p.last)
	p.mu.Unlock()
	timer.Reset(max(gather, 0))
	for gathering := true; n > 0 && bytes < sources.BundleBytes; {
		if gathering {
			select {
			case b := <-p.ready:
				add(b)
			case <-timer.C:
				gathering = false
			case <-p.over:
				gathering = false
			}
			continue
		}
		select {
		case b := <-p.ready:
			add(b)
			continue
		default:
		}
		break
	}
	p.mu.Lock()
	p.last = time.Now()
	p.mu.Unlock()
	return pulls
}

// ended reports whether pulling has ended.
func (p *puller) ended() bool {
	select {
	case <-p.over:
		return true
	default:
		return false
	}
}

func (p *puller) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

func (p *puller) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// stop ends pulling and gives back the pulls that no bundle took.
func (p *puller) stop(ctx context.Context) {
	p.cancel()
	p.done.Wait()
	for {
		select {
		case b := <-p.ready:
			p.leases.nack(ctx, b.lease)
		default:
			return
		}
	}
}
