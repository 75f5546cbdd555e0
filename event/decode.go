package event

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

const (
	// maxMessage is the size of payload, in bytes, above which nothing is even looked at.
	maxMessage = 1 << 20
	// maxAttributes is the same for a message's attributes, names and values. Pub/Sub itself takes half of it.
	maxAttributes = 256 << 10
)

// Decoder reads messages of all formats. The zero value is ready for use. A Decoder keeps scratch memory between calls and is
// not safe for concurrent use: each DoFn instance has its own.
type Decoder struct {
	Rules

	json    jsonReader
	csv     csvReader
	doc     document
	known   knownIDs
	ignored ignoredNames
	scratch []byte
	order   []int // of numberItems

	// The call in hand.
	message   *Message
	nowMs     int64
	wallClock bool
	returned  bool // the sales of the message are returns, whichever sign their quantities have
	natural   bool // the event id is a natural key
	out       *Decoded
}

// Rules are the parts of decoding that are up to the user. The zero value holds the defaults.
type Rules struct {
	OnlineStore       string // store of web shop events without one, a valid store id; empty means "online"
	ReturnRefunds     bool   // items of the web shop's refund events are returns; else these events are ignored
	StripLeadingZeros bool   // product ids of digits only lose the zeros in front
}

// Decoded is what one message came to: at least one event or refusal, or Ignored is 1.
type Decoded struct {
	Events           []Event
	Refusals         []Refusal
	Ignored          int    // messages that are sound and say nothing about a product
	IgnoredName      string // name of the ignored clickstream event, as ignoredNames returns it
	UnreadablePrices int    // prices of Events that are no decimal number, and are left out
}

func (o *Decoded) reset() {
	clear(o.Events) // let go of the strings
	clear(o.Refusals)
	*o = Decoded{Events: o.Events[:0], Refusals: o.Refusals[:0]}
	if cap(o.Events) > maxKeptItems {
		o.Events = nil
	}
	if cap(o.Refusals) > maxKeptItems {
		o.Refusals = nil
	}
}

// Decode reads one message into out, which it resets first; what it puts there is good until the next call with the same
// out, the strings for ever. nowMs is the pipeline's clock, epoch ms, and wallClock says whether that is the wall clock.
//
// Nothing that a message may contain is an error of Decode: what cannot be used is in out.Refusals.
func (d *Decoder) Decode(m *Message, nowMs int64, wallClock bool, out *Decoded) {
	out.reset()
	d.message, d.nowMs, d.wallClock, d.out = m, nowMs, wallClock, out
	d.returned, d.natural = false, false
	if r := d.decode(); r != nil {
		d.refuse(r, NoItem)
	}
	d.message, d.out = nil, nil
}

// decode returns what is wrong with the message as a whole. Refusals of items are in d.out already.
func (d *Decoder) decode() *Refusal {
	if r := d.message.tooLarge(); r != nil {
		return r
	}
	if r := d.read(); r != nil {
		return r
	}
	if d.has(fieldType) && d.has(fieldOccurredAt) {
		return d.decodeUnified()
	}
	switch d.message.Format {
	case FormatPOS:
		return d.decodePOS()
	case FormatECOM:
		return d.decodeECOM()
	case FormatWMS:
		return d.decodeWMS()
	default:
		return d.decodeUnified()
	}
}

// read fills d.doc from the message.
func (d *Decoder) read() *Refusal {
	d.doc.reset()
	if d.message.Unreadable != "" {
		return refusal(BadJSON, clip(d.message.Unreadable))
	}
	if d.message.Columns != nil {
		if err := d.csv.read(d.message.Data, d.message.Columns, &d.doc); err != nil {
			return refusal(BadJSON, clip("CSV: "+err.Error()))
		}
		return nil
	}
	if err := d.json.read(d.message.Data, &d.doc); err != nil {
		return refusal(BadJSON, describeJSONError(err))
	}
	return nil
}

// tooLarge refuses what is not even looked at.
func (m *Message) tooLarge() *Refusal {
	if n := int64(len(m.Data)) + m.Cut; n > maxMessage {
		detail := fmt.Sprintf("the message has %d bytes, more than %d", n, maxMessage)
		if m.Cut > 0 {
			detail += fmt.Sprintf("; only the first %d are kept here", len(m.Data))
		}
		return refusal(TooLarge, detail)
	}
	if n := m.attributeBytes(); n > maxAttributes {
		return refusal(TooLarge, fmt.Sprintf("the attributes have %d bytes, more than %d", n, maxAttributes))
	}
	return nil
}

func (d *Decoder) has(f field) bool { return d.doc.fields[f].kind != absent }

// refuse adds a refusal to the result. Details about a file say where to look.
func (d *Decoder) refuse(r *Refusal, item int) {
	r.Item = item
	if m := d.message; m.Channel == FILE {
		r.Detail += " (" + m.File + ":" + strconv.FormatInt(m.Line, 10) + ")"
	}
	d.out.Refusals = append(d.out.Refusals, *r)
}

func refusal(reason Reason, detail string) *Refusal {
	return &Refusal{Reason: reason, Detail: detail, Item: NoItem}
}

// maxQuoted is how much of a message, in bytes, a detail quotes at most, so that a dead letter does not grow with the nonsense
// it reports.
const maxQuoted = 200

// clip cuts s down to maxQuoted.
func clip(s string) string {
	if len(s) <= maxQuoted {
		return s
	}
	n := maxQuoted
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "..."
}
