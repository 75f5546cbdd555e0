package retail

import (
	"strconv"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// letter is a message to publish, with the results of a correct pipeline.
type letter struct {
	Publication
	events  []truth.Event // an ID is set only for a RESET, where it decides between counts of one time
	refused event.Reason  // empty: not refused
	ignored bool          // neither an event nor an error
	once    bool          // never delivered twice
}

// The share of messages that are delivered twice, and the share of those that are delivered long
// after the first time.
const (
	repeatChance     = 0.01
	lateRepeatChance = 0.3
)

// post publishes a letter at ms, and some letters once more.
func (w *World) post(ms int64, l letter) {
	w.at(ms, func() { w.deliver(l, false) })
	if !l.repeatable() || !w.chance(repeatChance) {
		return
	}
	again := ms + w.between(50*time.Millisecond, 20*time.Second)
	if w.chance(lateRepeatChance) {
		again = ms + w.between(time.Minute, 18*time.Hour)
	}
	w.at(again, func() { w.deliver(l, true) })
}

// repeatable reports whether the letter may be delivered twice.
func (l letter) repeatable() bool { return !l.once && l.refused == "" }

func (w *World) deliver(l letter, repeated bool) {
	l.At = w.now
	w.out = append(w.out, l.Publication)
	w.truth.add(l, repeated)
	if repeated || w.now >= w.stormUntil || !l.repeatable() {
		return
	}
	for range stormCopies {
		w.at(w.now+w.between(50*time.Millisecond, 20*time.Second), func() { w.deliver(l, true) })
	}
}

// network returns a random time from writing a message to its publication, ms.
func (w *World) network() int64 { return w.between(20*time.Millisecond, 1500*time.Millisecond) }

// newID returns an id that no other message has.
func (w *World) newID(prefix string) string {
	w.lastID++
	return prefix + "-" + strconv.FormatUint(w.cfg.Seed&0xffff, 36) + "-" + strconv.FormatUint(w.lastID, 36)
}

// eventID returns the attribute for a message without an id in its payload.
func eventID(id string) map[string]string { return map[string]string{"event_id": id} }
