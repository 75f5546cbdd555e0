package localpubsub

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return epoch.Add(time.Duration(seconds * float64(time.Second))) }

func queueOf(data ...string) *queue {
	q := newQueue(7)
	for _, d := range data {
		q.push(&pb.PubsubMessage{Data: []byte(d)}, len(d))
	}
	return &q
}

// deliver leases and renders what came as "data/attempt".
func deliver(q *queue, now time.Time, length time.Duration, limit int) (rendered []string, ids []uint64) {
	for _, m := range q.lease(now, length, limit, nil) {
		id, _ := q.ids.parse(m.GetAckId())
		ids = append(ids, id)
		rendered = append(rendered, fmt.Sprintf("%s/%d", m.GetMessage().GetData(), m.GetDeliveryAttempt()))
	}
	return rendered, ids
}

func wantDelivered(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("delivered %v, want %v", got, want)
	}
}

func TestQueueDeliversInOrderAndOnceWhileLeased(t *testing.T) {
	q := queueOf("a", "b", "c")
	got, _ := deliver(q, at(0), 10*time.Second, 2)
	wantDelivered(t, got, "a/1", "b/1")
	got, _ = deliver(q, at(0), 10*time.Second, 2)
	wantDelivered(t, got, "c/1")
	got, _ = deliver(q, at(0), 10*time.Second, 2)
	wantDelivered(t, got)
}

func TestQueueExpiresAtTheDeadlineAndNotBefore(t *testing.T) {
	q := queueOf("a", "b")
	deliver(q, at(0), 10*time.Second, 1)
	deliver(q, at(1), 10*time.Second, 1)
	for _, step := range []struct {
		now  float64
		want int
	}{{9.999, 0}, {10, 1}, {10.999, 0}, {11, 1}, {100, 0}} {
		if n := q.expire(at(step.now)); n != step.want {
			t.Errorf("at %v s, %d leases expired, want %d", step.now, n, step.want)
		}
	}
	got, _ := deliver(q, at(100), time.Second, 5)
	wantDelivered(t, got, "a/2", "b/2")
	if want := (Stats{Leased: 2, Delivered: 4, Redelivered: 2, Expired: 2}); q.snapshot() != want {
		t.Errorf("stats %+v, want %+v", q.snapshot(), want)
	}
}

func TestQueueExtendsEachLeaseOnItsOwn(t *testing.T) {
	q := queueOf("a", "b", "c")
	_, ids := deliver(q, at(0), 10*time.Second, 3)
	q.extend(at(5), ids[0], 60*time.Second)
	q.extend(at(5), ids[1], time.Second)
	q.extend(at(5), 999, time.Second)
	if next, ok := q.nextChange(); !ok || !next.Equal(at(6)) {
		t.Errorf("next expiry %v %v, want %v", next, ok, at(6))
	}
	q.expire(at(6))
	got, _ := deliver(q, at(6), time.Hour, 3)
	wantDelivered(t, got, "b/2")
	q.expire(at(10))
	got, _ = deliver(q, at(10), time.Hour, 3)
	wantDelivered(t, got, "c/2")
	q.expire(at(64.9))
	got, _ = deliver(q, at(64.9), time.Hour, 3)
	wantDelivered(t, got)
	q.expire(at(65))
	got, _ = deliver(q, at(65), time.Hour, 3)
	wantDelivered(t, got, "a/2")
}

func TestQueueNackDeliversAgainAtOnce(t *testing.T) {
	q := queueOf("a", "b")
	_, ids := deliver(q, at(0), 10*time.Second, 1)
	q.extend(at(1), ids[0], 0)
	got, _ := deliver(q, at(1), 10*time.Second, 2)
	wantDelivered(t, got, "b/1", "a/2")
	if q.ack(ids[0]) {
		t.Error("the ack id of the lease that was given up still works")
	}
}

func TestQueueUndoLeavesNoTrace(t *testing.T) {
	q := queueOf("a", "b", "c")
	_, ids := deliver(q, at(0), 10*time.Second, 2)
	q.undo(ids)
	if want := (Stats{Backlog: 3}); q.snapshot() != want {
		t.Errorf("stats %+v, want %+v", q.snapshot(), want)
	}
	got, _ := deliver(q, at(0), 10*time.Second, 3)
	wantDelivered(t, got, "a/1", "b/1", "c/1")
}

func TestQueueForgetsWhatIsAcknowledged(t *testing.T) {
	q := queueOf("a", "b")
	_, ids := deliver(q, at(0), 10*time.Second, 2)
	q.ack(ids[0])
	q.ack(ids[0])
	q.expire(at(10))
	q.ack(ids[1])
	if want := (Stats{Backlog: 1, Delivered: 2, Acked: 1, Expired: 1, UnknownAcks: 2}); q.snapshot() != want {
		t.Errorf("stats %+v, want %+v", q.snapshot(), want)
	}
	_, ids = deliver(q, at(10), 10*time.Second, 2)
	q.ack(ids[0])
	q.expire(at(20))
	if len(q.leases) != 0 || q.expiring.length() != 0 || q.ready.front != nil {
		t.Errorf("something is left: %+v", q)
	}
	if _, ok := q.nextChange(); ok {
		t.Error("an expiry is due without a lease")
	}
}

