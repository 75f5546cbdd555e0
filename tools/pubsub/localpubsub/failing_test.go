package localpubsub

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
)

func TestBackoffDoubles(t *testing.T) {
	f := failing{shortest: time.Second, longest: 10 * time.Second}
	for attempt, want := range map[int32]time.Duration{
		1: time.Second, 2: 2 * time.Second, 4: 8 * time.Second, 5: 10 * time.Second, math.MaxInt32: 10 * time.Second,
	} {
		if got := f.backoff(attempt); got != want {
			t.Errorf("after attempt %d the wait is %v, want %v", attempt, got, want)
		}
	}
	if got := (failing{longest: time.Minute}).backoff(3); got != 0 {
		t.Errorf("without a shortest backoff the wait is %v", got)
	}
}

// TestWaitsEndInTime gives a message up twice, once by a call and once by letting its lease expire,
// and waits for it.
func TestWaitsEndInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestSubscription()
		defer s.end(fmt.Errorf("test over"))
		s.queue.failing = failing{shortest: 3 * time.Second, longest: time.Minute}
		pushOne(s)
		got, _ := s.pull(t.Context(), 1, 0)
		_ = s.extend([]string{got[0].GetAckId()}, func(int) time.Duration { return 0 })
		if n := s.snapshot(); n.Backlog != 1 || n.Leased != 0 {
			t.Errorf("while it waits: %+v", n)
		}
		for _, want := range []time.Duration{3 * time.Second, 10*time.Second + 6*time.Second} {
			began := time.Now()
			got, err := s.pull(t.Context(), 1, time.Hour)
			if err != nil || len(got) != 1 || time.Since(began) != want {
				t.Fatalf("got %d, %v, after %v; want 1 after %v", len(got), err, time.Since(began), want)
			}
		}
	})
}

// TestEveryMessageEndsSomewhere lets random consumers acknowledge, give back and forget messages
// under random policies. It checks that each message ends acknowledged or dead, that each dead one
// was delivered as often as it may be, and that none was delivered before its wait was over.
func TestEveryMessageEndsSomewhere(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 11))
		q := newQueue(1)
		q.failing = failing{shortest: time.Duration(r.IntN(4)) * time.Second,
			longest: time.Duration(4+r.IntN(20)) * time.Second, most: int32(1 + r.IntN(6))}
		const messages = 30
		for i := range messages {
			q.push(&pb.PubsubMessage{MessageId: fmt.Sprint(i)}, 1)
		}
		now, acked, dead := 0.0, 0, 0
		notBefore, attempts := map[string]float64{}, map[string]int32{}
		held := map[uint64]string{}
		givenUp := func(id string) { notBefore[id] = now + q.failing.backoff(attempts[id]).Seconds() }
		for step := 0; acked+dead < messages; step++ {
			if step == 10_000 {
				t.Fatalf("seed %d: %d acknowledged and %d dead of %d", seed, acked, dead, messages)
			}
			now += r.Float64() * 5
			q.expire(at(now))
			for ack, id := range held {
				if _, leased := q.leases[ack]; !leased { // it expired during the step
					delete(held, ack)
					notBefore[id] = 0
				}
			}
			for _, m := range q.lease(at(now), 10*time.Second, r.IntN(8), nil) {
				id := m.GetMessage().GetMessageId()
				if now < notBefore[id] {
					t.Fatalf("seed %d: %s came at %v, due at %v", seed, id, now, notBefore[id])
				}
				attempts[id] = m.GetDeliveryAttempt()
				ack, _ := q.ids.parse(m.GetAckId())
				held[ack] = id
			}
			for ack, id := range held {
				switch r.IntN(4) {
				case 0:
					q.ack(ack)
					acked++
				case 1:
					q.extend(at(now), ack, 0)
					givenUp(id)
				default:
					continue
				}
				delete(held, ack)
			}
			for _, it := range q.takeDead() {
				dead++
				if it.attempt != q.failing.most {
					t.Fatalf("seed %d: dead after %d deliveries of %d", seed, it.attempt, q.failing.most)
				}
			}
		}
		if n := q.snapshot(); n.Backlog != 0 || n.Leased != 0 || n.Acked != int64(acked) {
			t.Errorf("seed %d: left %+v after %d acknowledgements", seed, n, acked)
		}
	}
}
