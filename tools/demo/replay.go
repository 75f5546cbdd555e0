package demo

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/serving/page"
	"github.com/beamlytics/streamlytics/test/truth"
	"github.com/beamlytics/streamlytics/tools/deadletters"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// replays decides what repaired messages add to the truth. It is not safe for concurrent use.
type replays struct {
	decoder event.Decoder
	decoded event.Decoded
	horizon time.Duration      // of the ledger, clock time
	done    map[letterKey]bool // letters that were replayed
	known   eventSet           // events that were published
	topics  map[event.Channel]retail.Topic
}

func newReplays(rules event.Rules, horizon time.Duration) replays {
	return replays{
		decoder: event.Decoder{Rules: rules}, horizon: horizon, done: map[letterKey]bool{}, known: newEventSet(),
		topics: map[event.Channel]retail.Topic{event.POS: retail.POS, event.ECOM: retail.ECOM, event.WMS: retail.WMS},
	}
}

// letterKey identifies a dead letter.
type letterKey struct {
	message string
	item    int
	reason  event.Reason
}

// decode returns what the pipeline makes of a message at nowMs, valid until the next call.
func (r *replays) decode(topic retail.Topic, data []byte, attributes map[string]string, nowMs int64) *event.Decoded {
	for channel, t := range r.topics {
		if t == topic {
			m := event.Message{Channel: channel, Format: channel.Format(), Data: data, Attributes: attributes, ID: "0"}
			r.decoder.Decode(&m, nowMs, false, &r.decoded)
		}
	}
	return &r.decoded
}

// add notes the events of a publication.
func (r *replays) add(p retail.Publication, nowMs int64) {
	for i := range r.decode(p.Topic, p.Data, p.Attributes, nowMs).Events {
		r.known.add(&r.decoded.Events[i])
	}
}

// repaired is a message that will not be refused.
type repaired struct {
	topic      retail.Topic
	attributes map[string]string
	events     []truth.Event // that are published for the first time
	repeated   int64         // events that were published before
}

// judge returns the message to publish for a letter. It is a *page.RefusedError if the pipeline would
// refuse any part of it.
func (r *replays) judge(l event.DeadLetter, data []byte, nowMs int64) (p repaired, err error) {
	topic, ok := r.topics[l.Message.Channel]
	if !ok {
		return p, errors.New("its source is no topic of the demo")
	}
	if r.done[keyOf(l)] {
		return p, errors.New("it was replayed before")
	}
	attributes := maps.Clone(l.Message.Attributes)
	delete(attributes, "event_id") // Repaired judges it
	if d := r.decode(topic, data, attributes, nowMs); len(d.Refusals) > 0 {
		return p, &page.RefusedError{Refusal: d.Refusals[0]}
	}
	if attributes, err = deadletters.Repaired(l, data); err != nil {
		return p, err
	}
	d := r.decode(topic, data, attributes, nowMs)
	if len(d.Refusals) > 0 {
		return p, &page.RefusedError{Refusal: d.Refusals[0]}
	}
	p = repaired{topic: topic, attributes: attributes}
	for i := range d.Events {
		e := &d.Events[i]
		seen, same := r.known.has(e)
		switch {
		case seen && same:
			p.repeated++
			continue
		case seen:
			return p, &page.RefusedError{Refusal: event.Refusal{Reason: event.IDReused, Item: e.Item,
				Detail: fmt.Sprintf("event_id: another event of this store and product has the id %q", e.ID)}}
		case e.Type.MovesStock() && e.OccurredAt < nowMs-r.horizon.Milliseconds()+time.Hour.Milliseconds():
			return p, &page.RefusedError{Refusal: event.Refusal{Reason: event.TooLate, Item: e.Item,
				Detail: fmt.Sprintf("its time is about %v or more before the clock's now", r.horizon)}}
		}
		p.events = append(p.events, truth.Event{ID: resetID(e), Type: e.Type.String(), Store: e.StoreID,
			Product: e.ProductID, Quantity: e.Quantity, OccurredAt: e.OccurredAt})
	}
	return p, nil
}

// resetID returns the id of a RESET, which decides between counts of one time.
func resetID(e *event.UnifiedInventoryEvent) string {
	if e.Type == event.Reset {
		return e.ID
	}
	return ""
}

func keyOf(l event.DeadLetter) letterKey { return letterKey{l.Message.ID, l.Item, l.Reason} }

// replay publishes the repaired message of a dead letter, once, and counts it in the truth. The
// error is a *page.RefusedError if the pipeline would refuse it again.
func (f *feed) replay(ctx context.Context, l event.DeadLetter, data []byte) (messageID string, err error) {
	err = f.do(ctx, func() error {
		nowMs := f.clock.NowMs()
		p, err := f.replays.judge(l, data, nowMs)
		if err != nil {
			return err
		}
		if messageID, err = f.bus.publish(p.topic, data, p.attributes); err != nil {
			return err
		}
		f.replays.done[keyOf(l)] = true
		f.replays.add(retail.Publication{Topic: p.topic, Data: data, Attributes: p.attributes}, nowMs)
		t := f.world.Truth()
		t.AddEvents(p.events)
		t.Tally.Messages++
		t.Tally.Duplicates += p.repeated
		return nil
	})
	return messageID, err
}

// eventSet is a Bloom filter of events: of a number that does not grow with the length of the demo,
// at the price that a new event is taken for a known one, now and then. A known event is never
// taken for a new one.
type eventSet struct {
	seed maphash.Seed
	bits []uint64
}

// setBits is the number of bits of an eventSet: 32 MiB. After ten million events, less than one of
// a hundred new events is taken for a known one.
const setBits = 1 << 28

func newEventSet() eventSet { return eventSet{maphash.MakeSeed(), make([]uint64, setBits/64)} }

// eventIdentity and eventContent are what an eventSet holds of each event.
type (
	eventIdentity struct{ store, product, id string }
	eventContent  struct {
		eventIdentity
		kind           event.Type
		quantity, time int64
	}
)

func contentOf(e *event.UnifiedInventoryEvent) eventContent {
	return eventContent{eventIdentity{e.StoreID, e.ProductID, e.ID}, e.Type, e.Quantity, e.OccurredAt}
}

// add adds an event, unless another one has its identity: the first one stays.
func (s eventSet) add(e *event.UnifiedInventoryEvent) {
	if seen, _ := s.has(e); seen {
		return
	}
	c := contentOf(e)
	for bit := range probes(maphash.Comparable(s.seed, c)) {
		s.bits[bit/64] |= 1 << (bit % 64)
	}
	for bit := range probes(maphash.Comparable(s.seed, c.eventIdentity)) {
		s.bits[bit/64] |= 1 << (bit % 64)
	}
}

// has reports whether an event with the identity of e was added, and whether it is the same.
func (s eventSet) has(e *event.UnifiedInventoryEvent) (seen, same bool) {
	c := contentOf(e)
	return s.hasHash(maphash.Comparable(s.seed, c.eventIdentity)), s.hasHash(maphash.Comparable(s.seed, c))
}

func (s eventSet) hasHash(hash uint64) bool {
	for bit := range probes(hash) {
		if s.bits[bit/64]&(1<<(bit%64)) == 0 {
			return false
		}
	}
	return true
}

// probes yields the bits of a hash.
func probes(hash uint64) func(yield func(uint64) bool) {
	return func(yield func(uint64) bool) {
		for i := range uint64(5) {
			if !yield((hash + i*(hash>>32|1)) % setBits) {
				return
			}
		}
	}
}
