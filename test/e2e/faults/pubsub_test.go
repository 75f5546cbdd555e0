package faults

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

// TestPubSubDown takes the service away and brings it back with its backlog.
func TestPubSubDown(t *testing.T) {
	s := newScenario(t, "Pub/Sub down", setup{seed: 201})
	o := s.blocked(*outage, s.pubsub.Proxy.Cut, func() {
		if err := s.pubsub.Proxy.Mend(); err != nil {
			t.Fatal(err)
		}
	}, "pull failed, trying again")
	if o.Recovery > 20*time.Second {
		t.Errorf("the client took %v to find the service again", o.Recovery)
	}
}

// TestPubSubHung lets no byte pass, either way, and keeps the connections.
func TestPubSubHung(t *testing.T) {
	s := newScenario(t, "Pub/Sub hung", setup{seed: 202})
	s.blocked(*outage, s.pubsub.Proxy.Hang, s.pubsub.Proxy.Resume)
}

// TestPubSubErrors answers pulls and acknowledgements with each error that goes away by itself.
func TestPubSubErrors(t *testing.T) {
	const times = 6 // for each subscription
	s := newScenario(t, "errors of Pub/Sub that pass", setup{seed: 210})
	s.start()
	transient := []codes.Code{codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted}
	for i, code := range transient {
		if err := s.pubsub.Inject(localpubsub.Faults{FailPulls: times, FailAcks: times, Code: code}); err != nil {
			t.Fatal(err)
		}
		s.publish(s.trace.Part(i, len(transient)))
		s.healed = time.Now()
		s.await("all is acknowledged after "+code.String(), s.pubsub.Settled)
		if code != codes.Unavailable { // which the client library retries without a line in the log
			s.logs("acknowledgement failed, trying again", code.String())
		}
	}
	s.recover()
}

// TestHardAckFailures refuses acknowledgements for good: their messages come again, and count once.
func TestHardAckFailures(t *testing.T) {
	const (
		refused = 3 // acknowledgements, of many messages each, for each subscription
		refusal = "acknowledgement refused; the messages may be delivered again"
	)
	s := newScenario(t, "acknowledgements refused for good", setup{seed: 220})
	s.flow()
	if err := s.pubsub.Inject(localpubsub.Faults{FailAcks: refused, Code: codes.InvalidArgument}); err != nil {
		t.Fatal(err)
	}
	s.publish(s.trace.Part(1, 3))
	s.await("an acknowledgement is refused", func() bool { return strings.Contains(s.process.Log(), refusal) })
	s.pubsub.Expire(t)
	s.healed = time.Now()
	s.publish(s.trace.Part(2, 3))
	if o := s.recover(); o.Redelivered == 0 {
		t.Error("nothing was delivered again")
	}
	s.recognised()
}

// TestExpiredLeases ends the leases of messages that are in the works, while Redis hangs: they are delivered again, and what comes of
// their first delivery is acknowledged too late.
func TestExpiredLeases(t *testing.T) {
	s := newScenario(t, "leases expired", setup{seed: 230})
	s.blocked(*outage, s.link.Hang, func() {
		s.pubsub.Expire(t)
		s.link.Resume()
	})
	if stats := s.pubsub.Stats(); stats.Expired == 0 || stats.UnknownAcks == 0 {
		t.Errorf("no lease expired before its message was done: %+v", stats)
	}
	s.recognised()
}

// TestDuplicateDeliveries delivers a tenth of all messages twice.
func TestDuplicateDeliveries(t *testing.T) {
	s := newScenario(t, "10 % duplicate deliveries", setup{seed: 240})
	if err := s.pubsub.Inject(localpubsub.Faults{DuplicateShare: 0.1, Seed: 240}); err != nil {
		t.Fatal(err)
	}
	s.start()
	s.healed = time.Now()
	s.publish(s.trace.Messages)
	s.recover()
	if n, all := s.pubsub.Stats().Duplicated, s.pubsub.Published(); n < all/20 || n > all/5 {
		t.Errorf("%d of %d were delivered twice", n, all)
	}
	s.recognised()
}

// recognised requires that the program has seen repetitions beyond those of the trace.
func (s *scenario) recognised() {
	s.t.Helper()
	summary, err := s.process.Summary()
	if err != nil {
		s.t.Fatal(err)
	}
	if own := int64(len(s.trace.Messages) - len(s.trace.Events)); summary.Duplicates <= own {
		s.t.Errorf("%d repetitions were recognised; the trace alone has %d", summary.Duplicates, own)
	}
}
