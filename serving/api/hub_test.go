package api

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/beamlytics/streamlytics/serving"
)

// TestOneReader checks that a thousand subscribers of one list cost Redis what one costs, get the
// same bytes, and that nothing is read once they have left.
func TestOneReader(t *testing.T) {
	const subscribers, rounds = 1000, 5
	ticks := newClock()
	s := open(t, Options{tick: ticks.at})
	pairs := []serving.Pair{{Product: "a"}, {Product: "b"}, {Store: "1", Product: "a"}}
	s.stock("", "a", 0, 1)
	reads := func() (n int) {
		t.Helper()
		stats, err := s.redis.Client().InfoMap(t.Context(), "commandstats").Result()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Sscanf(stats["Commandstats"]["cmdstat_hmget"], "calls=%d,", &n)
		return n
	}
	h := s.api.hub
	one, err := h.subscribe(pairs, "")
	if err != nil {
		t.Fatal(err)
	}
	all := []*subscriber{one}
	<-one.frames
	if n := reads(); n != len(pairs) {
		t.Errorf("the first subscriber took %d reads", n)
	}
	for range subscribers - 1 {
		one, err := h.subscribe(pairs, "")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	for _, one := range all[1:] {
		<-one.frames
	}
	for i := range rounds {
		s.stock("", "a", int64(i), int64(i+2))
		ticks.tick(t, readEvery)
		first := <-all[0].frames
		for _, one := range all[1:] {
			if f := <-one.frames; &f[0] != &first[0] || bytes.Count(f, []byte("event:")) != 1 {
				t.Fatal("two subscribers of a list do not share a frame of one event")
			}
		}
	}
	if n := reads(); n != len(pairs)*(1+rounds) {
		t.Errorf("%d subscribers and %d rounds took %d reads", subscribers, rounds, n)
	}
	for _, one := range all {
		h.unsubscribe(one)
	}
	for range 2 { // the second tick is taken when the round of the first is over
		ticks.tick(t, readEvery)
	}
	if n := reads(); n != len(pairs)*(1+rounds) || len(h.topics)+len(h.items) > 0 {
		t.Errorf("without subscribers, %d reads and %d lists", n, len(h.topics))
	}
}

// TestWatchedLimit checks that the number of pairs is bounded, and that those that nobody watches
// do not count.
func TestWatchedLimit(t *testing.T) {
	s := open(t, Options{tick: newClock().at})
	h := s.api.hub
	subscribe := func(i int) (*subscriber, error) {
		pairs := make([]serving.Pair, maxPairs)
		for k := range pairs {
			pairs[k] = serving.Pair{Store: fmt.Sprint(i), Product: fmt.Sprint(k)}
		}
		return h.subscribe(pairs, "")
	}
	var all []*subscriber
	for i := range maxWatched / maxPairs {
		one, err := subscribe(i)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if _, err := subscribe(-1); err == nil {
		t.Errorf("more than %d pairs are watched", maxWatched)
	}
	h.unsubscribe(all[0])
	if _, err := subscribe(-1); err != nil {
		t.Error(err)
	}
	if _, err := subscribe(-2); err == nil {
		t.Errorf("more than %d pairs are watched", maxWatched)
	}
}
