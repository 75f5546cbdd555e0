package sources

import (
	"testing"
	"time"
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
		return flows[0]
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
	if want := (Flow{Subscription: testSub.Name, Channel: testSub.Channel, Pulled: 3, Leased: 3, OldestMs: oldest}); flow() != want || oldest < before {
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

// TestOldestOfSeveral: the age is that of the oldest message that is still leased, whatever the order in which they came.
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
