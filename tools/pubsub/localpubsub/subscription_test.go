package localpubsub

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// These tests run on the virtual clock of synctest: the deadlines are the real ones, and exact.

func newTestSubscription() *subscription {
	return newSubscription(&pb.Subscription{Name: "projects/p/subscriptions/sub"}, 10*time.Second, 1, nil)
}

func pushOne(s *subscription) {
	s.push([]*pb.PubsubMessage{{Data: []byte("x")}}, []int{1})
}

func TestPullWaitsForAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, began := newTestSubscription(), time.Now()
		time.AfterFunc(7*time.Second, func() { pushOne(s) })
		got, err := s.pull(t.Context(), 10, 30*time.Second)
		if err != nil || len(got) != 1 || time.Since(began) != 7*time.Second {
			t.Errorf("got %d messages, %v, after %v; want 1 after 7 s", len(got), err, time.Since(began))
		}
	})
}

func TestPullGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, began := newTestSubscription(), time.Now()
		got, err := s.pull(t.Context(), 10, 30*time.Second)
		if err != nil || len(got) != 0 || time.Since(began) != 30*time.Second {
			t.Errorf("got %d messages, %v, after %v; want none after 30 s", len(got), err, time.Since(began))
		}
		began = time.Now()
		got, err = s.pull(t.Context(), 10, 0)
		if err != nil || len(got) != 0 || time.Since(began) != 0 {
			t.Errorf("got %d messages, %v, after %v; want none at once", len(got), err, time.Since(began))
		}
	})
}

func TestExpiryWakesAWaitingPull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestSubscription()
		pushOne(s)
		if got, _ := s.pull(t.Context(), 1, 0); len(got) != 1 {
			t.Fatal("nothing to pull")
		}
		began := time.Now()
		got, err := s.pull(t.Context(), 1, 30*time.Second)
		if err != nil || len(got) != 1 || got[0].GetDeliveryAttempt() != 2 || time.Since(began) != 10*time.Second {
			t.Errorf("got %v, %v, after %v; want the second delivery after 10 s", got, err, time.Since(began))
		}
		s.end(status.Error(codes.Unavailable, "test over"))
	})
}

func TestTimerFollowsTheEarliestLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestSubscription()
		pushOne(s)
		pushOne(s)
		got, _ := s.pull(t.Context(), 2, 0)
		long, short := []string{got[0].GetAckId()}, []string{got[1].GetAckId()}
		_ = s.extend(long, func(int) time.Duration { return 600 * time.Second })
		_ = s.extend(short, func(int) time.Duration { return 2 * time.Second })
		for _, want := range []time.Duration{2 * time.Second, 598 * time.Second} {
			began := time.Now()
			got, err := s.pull(t.Context(), 1, time.Hour)
			if err != nil || len(got) != 1 || time.Since(began) != want {
				t.Fatalf("got %d, %v, after %v; want 1 after %v", len(got), err, time.Since(began), want)
			}
			if err := s.ack([]string{got[0].GetAckId()}); err != nil {
				t.Fatal(err)
			}
		}
		if stats := s.snapshot(); stats.Acked != 2 || stats.Expired != 2 {
			t.Errorf("stats %+v", stats)
		}
	})
}

func TestCancelledCallerGetsNoLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestSubscription()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := s.pull(ctx, 1, time.Hour)
			done <- err
		}()
		synctest.Wait()
		// The waiting pull finds both a message and its end.
		s.mu.Lock()
		cancel()
		s.queue.push(&pb.PubsubMessage{Data: []byte("x")}, 1)
		s.available.ring()
		s.mu.Unlock()
		if err := <-done; status.Code(err) != codes.Canceled {
			t.Errorf("pull returned %v", err)
		}
		if want := (Stats{Backlog: 1}); s.snapshot() != want {
			t.Errorf("stats %+v, want %+v", s.snapshot(), want)
		}
		deadline, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		_, _ = s.pull(t.Context(), 1, 0)
		if _, err := s.pull(deadline, 1, time.Hour); status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("pull returned %v", err)
		}
		s.end(status.Error(codes.Unavailable, "test over"))
	})
}

// lateContext ends between the first call of Err and the second.
type lateContext struct {
	context.Context
	asked bool
}

func (c *lateContext) Err() error {
	if !c.asked {
		c.asked = true
		return nil
	}
	return context.Canceled
}

func TestCallerCancelledAfterTheLeaseGivesItBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestSubscription()
		pushOne(s)
		if _, err := s.pull(&lateContext{Context: t.Context()}, 1, time.Hour); status.Code(err) != codes.Canceled {
			t.Errorf("pull returned %v", err)
		}
		if want := (Stats{Backlog: 1}); s.snapshot() != want {
			t.Errorf("stats %+v, want %+v", s.snapshot(), want)
		}
		s.end(status.Error(codes.Unavailable, "test over"))
	})
}

func TestEndReachesThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, reason := newTestSubscription(), status.Error(codes.NotFound, "deleted")
		results := make(chan error, 2)
		go func() { _, err := s.pull(t.Context(), 1, time.Hour); results <- err }()
		go func() { results <- s.waitAcked(t.Context(), 1) }()
		synctest.Wait()
		s.end(reason)
		for range 2 {
			if err := <-results; err != reason {
				t.Errorf("got %v, want %v", err, reason)
			}
		}
		if err := s.ack([]string{s.queue.ids.text(1)}); err != reason {
			t.Errorf("ack after the end: %v", err)
		}
	})
}

func TestWaitAcked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestSubscription()
		for range 3 {
			pushOne(s)
		}
		got, _ := s.pull(t.Context(), 3, 0)
		done := make(chan error, 1)
		go func() { done <- s.waitAcked(t.Context(), 3) }()
		for i, m := range got {
			synctest.Wait()
			select {
			case err := <-done:
				t.Fatalf("returned %v after %d acks", err, i)
			default:
			}
			_ = s.ack([]string{m.GetAckId()})
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := s.waitAcked(ctx, 4); status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("waiting for an ack that does not come: %v", err)
		}
		s.end(status.Error(codes.Unavailable, "test over"))
	})
}
