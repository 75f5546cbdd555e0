package event

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

const (
	// maxMessage is the greatest size of a payload, in bytes.
	maxMessage = 1 << 20
	// maxAttributes is the greatest size of the names and values of a message's attributes, in
	// bytes. It is twice what Pub/Sub accepts.
	maxAttributes = 256 << 10
)

// Decoder decodes messages of all formats. The zero value is ready for use. A Decoder reuses memory
// between calls and is not safe for concurrent use: each DoFn instance has its own.
type Decoder struct {
	Rules

	json    jsonReader
	csv     csvReader
	doc     document
	maps    mapper
	ids     idCache
	ignored ignoredNames
	scratch []byte
	order   []int // of numberItems and decodeMapped

	// State of the current call to Decode.
	message   *Message
	nowMs     int64
	wallClock bool
	returned  bool // the sales of the message are returns, whatever the sign of their quantities
	natural   bool // the event id is the natural key
	out       *Decoded
}

// Rules are the options of decoding. The zero value holds the defaults.
type Rules struct {
	OnlineStore       string // store of web shop events without a store id, itself a valid id; empty means "online"
	ReturnRefunds     bool   // the items of a web shop's refund are returns; otherwise refunds are ignored
	StripLeadingZeros bool   // leading zeros are removed from product ids of digits only
	Maps              Maps
}

// Decoded is the result of decoding one message. It has at least one event or refusal, or Ignored
// is 1.
type Decoded struct {
	Events           []UnifiedInventoryEvent
	Refusals         []Refusal
	Ignored          int    // 1 if the message is valid and concerns no product, otherwise 0
	IgnoredName      string // MappedToNothing, or the name of the clickstream event, bounded by MaxIgnoredNames
	UnreadablePrices int    // how many prices were not decimal numbers and are absent in Events
}

func (o *Decoded) reset() {
	clear(o.Events) // release the strings
	clear(o.Refusals)
	*o = Decoded{Events: o.Events[:0], Refusals: o.Refusals[:0]}
	if cap(o.Events) > maxKeptItems {
		o.Events = nil
	}
	if cap(o.Refusals) > maxKeptItems {
		o.Refusals = nil
	}
}

// Decode decodes m into out, which it resets first. The slices in out are valid until the next call
// with the same out; the strings stay valid. nowMs is the time of the pipeline's clock, epoch ms,
// and wallClock reports whether that clock is the wall clock.
//
// Decode has no error: whatever cannot be decoded is in out.Refusals.
func (d *Decoder) Decode(m *Message, nowMs int64, wallClock bool, out *Decoded) {
	out.reset()
	d.message, d.nowMs, d.wallClock, d.out = m, nowMs, wallClock, out
	d.returned, d.natural = false, false
	if r := d.decode(); r != nil {
		d.refuse(r, NoItem)
	}
	d.message, d.out = nil, nil
}

// decode returns the refusal of the message as a whole, or nil. Refusals of items are in d.out.
func (d *Decoder) decode() *Refusal {
	if r := d.message.tooLarge(); r != nil {
		return r
	}
	if d.isMapped() {
		return d.decodeMapped()
	}
	if r := d.read(); r != nil {
		return r
	}
	if d.has(fieldType) && d.has(fieldOccurredAt) {
		return d.decodeUnified()
	}
	return decoders[d.message.Format](d)
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

// tooLarge returns a refusal if the message exceeds a size limit.
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

// refuse appends r to the result. The detail of a message from a file ends with the file and line,
// and that of an output of a map with its number.
func (d *Decoder) refuse(r *Refusal, item int) {
	r.Item = item
	m := d.message
	switch {
	case m.Channel == FILE:
		r.Detail += " (" + m.File + ":" + strconv.FormatInt(m.Line, 10) + ")"
	case item != NoItem && d.isMapped():
		r.Detail += " (output " + strconv.Itoa(item) + " of " + m.Channel.MapFlag() + ")"
	}
	d.out.Refusals = append(d.out.Refusals, *r)
}

func refusal(reason Reason, detail string) *Refusal {
	return &Refusal{Reason: reason, Detail: detail, Item: NoItem}
}

// maxQuoted is the greatest number of bytes of a message that a detail quotes. It bounds the size
// of dead letters.
const maxQuoted = 200

// clip shortens s to maxQuoted.
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
