package pubsub

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

// TestFlows follows messages from pulling to acknowledging.
func TestFlows(t *testing.T) {
	t.Parallel()
	s := startService(t, 10*time.Second)
	before := time.Now().Add(-time.Second).UnixMilli()
	s.publish(3)
	subs := &Subscriptions{pullers: map[string]*puller{}}
	t.Cleanup(func() { _ = subs.Close() })
	if flows := subs.Flows(); len(flows) != 0 {
		t.Errorf("before anything is read: %+v", flows)
	}
	p, err := subs.open(testSub, s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	flow := func() Flow {
		flows := subs.Flows()
		if len(flows) != 1 {
			t.Fatalf("one subscription is read, and these flow: %+v", flows)
		}
		f := flows[0]
		if f.Pulled > 0 && (!f.Reach.Up || f.Reach.AnsweredAt.IsZero()) {
			t.Errorf("messages came, and it cannot be pulled from: %+v", f.Reach)
		}
		f.Reach = Reach{}
		return f
	}
	await(t, "all is pulled", func() bool { return flow().Pulled == 3 })
	var batches []pulled
	oldest := int64(0)
	for n := 0; n < 3; {
		for _, b := range p.take(10) {
			batches = append(batches, b)
			n += len(b.messages)
			for _, m := range b.messages {
				if oldest == 0 || m.PublishedAt < oldest {
					oldest = m.PublishedAt
				}
			}
		}
	}
	if want := (Flow{Subscription: testSub.Name, Channel: testSub.Channel, Pulled: 3, Leased: 3,
		OldestMs: oldest}); flow() != want || oldest < before {
		t.Errorf("on their way: %+v, want %+v, published after %d", flow(), want, before)
	}
	for _, b := range batches {
		p.leases.acknowledge(b.lease)
	}
	await(t, "all is acknowledged", func() bool { return flow().Leased == 0 })
	if want := (Flow{Subscription: testSub.Name, Channel: testSub.Channel, Pulled: 3, Acked: 3}); flow() != want {
		t.Errorf("at the end: %+v, want %+v", flow(), want)
	}
}

// TestAServiceThatIsNotThere is known before the first message, and once it is there.
func TestAServiceThatIsNotThere(t *testing.T) {
	t.Parallel()
	gone, err := localpubsub.Start(localpubsub.Options{})
	if err != nil {
		t.Fatal(err)
	}
	addr := gone.Addr()
	gone.Close()
	subs := &Subscriptions{pullers: map[string]*puller{}}
	t.Cleanup(func() { _ = subs.Close() })
	if _, err := subs.open(testSub, addr); err != nil {
		t.Fatal(err)
	}
	flow := func() Flow { return subs.Flows()[0] }
	await(t, "pulls fail", func() bool { return flow().Errors > 2 })
	f := flow()
	if f.Reach.Up || f.Reach.Problem != "Unavailable" || !f.Reach.AnsweredAt.IsZero() {
		t.Errorf("nobody is there: %+v", f.Reach)
	}
	if now := time.Now(); f.Age(now) != now.Sub(f.Reach.Since) || f.Age(now) <= 0 {
		t.Errorf("the age is %v, and it is away since %v", f.Age(now), f.Reach.Since)
	}
	var server *localpubsub.Server
	await(t, "the address is free again", func() bool {
		server, err = localpubsub.Start(localpubsub.Options{Addr: addr})
		return err == nil
	})
	t.Cleanup(server.Close)
	await(t, "the subscription is missed", func() bool { return flow().Reach.Problem == "NotFound" })
	if err := subs.Err(); err == nil || !strings.Contains(err.Error(), "Pub/Sub at "+addr+": NotFound: ") ||
		!strings.Contains(err.Error(), "streamlytics pubsub setup") {
		t.Errorf("the error is %v", err)
	}
}

// TestReach follows pulls that are answered, fail and get no answer.
func TestReach(t *testing.T) {
	start := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	down := func(since int, problem string) Reach { return Reach{Problem: problem, Since: at(since)} }
	refused := status.Error(codes.Unavailable, "the text is not repeated")
	r := newReach(start)
	want := func(now int, want Reach) {
		t.Helper()
		want.Opened = start
		if got := r.state(at(now)); got != want {
			t.Errorf("after %d s: %+v, want %+v", now, got, want)
		}
	}
	want(1, down(0, "no answer yet"))
	if !r.ask(at(1)) {
		t.Error("the first pull waits for a message")
	}
	if n := r.fail(at(2), refused); n != 1 {
		t.Errorf("the first failure stands for %d", n)
	}
	want(3, down(2, "Unavailable"))
	if n := r.fail(at(3), refused); n != 0 {
		t.Error("the second failure is logged at once")
	}
	if n := r.fail(at(8), refused); n != 2 {
		t.Errorf("the third failure stands for %d, want 2", n)
	}
	if !r.ask(at(9)) {
		t.Error("the pull after a failure waits for a message")
	}
	r.answer(at(10))
	want(10, Reach{Up: true, AnsweredAt: at(10)})
	want(4000, Reach{Up: true, AnsweredAt: at(10)}) // nothing is asked while too much is on its way
	if r.ask(at(4000)) {
		t.Error("a pull from a service that answers does not wait for a message")
	}
	want(4300, Reach{Up: true, AnsweredAt: at(10)})
	want(4301, Reach{Problem: "no answer for 5m0s", Since: at(4000), AnsweredAt: at(10)})
	r.answer(at(4302))
	want(4302, Reach{Up: true, AnsweredAt: at(4302)})
}

// TestOldestOfSeveral: the age is that of the oldest message that is still leased, whatever the
// order in which they came.
func TestOldestOfSeveral(t *testing.T) {
	l := &leases{held: map[*lease]struct{}{}, deadline: func() time.Duration { return time.Minute }}
	l.add([]string{"a", "b"}, 500)
	early := l.add([]string{"c"}, 300)
	l.add([]string{"d"}, 400)
	if _, n, oldest := l.state(); n != 4 || oldest != 300 {
		t.Errorf("%d messages since %d, want 4 since 300", n, oldest)
	}
	delete(l.held, early)
	if _, n, oldest := l.state(); n != 3 || oldest != 400 {
		t.Errorf("%d messages since %d, want 3 since 400", n, oldest)
	}
}