func TestQueueHoldsToTheConsumersLimits(t *testing.T) {
	for _, c := range []struct {
		name string
		to   consumer
		want int
	}{
		{"none", consumer{}, 5},
		{"messages", consumer{maxMessages: 2}, 2},
		{"bytes, with the message that reaches the limit", consumer{maxBytes: 25}, 3},
		{"whichever comes first", consumer{maxMessages: 4, maxBytes: 10}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := newQueue(7)
			for range 5 {
				q.push(&pb.PubsubMessage{}, 10)
			}
			if got := q.lease(at(0), time.Second, 100, &c.to); len(got) != c.want {
				t.Errorf("leased %d, want %d", len(got), c.want)
			}
			q.expire(at(1))
			if c.to.messages != 0 || c.to.bytes != 0 {
				t.Errorf("after expiry the consumer still holds %d messages, %d bytes", c.to.messages, c.to.bytes)
			}
		})
	}
}

func TestQueueBoundsOneResponse(t *testing.T) {
	q := newQueue(7)
	for _, size := range []int{maxBatchBytes * 2, 1, maxBatchBytes / 2, maxBatchBytes / 2, 1} {
		q.push(&pb.PubsubMessage{}, size)
	}
	for i, want := range []int{1, 2, 2, 0} {
		if got := q.lease(at(0), time.Second, 100, nil); len(got) != want {
			t.Errorf("response %d has %d messages, want %d", i, len(got), want)
		}
	}
}

// TestQueueAgainstModel compares the queue with a plain list that is searched from end to end,
// under random operations.
func TestQueueAgainstModel(t *testing.T) {
	type entry struct {
		data    string
		attempt int
		expires time.Time // zero: ready
		id      uint64
	}
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 1))
		q := queueOf()
		var model []*entry
		now, pushed, acked := at(0), 0, int64(0)
		leased := func() (all []*entry) {
			for _, e := range model {
				if !e.expires.IsZero() {
					all = append(all, e)
				}
			}
			return all
		}
		for range 2000 {
			now = now.Add(time.Duration(random.IntN(3000)) * time.Millisecond)
			q.expire(now)
			for _, e := range leased() {
				if !e.expires.After(now) {
					e.expires, e.id = time.Time{}, 0
				}
			}
			held := leased()
			switch op := random.IntN(5); {
			case op == 0:
				pushed++
				data := fmt.Sprint(pushed)
				q.push(&pb.PubsubMessage{Data: []byte(data)}, 1)
				model = append(model, &entry{data: data})
			case op <= 2:
				length := time.Duration(1+random.IntN(20)) * time.Second
				limit := random.IntN(4)
				ready := len(model) - len(held)
				got := q.lease(now, length, limit, nil)
				if len(got) != min(limit, ready) {
					t.Fatalf("seed %d: leased %d of %d ready, limit %d", seed, len(got), ready, limit)
				}
				for _, m := range got {
					data := string(m.GetMessage().GetData())
					i := slices.IndexFunc(model, func(e *entry) bool { return e.data == data })
					if i < 0 || !model[i].expires.IsZero() {
						t.Fatalf("seed %d: %s delivered while acknowledged or leased", seed, data)
					}
					e := model[i]
					e.attempt++
					e.expires = now.Add(length)
					e.id, _ = q.ids.parse(m.GetAckId())
					if int(m.GetDeliveryAttempt()) != e.attempt {
						t.Fatalf("seed %d: attempt %d, want %d", seed, m.GetDeliveryAttempt(), e.attempt)
					}
				}
			case len(held) == 0:
			case op == 3:
				e := held[random.IntN(len(held))]
				if !q.ack(e.id) {
					t.Fatalf("seed %d: a live ack id is unknown", seed)
				}
				acked++
				model = slices.DeleteFunc(model, func(x *entry) bool { return x == e })
			default:
				e := held[random.IntN(len(held))]
				length := time.Duration(random.IntN(15)) * time.Second
				q.extend(now, e.id, length)
				e.expires = now.Add(length)
				if length == 0 {
					e.expires, e.id = time.Time{}, 0
				}
			}
			held = leased()
			if s := q.snapshot(); s.Leased != int64(len(held)) || s.Backlog != int64(len(model)-len(held)) ||
				s.Acked != acked {
				t.Fatalf("seed %d: stats %+v, want %d leased, %d ready, %d acked",
					seed, s, len(held), len(model)-len(held), acked)
			}
			if next, ok := q.nextChange(); ok {
				for _, e := range held {
					if e.expires.Before(next) {
						t.Fatalf("seed %d: a lease expires at %v, before the next expiry %v", seed, e.expires, next)
					}
				}
			}
		}
	}
}

func TestAckIDs(t *testing.T) {
	mine, other := ackIDs{serial: 41}, ackIDs{serial: 42}
	id := mine.next()
	for _, c := range []struct {
		text string
		id   uint64
		ok   bool
	}{
		{mine.text(id), id, true},
		{other.text(5), 0, true},
		{"", 0, false},
		{"15", 0, false},
		{"15-", 0, false},
		{"-1", 0, false},
		{"15-%", 0, false},
		{"zzzzzzzzzzzzzzzzzz-1", 0, false},
	} {
		if got, ok := mine.parse(c.text); got != c.id || ok != c.ok {
			t.Errorf("parse(%q) = %d, %v; want %d, %v", c.text, got, ok, c.id, c.ok)
		}
	}
}
