package deadletters

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/beamlytics/streamlytics/event"
)

// A message that is published again gets another Pub/Sub message id, and events without another id
// are identified by that. A replay therefore sends the first message id in the attribute event_id:
// events then count once, however often the message is replayed, and so do its good items. It sends
// the attribute only where the payload has no id, because the attribute takes precedence over the
// natural key (order and line), under which a till may send the same sale again itself.

const eventIDAttribute = "event_id"

// ofMessage stands for the message id among ids. No message has this id, because ids have no NUL.
const ofMessage = "\x00message id"

// decoded is what the pipeline's decoder makes of a payload.
type decoded struct {
	eventID  string // of the first event, without #k; ofMessage; or empty if no event comes of the payload
	events   []event.UnifiedInventoryEvent
	refusals []event.Refusal
}

// forever is a clock by which nothing lies in the future: what was refused as FUTURE may be in the
// past by now.
const forever = math.MaxInt64 / 2

// decoding decodes payloads as a pipeline with these maps does.
type decoding struct {
	maps          event.Maps
	plain, mapped event.Decoder
}

func newDecoding(maps event.Maps) *decoding {
	rules := event.Rules{ReturnRefunds: true} // there is no letter of a refund that was ignored
	d := &decoding{maps: maps, plain: event.Decoder{Rules: rules}}
	rules.Maps = maps
	d.mapped.Rules = rules
	return d
}

// channelOf returns the channel of a source, and the decoder. A line of a file is a stock message
// of the warehouse or a unified event, and is never mapped.
func (c *decoding) channelOf(source string) (event.Channel, *event.Decoder) {
	channel, ok := event.ParseChannel(source)
	switch {
	case !ok || channel == event.FILE:
		return event.WMS, &c.plain
	case c.maps[channel] == "":
		return channel, &c.plain
	default:
		return channel, &c.mapped
	}
}

func (c *decoding) isMapped(source string) bool {
	_, decoder := c.channelOf(source)
	return decoder == &c.mapped
}

func (c *decoding) decode(source string, data []byte, attributes map[string]string) decoded {
	channel, decoder := c.channelOf(source)
	m := event.Message{Channel: channel, Format: channel.Format(), Data: data, Attributes: attributes, ID: ofMessage}
	var out event.Decoded
	decoder.Decode(&m, forever, false, &out)
	d := decoded{events: out.Events, refusals: out.Refusals}
	for i := len(out.Events) - 1; i >= 0; i-- {
		id := withoutNumber(&out.Events[i], attributes, decoder == &c.mapped)
		if d.eventID != ofMessage { // an output of a map without an id of its own has the message's
			d.eventID = id
		}
	}
	return d
}

// withoutNumber returns the id of an event without the #k of an item. An output of a map has #k
// only if its id is the message's.
func withoutNumber(e *event.UnifiedInventoryEvent, attributes map[string]string, mapped bool) string {
	if e.Item == event.NoItem {
		return e.ID
	}
	id := e.ID[:max(0, strings.LastIndexByte(e.ID, '#'))]
	if id == "" || mapped && id != ofMessage && id != attributes[eventIDAttribute] {
		return e.ID
	}
	return id
}

// identifiedBy returns what the payload of a message with the given id decodes to.
func (d decoded) identifiedBy(messageID string) decoded {
	d.eventID = strings.Replace(d.eventID, ofMessage, messageID, 1)
	d.events = slices.Clone(d.events)
	for i := range d.events {
		d.events[i].ID = strings.Replace(d.events[i].ID, ofMessage, messageID, 1)
	}
	return d
}

// lost returns an event other than the letter's own that is in d and not in after, or nil.
func (d decoded) lost(l letter, after decoded) *event.UnifiedInventoryEvent {
	for i := range d.events {
		e := &d.events[i]
		same := func(x event.UnifiedInventoryEvent) bool {
			return x.StoreID == e.StoreID && x.ProductID == e.ProductID && x.ID == e.ID &&
				x.Type == e.Type && x.Quantity == e.Quantity && x.OccurredAt == e.OccurredAt
		}
		if (l.Item == nil || *l.Item != e.Item) && !slices.ContainsFunc(after.events, same) {
			return e
		}
	}
	return nil
}

// refused returns the refusal by which the payload would become the same letter again, or nil.
func (d decoded) refused(l letter) *event.Refusal {
	for i, r := range d.refusals {
		if r.Item == event.NoItem || l.Item != nil && r.Item == *l.Item || d.eventID == "" {
			return &d.refusals[i]
		}
	}
	return nil
}

// fallbackID identifies the events of the letter's message if nothing in the message does.
func fallbackID(l letter) string {
	if l.MessageID != nil {
		return *l.MessageID
	}
	sum := sha256.Sum256([]byte(l.Detail + "\n" + string(l.Raw))) // the detail names the line of the file
	return "sha256:" + hex.EncodeToString(sum[:])
}

