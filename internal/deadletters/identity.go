package deadletters

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/beamlytics/streamlytics/event"
)

// A message that is published again gets another Pub/Sub message id, and the message id is what identifies the events of a
// message that brings nothing better. So that replays count once, however often they are made, and the good items of a
// message do not count again, a replay takes the id along in the attribute event_id. It does so only when nothing better is
// there: the attribute goes before the natural key (order and line), under which a till may send the same sale again itself.

const eventIDAttribute = "event_id"

// ofMessage stands for "the message id" among ids; no message can have it, as ids have no NUL.
const ofMessage = "\x00message id"

// decoded is what the pipeline's decoder makes of a payload.
type decoded struct {
	eventID  string // without the item's suffix; ofMessage; or empty when no event comes of the payload
	refusals []event.Refusal
}

// forever is a clock by which nothing lies in the future: time may have healed what did.
const forever = math.MaxInt64 / 2

func decode(source string, data []byte, attributes map[string]string) decoded {
	m := event.Message{Data: data, Attributes: attributes, ID: ofMessage}
	switch source {
	case event.POS.String():
		m.Channel, m.Format = event.POS, event.FormatPOS
	case event.ECOM.String():
		m.Channel, m.Format = event.ECOM, event.FormatECOM
	default: // lines of files are of the warehouse's format, or unified, which every format includes
		m.Channel, m.Format = event.WMS, event.FormatWMS
	}
	var decoder event.Decoder
	var out event.Decoded
	decoder.Decode(&m, forever, false, &out)
	d := decoded{refusals: out.Refusals}
	if len(out.Events) > 0 {
		d.eventID = out.Events[0].ID
		if item := out.Events[0].Item; item != event.NoItem {
			d.eventID = strings.TrimSuffix(d.eventID, "#"+strconv.Itoa(item))
		}
	}
	return d
}

// refused says why the payload would become the same letter again, or is nil.
func (d decoded) refused(l letter) *event.Refusal {
	for i, r := range d.refusals {
		if r.Item == event.NoItem || l.Item != nil && r.Item == *l.Item || d.eventID == "" {
			return &d.refusals[i]
		}
	}
	return nil
}

// fallbackID identifies the events of the letter's message when nothing in the message does.
func fallbackID(l letter) string {
	if l.MessageID != nil {
		return *l.MessageID
	}
	sum := sha256.Sum256([]byte(l.Detail + "\n" + string(l.Raw))) // the detail names the line of the file
	return "sha256:" + hex.EncodeToString(sum[:])
}

// partlyCounted reports whether something of the letter's message may count already.
func partlyCounted(l letter) bool {
	return l.Item != nil || l.Stage == event.StageVelocity || l.Stage == event.StageWarehouse
}

// ofSignal reports whether the letter is a row that a warehouse refused and that came of no message.
func ofSignal(l letter) bool {
	return l.Stage == event.StageWarehouse && !slices.ContainsFunc(event.Channels[:], func(c event.Channel) bool { return c.String() == l.Source })
}

// prepare returns what is to be published for a letter: its payload, or repaired when that is not nil, and attributes by
// which everything counts once. newID allows another event id where something of the message may count already.
func prepare(l letter, repaired []byte, newID bool) (data []byte, attributes map[string]string, err error) {
	if ofSignal(l) {
		return nil, nil, errors.New("it is the row of a signal and no message: the next change of its key makes another")
	}
	if repaired == nil && l.Reason == event.IDReused {
		return nil, nil, errors.New("another event came first under this event id, and stays: give the payload an event id of its own")
	}
	data, attributes = l.Raw, maps.Clone(l.Attributes)
	if repaired != nil {
		data = repaired
	}
	if attributes == nil {
		attributes = map[string]string{}
	}
	if id := attributes[eventIDAttribute]; id == "" || len(id) > 256 {
		delete(attributes, eventIDAttribute) // with it the message would be refused whatever the payload
	}
	before, after := decode(l.Source, l.Raw, attributes), decode(l.Source, data, attributes)
	if r := after.refused(l); r != nil {
		return nil, nil, fmt.Errorf("it would be refused again, %s: %s", r.Reason, r.Detail)
	}
	if after.eventID == "" {
		return nil, nil, errors.New("it would be ignored: it says nothing about a product")
	}
	if before.eventID == ofMessage {
		before.eventID = fallbackID(l)
	}
	if after.eventID == ofMessage {
		after.eventID = before.eventID
		if after.eventID == "" {
			after.eventID = fallbackID(l)
		}
		attributes[eventIDAttribute] = after.eventID
	}
	if partlyCounted(l) && before.eventID != "" && after.eventID != before.eventID && !newID {
		return nil, nil, fmt.Errorf("other parts of the message count already under the event id %q, and would count again under %q: "+
			"leave the id as it was, or say --new_id", before.eventID, after.eventID)
	}
	return data, attributes, nil
}
