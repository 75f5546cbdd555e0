package faults

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/deadletters"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// whole is the item of a dead letter that is of the whole message.
const whole = event.NoItem

// letter is a dead letter, without what differs from run to run.
type letter struct {
	raw    string
	reason event.Reason
	item   int // whole: the message
}

// letters counts the dead letters that the program has written.
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
		if l.Detail == "" || l.Stage == "" || l.MessageID == nil || l.PublishedAt == nil {
			s.t.Errorf("a dead letter lacks something: %+v", l)
		}
	}
	return found
}

// refused requires each of the letters once, and no other.
func (s *scenario) refused(want []letter) {
	s.t.Helper()
	got := s.letters()
	for _, l := range want {
		if got[l] != 1 {
			s.t.Errorf("%d dead letters %s, item %d, for %.300s", got[l], l.reason, l.item, l.raw)
		}
		delete(got, l)
	}
	for l, n := range got {
		s.t.Errorf("%d dead letters %s, item %d, that should not be, for %.300s", n, l.reason, l.item, l.raw)
	}
}

// poison is a message of which something is refused. What is bad in each field of each format is tested
// in package event.
type poison struct {
	letter
	channel string
	good    []truth.Event // of the same message
}

// poisons returns a message for each reason, of which some need that the sale first is known.
func poisons(first truth.Event) []poison {
	const largest, taken = 10_000_000, 1 << 20 // that Pub/Sub allows, that the program takes
	now, longAgo := rig.Now(), rig.Now()-(8*24*time.Hour).Milliseconds()
	sized := func(size int) string {
		m := rig.Unified(truth.Event{ID: fmt.Sprint("size", size), Type: "SALE", Store: "7", Product: "large", Quantity: 1,
			OccurredAt: now - 1000})
		return string(append(bytes.Repeat([]byte(" "), size-len(m.Data)), m.Data...))
	}
	unified := func(e truth.Event) string { return string(rig.Unified(e).Data) }
	sale := func(format string, args ...any) string {
		return fmt.Sprintf(`{"event_id":"p","order_number":"o","store_id":"7",`+format+`}`, args...)
	}
	other, old, late := first, first, first
	other.Quantity++
	old.ID, old.Type, old.OccurredAt = "old", "RESET", longAgo
	late.ID, late.OccurredAt = "late", longAgo
	item := func(product string, quantity int64) truth.Event {
		return truth.Event{ID: "items#0", Type: "SALE", Store: "7", Product: product, Quantity: quantity, OccurredAt: now}
	}
	return []poison{
		{letter{`{"event_id":"cut"`, event.BadJSON, whole}, "pos", nil},
		{letter{"{\"a\":\"\xff\"}", event.BadJSON, whole}, "ecom", nil},
		{letter{strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65), event.BadJSON, whole}, "wms", nil},
		{letter{sale(`"product_id":"x","product_count":"two","timestamp":%d`, now), event.BadField, whole}, "pos", nil},
		{letter{sale(`"product_id":"x","timestamp":%d`, now), event.MissingField, whole}, "pos", nil},
		{letter{sale(`"product_id":"a ","product_count":1,"timestamp":%d`, now), event.BadID, whole}, "pos", nil},
		{letter{sale(`"product_id":"x","product_count":1,"timestamp":"yesterday"`), event.BadTime, whole}, "pos", nil},
		{letter{sale(`"product_id":"x","product_count":1,"timestamp":"2999-01-01T00:00:00Z"`), event.Future, whole}, "pos", nil},
		{letter{sale(`"type":"GIFT","product_id":"x","product_count":1,"timestamp":%d`, now), event.UnknownType, whole},
			"pos", nil},
		{letter{fmt.Sprintf(`{"event_id":"items","order_number":"o","store_id":"7","timestamp":%d,"items":[`+
			`{"product_id":"a","quantity":1},{"product_id":"b"},{"product_id":"c","quantity":3}]}`, now),
			event.MissingField, 1}, "pos", []truth.Event{item("a", 1), item("c", 3)}},
		{letter{sized(largest), event.TooLarge, whole}, "pos", nil},
		{letter{sized(taken + 1), event.TooLarge, whole}, "wms", nil},
		{letter{sized(largest - 1), event.TooLarge, whole}, "ecom", nil},
		{letter{unified(other), event.IDReused, whole}, "pos", nil},
		{letter{unified(old), event.ResetTooOld, whole}, "wms", nil},
		{letter{unified(late), event.TooLate, whole}, "pos", nil},
	}
}

// TestPoison publishes a message for every reason to refuse one, in the midst of good events. Each is a
// dead letter, and what is good in the same message counts. So does a message of the largest size.
func TestPoison(t *testing.T) {
	s := newScenario(t, "poison in the midst of good events", setup{seed: 501, events: 3000})
	first := truth.Event{ID: "again", Type: "SALE", Store: "7", Product: "x", Quantity: 2, OccurredAt: rig.Now() - 1000}
	just := truth.Event{ID: "just", Type: "SALE", Store: "7", Product: "large", Quantity: 1, OccurredAt: rig.Now() - 1000}
	s.truth.Add(first, just)
	s.start()
	s.publish([]rig.Message{rig.Unified(first)})
	s.await("the first is acknowledged", s.pubsub.Settled)
	s.healed = time.Now()
	all := poisons(first)
	var want []letter
	reasons := slices.Clone(event.Reasons[:])
	for i, p := range all {
		s.publish(s.trace.Part(i, len(all)))
		s.publish([]rig.Message{{Channel: p.channel, Data: []byte(p.raw)}})
		s.truth.Add(p.good...)
		want = append(want, p.letter)
		reasons = slices.DeleteFunc(reasons, func(r event.Reason) bool { return r == p.reason })
	}
	if len(reasons) > 0 {
		t.Errorf("nothing is refused as %v", reasons)
	}
	m := rig.Unified(just)
	m.Data = append(bytes.Repeat([]byte(" "), 1<<20-len(m.Data)), m.Data...)
	s.publish([]rig.Message{m})
	s.recover()
	s.refused(want)
}

// TestFloodOfDeadLetters sends 100,000 messages a minute that are refused, and good ones among them.
func TestFloodOfDeadLetters(t *testing.T) {
	const rate = 100_000.0 / 60
	length := max(10*time.Second, *outage)
	s := newScenario(t, "100,000 dead letters a minute", setup{seed: 530})
	n := int(rate * length.Seconds())
	var want []letter
	var messages []rig.Message
	for i := range n {
		text, reason := fmt.Sprintf(`{"event_id":"bad%d","type":"SALE","store_id":"7","product_id":"x",`+
			`"quantity":"no %d","occurred_at":%d}`, i, i, rig.Now()), event.BadField
		if i%3 == 0 {
			text, reason = fmt.Sprintf(`{"bad%d"`, i), event.BadJSON
		}
		want = append(want, letter{text, reason, whole})
		messages = append(messages, rig.Message{Channel: rig.Channels[i%3], Data: []byte(text)})
		messages = append(messages, s.trace.Part(i, n)...)
	}
	s.start()
	s.publishOver(length, messages)
	s.healed = time.Now()
	s.recover()
	s.refused(want)
}