// eventID returns the id of the letter's message, without the #k of an item, or "" if the payload
// has none. It is the id that the pipeline gave the message, or will give it when the rest of the
// payload is repaired. A mapped message from which no event comes has no id.
func (c *decoding) eventID(l letter) string {
	if ofSignal(l) {
		return ""
	}
	id := c.decode(l.Source, l.Raw, l.Attributes).eventID
	var fields map[string]json.RawMessage
	if id == "" && !c.isMapped(l.Source) && json.Unmarshal(l.Raw, &fields) == nil && fields != nil {
		for name, good := range map[string]string{
			"store_id": `"1"`, "product_id": `"1"`,
			"quantity": `1`, "count": `1`, "product_count": `1`, "price": `1`, "time_of_sale": `0`,
			"timestamp":   `"2020-01-01T00:00:00Z"`,
			"occurred_at": `"2020-01-01T00:00:00Z"`,
			"counted_at":  `"2020-01-01T00:00:00Z"`,
			"items":       `[{"product_id":"1","quantity":1}]`,
		} {
			if _, sent := fields[name]; sent || name != "items" && name != "occurred_at" {
				fields[name] = json.RawMessage(good)
			}
		}
		if repaired, err := json.Marshal(fields); err == nil {
			id = c.decode(l.Source, repaired, l.Attributes).eventID
		}
	}
	switch {
	case id == ofMessage && l.MessageID != nil:
		return *l.MessageID
	case id == ofMessage:
		return ""
	default:
		return id
	}
}

// partlyCounted reports whether a part of the letter's message may count already.
func partlyCounted(l letter) bool {
	return l.Item != nil || l.Stage == event.StageVelocity || l.Stage == event.StageWarehouse
}

// ofSignal reports whether the letter is a row that a warehouse refused and that no message led to.
func ofSignal(l letter) bool {
	_, ok := event.ParseChannel(l.Source)
	return l.Stage == event.StageWarehouse && !ok
}

// prepare returns what to publish for a letter: its payload, or o.repaired if that is not nil, and
// attributes by which each event counts once. o.newID allows another event id where a part of the
// message may count already.
func (c *decoding) prepare(l letter, o replayOptions) (data []byte, attributes map[string]string, err error) {
	if ofSignal(l) {
		return nil, nil,
			errors.New("it is the row of a signal and no message: the next change of its key makes another")
	}
	if o.repaired == nil && l.Reason == event.IDReused {
		return nil, nil, errors.New("another event came first under this event id, and stays: " +
			"give the payload an event id of its own")
	}
	data, attributes = l.Raw, maps.Clone(l.Attributes)
	if o.repaired != nil {
		data = o.repaired
	}
	if attributes == nil {
		attributes = map[string]string{}
	}
	if id := attributes[eventIDAttribute]; id == "" || len(id) > 256 {
		delete(attributes, eventIDAttribute) // an invalid id would refuse the message whatever the payload
	}
	before, after := c.decode(l.Source, l.Raw, attributes), c.decode(l.Source, data, attributes)
	if r := after.refused(l); r != nil {
		return nil, nil, fmt.Errorf("it would be refused again, %s: %s", r.Reason, r.Detail)
	}
	if after.eventID == "" {
		return nil, nil, errors.New("it would be ignored: nothing in it concerns a product")
	}
	if before.eventID == ofMessage {
		before = before.identifiedBy(fallbackID(l))
	}
	if after.eventID == ofMessage {
		id := before.eventID
		if id == "" {
			id = fallbackID(l)
		}
		attributes[eventIDAttribute] = id
		after = after.identifiedBy(id)
	}
	if partlyCounted(l) && !o.newID && before.lost(l, after) != nil {
		attributes[eventIDAttribute] = before.eventID // beats a natural key, which the repair may have changed
		after = c.decode(l.Source, data, attributes)
		if lost := before.lost(l, after); lost != nil {
			return nil, nil, wouldCountAgain(lost, before, after)
		}
	}
	return data, attributes, nil
}

// wouldCountAgain is the error of a repair after which an event that may count already is another
// event.
func wouldCountAgain(lost *event.UnifiedInventoryEvent, before, after decoded) error {
	if before.eventID != after.eventID {
		return fmt.Errorf("other parts of the message count already under the event id %q, and would count again "+
			"under %q: leave the id as it was, or give --new_id", before.eventID, after.eventID)
	}
	return fmt.Errorf("%d of product %q count already under the event id %q, and would not be that event any more, "+
		"as items of one product are numbered by quantity: send the repaired item as a message of its own",
		lost.Quantity, lost.ProductID, lost.ID)
}
