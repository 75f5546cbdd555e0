package faults

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/deadletters"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// letter is a dead letter that must come, without what differs from run to run.
type letter struct {
	raw    string
	reason event.Reason
	item   int // whole: the message
}

// letters are the dead letters that the program has written, and how many of each.
func (s *scenario) letters() map[letter]int {
	s.t.Helper()
	found := map[letter]int{}
	for l, err := range deadletters.Read(s.process.Dir) {
		if err != nil {
			s.t.Fatal(err)
		}
		item := whole
		if l.Item != nil {
			item = *l.Item
		}
		found[letter{string(l.Raw), l.Reason, item}]++
		if l.Detail == "" || l.Stage == "" || (l.MessageID == nil || l.PublishedAt == nil) != (l.Source == "FILE") {
			s.t.Errorf("a dead letter lacks something: %+v", l)
		}
	}
	return found
}

// refused requires each of the letters once, and no other.
func (s *scenario) refused(want map[letter]string) {
	s.t.Helper()
	got := s.letters()
	for l, about := range want {
		if got[l] != 1 {
			s.t.Errorf("%s: %d dead letters %s, item %d, for %.300s", about, got[l], l.reason, l.item, l.raw)
		}
		delete(got, l)
	}
	for l, n := range got {
		s.t.Errorf("%d dead letters %s, item %d, that should not be, for %.300s", n, l.reason, l.item, l.raw)
	}
}

// TestPoison spoils every field of every format, in each way, in the middle of good events. Each is refused for its reason, and
// what is good in the same message counts.
func TestPoison(t *testing.T) {
	s := newScenario(t, "poison in every field of every format", setup{seed: 501, events: 3000})
	want := map[letter]string{}
	var messages []rig.Message
	at := rig.Now() - 30*60_000
	add := func(channel, text string, events []truth.Event) {
		messages = append(messages, rig.Message{Channel: channel, Data: []byte(text)})
		s.truth.Add(events...)
	}
	n := 0
	for _, f := range forms() {
		n++
		text, events := f.message(fmt.Sprint("good", n), at, nil, "")
		add(f.channel, text, events)
		for i := range f.fields {
			x := &f.fields[i]
			for _, b := range x.bad {
				n++
				text, events := f.message(fmt.Sprint("poison", n), at, x, b.value)
				add(f.channel, text, events)
				want[letter{text, b.reason, x.item}] = fmt.Sprintf("%s, %s = %.60s", f.name, x.name, b.value)
			}
		}
	}
	for about, text := range brokenTexts {
		for i, channel := range rig.Channels {
			text := text + strings.Repeat(" ", i) // each its own
			add(channel, text, nil)
			want[letter{text, event.BadJSON, whole}] = about
		}
	}
	t.Logf("%d poisoned messages", len(want))
	s.start()
	s.healed = time.Now()
	for i := range 10 { // among good ones
		s.publish(s.trace.Part(i, 10))
		s.publish(messages[i*len(messages)/10 : (i+1)*len(messages)/10])
	}
	s.recover()
	s.refused(want)
}

// TestRefusedByStock sends what only the state of a key can refuse.
func TestRefusedByStock(t *testing.T) {
	s := newScenario(t, "ids used again, counts too old", setup{seed: 510, events: 3000})
	now := rig.Now()
	first := truth.Event{ID: "again", Type: "SALE", Store: "7", Product: "x", Quantity: 2, OccurredAt: now - 1000}
	other := first
	other.Quantity = 3
	old := truth.Event{ID: "old", Type: "RESET", Store: "7", Product: "x", Quantity: 9, OccurredAt: now - (8 * 24 * time.Hour).Milliseconds()}
	s.truth.Add(first)
	s.start()
	s.publish([]rig.Message{rig.Unified(first)})
	s.await("the first is acknowledged", s.pubsub.Settled)
	s.healed = time.Now()
	s.publish([]rig.Message{rig.Unified(other), rig.Unified(old)})
	s.publish(s.trace.Messages)
	s.recover()
	s.refused(map[letter]string{
		{string(rig.Unified(other).Data), event.IDReused, whole}:  "another content",
		{string(rig.Unified(old).Data), event.ResetTooOld, whole}: "a count from before the horizon",
	})
}

// TestLargeMessages sends messages of the size that Pub/Sub allows at most, and one as large as the program takes.
func TestLargeMessages(t *testing.T) {
	s := newScenario(t, "messages of 10 MB", setup{seed: 520, events: 3000})
	const most, taken = 10_000_000, 1 << 20
	want := map[letter]string{}
	sized := func(e truth.Event, size int) rig.Message {
		m := rig.Unified(e)
		m.Data = append(bytes.Repeat([]byte(" "), size-len(m.Data)), m.Data...)
		return m
	}
	event1 := func(id string) truth.Event {
		return truth.Event{ID: id, Type: "SALE", Store: "7", Product: "large", Quantity: 1, OccurredAt: rig.Now() - 1000}
	}
	s.start()
	s.publish(s.trace.Part(0, 2))
	for i, size := range []int{most, taken + 1, most} {
		m := sized(event1(fmt.Sprint("large", i)), size)
		want[letter{string(m.Data), event.TooLarge, whole}] = fmt.Sprint(size, " bytes")
		s.publish([]rig.Message{m})
	}
	good := event1("just")
	s.truth.Add(good)
	s.publish([]rig.Message{sized(good, taken)})
	s.healed = time.Now()
	s.publish(s.trace.Part(1, 2))
	s.recover()
	s.refused(want)
}
