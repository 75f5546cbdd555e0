package replay

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	p := pace{rate: 1000, start: start}
	now := start
	var waits int
	for range 5000 {
		if wait := p.next(now); wait > 0 {
			waits++
			if wait < shortestWait || wait > shortestWait+time.Millisecond {
				t.Fatalf("a wait of %v", wait)
			}
			now = now.Add(wait)
		}
	}
	if took := now.Sub(start); took < 4990*time.Millisecond || took > 5010*time.Millisecond {
		t.Errorf("5000 events at 1000/s took %v", took)
	}
	if waits > 520 {
		t.Errorf("%d waits, want one about every %v", waits, shortestWait)
	}
}

func TestPaceOfRareEvents(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	p := pace{rate: 0.5, start: start}
	for i, want := range []time.Duration{0, 2 * time.Second, 4 * time.Second} {
		if got := p.next(start); got != want {
			t.Errorf("event %d waits %v, want %v", i, got, want)
		}
	}
}

func TestNoPace(t *testing.T) {
	p := pace{}
	for range 100 {
		if wait := p.next(time.Now()); wait != 0 {
			t.Fatalf("a wait of %v", wait)
		}
	}
}

func TestTopicName(t *testing.T) {
	for _, c := range []struct{ project, topic, want string }{
		{"p", "pos", "projects/p/topics/pos"},
		{"p", "projects/q/topics/pos", "projects/q/topics/pos"},
		{"", "projects/q/topics/pos", "projects/q/topics/pos"},
		{"", "pos", ""}, {"p", "", ""}, {"p", "a/b", ""}, {"p", "projects/q/subscriptions/pos", ""}, {"p", "projects/q/topics/", ""},
	} {
		got, err := TopicName(c.project, c.topic)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q in %q: got %q, %v, want %q", c.topic, c.project, got, err, c.want)
		}
	}
}
