package faults

import (
	"fmt"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/rig"
)

// TestFloodOfDeadLetters sends 100,000 messages a minute that are refused, and good ones among them.
func TestFloodOfDeadLetters(t *testing.T) {
	const rate = 100_000.0 / 60
	length := max(10*time.Second, *outage)
	s := newScenario(t, "100,000 dead letters a minute", setup{seed: 530})
	want := map[letter]string{}
	var messages []rig.Message
	for i := range int(rate * length.Seconds()) {
		text, reason := fmt.Sprintf(`{"event_id":"bad%d","type":"SALE","store_id":"7","product_id":"x","quantity":"no %d","occurred_at":%d}`, i, i, rig.Now()), event.BadField
		if i%3 == 0 {
			text, reason = fmt.Sprintf(`{"bad%d"`, i), event.BadJSON
		}
		want[letter{text, reason, whole}] = fmt.Sprint("message ", i)
		messages = append(messages, rig.Message{Channel: rig.Channels[i%3], Data: []byte(text)})
	}
	// The good ones are spread evenly among them.
	mixed := make([]rig.Message, 0, len(messages)+len(s.trace.Messages))
	for i, m := range messages {
		mixed = append(mixed, m)
		mixed = append(mixed, s.trace.Part(i, len(messages))...)
	}
	s.start()
	s.publishOver(length, mixed)
	s.healed = time.Now()
	s.recover()
	s.refused(want)
}
