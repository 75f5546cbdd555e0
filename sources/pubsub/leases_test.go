package pubsub

import (
	"context"
	"testing"
	"time"

	apiv1 "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"

	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

func (s service) client() *apiv1.SubscriptionAdminClient {
	s.t.Helper()
	client, err := newClient(s.Addr())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { client.Close() })
	return client
}

// leased pulls up to n messages and returns leases of testSub with one lease of their ids.
func (s service) leased(n int) (*leases, *lease) {
	s.t.Helper()
	client := s.client()
	answer, err := client.Pull(s.t.Context(), &pubsubpb.PullRequest{Subscription: testSub.Name, MaxMessages: int32(n)})
	if err != nil {
		s.t.Fatal(err)
	}
	l := newLeases(client, testSub.Name)
	s.t.Cleanup(func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		l.close(ended)
	})
	var ids []string
	for _, m := range answer.ReceivedMessages {
		ids = append(ids, m.AckId)
	}
	return l, l.add(ids, 0)
}

// TestLeasesAreExtended: messages that wait longer than their ack deadline are not delivered again,
// even if an extension fails.
func TestLeasesAreExtended(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]localpubsub.Faults{"good": {}, "first try fails": {FailModifies: 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startService(t, 4*time.Second)
			s.publish(10)
			if err := s.Inject(testSub.Name, faults); err != nil {
				t.Fatal(err)
			}
			l, x := s.leased(10)
			l.mu.Lock()
			// what the service thinks too, although it says that 10 s is the least
			x.expires = time.Now().Add(4 * time.Second)
			l.mu.Unlock()
			await(t, "extension", func() bool {
				l.mu.Lock()
				defer l.mu.Unlock()
				return time.Until(x.expires) > extendBy-5*time.Second
			})
			past := time.Now().Add(5 * time.Second)
			await(t, "the first deadline", func() bool { return time.Now().After(past) })
			if got := s.stats(); got.Leased != 10 || got.Expired != 0 {
				t.Errorf("stats %+v", got)
			}
			l.acknowledge(x)
			await(t, "acknowledgement", func() bool { return s.stats().Acked == 10 && l.count() == 0 })
		})
	}
}

// TestLeasesKnowTheDeadline: the deadline is the subscription's, and the shortest there is where it
// cannot be known.
func TestLeasesKnowTheDeadline(t *testing.T) {
	s := startService(t, 5*time.Minute)
	if got := newLeasesOf(t, s.client(), testSub.Name).deadline(); got != 5*time.Minute {
		t.Errorf("deadline %v, want that of the subscription", got)
	}
	if got := newLeasesOf(t, s.client(), localpubsub.SubscriptionName("shop", "nowhere")).deadline(); got != shortest {
		t.Errorf("deadline %v of a subscription that cannot be seen, want %v", got, shortest)
	}
}

func newLeasesOf(t *testing.T, client *apiv1.SubscriptionAdminClient, name string) *leases {
	l := newLeases(client, name)
	t.Cleanup(func() { l.close(t.Context()) })
	return l
}

// TestLeasesAcknowledgeInBulk: many small leases that fall due together go out in few requests,
// large ones in several.
func TestLeasesAcknowledgeInBulk(t *testing.T) {
	const n = 900
	s := startService(t, 0)
	s.publish(n)
	l, whole := s.leased(n)
	for _, id := range whole.ids {
		l.acknowledge(l.add([]string{id}, 0))
	}
	await(t, "all acknowledgements", func() bool { return s.stats().Acked == n })
	await(t, "nothing but the lease of all", func() bool { return l.count() == 1 })
	l.acknowledge(whole) // of what is acknowledged already
	await(t, "the last lease", func() bool { return l.count() == 0 })
	if got := s.stats(); got.UnknownAcks != n {
		t.Errorf("stats %+v, want %d repeated acknowledgements", got, n)
	}
}

// TestNackLargeLease: more ids than fit into one request are given back in several.
func TestNackLargeLease(t *testing.T) {
	s := startService(t, 10*time.Minute)
	s.publish(idsAtOnce + 500)
	l, all := s.leased(1000)
	for len(all.ids) < idsAtOnce+500 {
		answer, err := l.client.Pull(t.Context(), &pubsubpb.PullRequest{Subscription: testSub.Name, MaxMessages: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range answer.ReceivedMessages {
			all.ids = append(all.ids, m.AckId)
		}
	}
	l.nack(t.Context(), all)
	if got := s.stats(); got.Backlog != idsAtOnce+500 || got.Leased != 0 || l.count() != 0 {
		t.Errorf("%d leases held; stats %+v", l.count(), got)
	}
}

// TestCloseSendsWhatIsDue: Close tries as long as it may, and says how many messages it could not
// acknowledge.
func TestCloseSendsWhatIsDue(t *testing.T) {
	for name, tt := range map[string]struct {
		fail int
		left int
	}{"good": {0, 0}, "after a failure": {2, 0}, "never": {1_000_000, 10}} {
		t.Run(name, func(t *testing.T) {
			s := startService(t, 10*time.Minute)
			s.publish(10)
			if err := s.Inject(testSub.Name, localpubsub.Faults{FailAcks: tt.fail}); err != nil {
				t.Fatal(err)
			}
			l, x := s.leased(10)
			l.acknowledge(x)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			if left := l.close(ctx); left != tt.left {
				t.Errorf("%d messages left, want %d", left, tt.left)
			}
			if got := s.stats().Acked; got != int64(10-tt.left) {
				t.Errorf("%d messages are acknowledged", got)
			}
		})
	}
}

// TestAcknowledgementRefused: what the service will never take is not tried for ever.
func TestAcknowledgementRefused(t *testing.T) {
	s := startService(t, 10*time.Minute)
	s.publish(2)
	l, x := s.leased(1)
	if err := s.Inject(testSub.Name, localpubsub.Faults{FailAcks: 1, Code: codes.PermissionDenied}); err != nil {
		t.Fatal(err)
	}
	l.acknowledge(x)
	await(t, "end of a lease whose acknowledgement is refused", func() bool { return l.count() == 0 })
	answer, err := l.client.Pull(t.Context(), &pubsubpb.PullRequest{Subscription: testSub.Name, MaxMessages: 1})
	if err != nil {
		t.Fatal(err)
	}
	l.acknowledge(l.add([]string{answer.ReceivedMessages[0].AckId}, 0))
	await(t, "the next acknowledgement", func() bool { return s.stats().Acked == 1 })
}
