package event

import "fmt"

const (
	// maxAheadMs is how far the clocks of stores may run ahead of the pipeline's.
	maxAheadMs = 5 * 60 * 1000
	// maxLookAheadMs is how far those of web shop clients may: their events take another time then.
	maxLookAheadMs = 24 * 60 * 60 * 1000
)

// place is where a value stands, for the detail of a refusal: at the top of the message, or in an element of a list.
type place struct {
	list  string // such as items; empty at the top
	index int
}

func (p place) String() string { return fmt.Sprintf("%s[%d]", p.list, p.index) }

// of names a field standing at p, such as items[2].quantity.
func (p place) of(name string) string {
	if p.list == "" {
		return name
	}
	return p.String() + "." + name
}

func missing(name string) *Refusal { return refusal(MissingField, name+" is missing") }

// quote shows a value in a detail.
func (v *value) quote() string {
	switch v.kind {
	case object:
		return "an object"
	case array:
		return "an array"
	default:
		return clip(string(v.raw[:min(len(v.raw), 2*maxQuoted)]))
	}
}

// eventType reads the wire name of a type.
func (d *Decoder) eventType(v *value) (Type, *Refusal) {
	switch v.kind {
	case absent:
		return 0, missing("type")
	case text, cell:
	default:
		return 0, refusal(BadField, "type: "+v.quote()+" is not a string")
	}
	t, ok := ParseType(string(v.text(d.scratch[:0])))
	if !ok {
		return 0, refusal(UnknownType, "type: "+v.quote()+" is unknown")
	}
	return t, nil
}

// time reads a business time, epoch ms.
func (d *Decoder) time(v *value, name string) (int64, *Refusal) {
	var ms int64
	switch {
	case v.kind == absent:
		return 0, missing(name)
	case v.isNumber():
		n, err := parseInteger(v.raw)
		if err != nil {
			return 0, refusal(BadTime, name+": "+v.quote()+" "+err.Error())
		}
		if v.kind == cell && isRounded(v.raw) {
			return 0, refusal(BadTime, name+": "+v.quote()+" looks like a time that a spreadsheet has rounded")
		}
		ms = n
	case v.kind == text || v.kind == cell:
		t, ok := parseRFC3339(v.text(d.scratch[:0]))
		if !ok {
			return 0, refusal(BadTime, name+": "+v.quote()+" is not a date and time with offset (RFC 3339)")
		}
		ms = t
	default:
		return 0, refusal(BadTime, name+": "+v.quote()+" is neither epoch milliseconds nor RFC 3339")
	}
	if ms < earliestMs {
		return 0, refusal(BadTime, name+": "+v.quote()+" is before 2000-01-01")
	}
	return ms, nil
}

// setTime gives the event, whose type is known, its business time. A view or cart add that is ahead of the clock, but within a
// day, takes the time of its publication, or the clock's now where that time is unknown or by another clock. A count that is
// ahead of its own publication by no more than clocks differ takes the time of its publication.
func (d *Decoder) setTime(e *Event, v *value, name string) *Refusal {
	ms, r := d.time(v, name)
	if r != nil {
		return r
	}
	limit := d.nowMs + maxAheadMs
	if !e.Type.MovesStock() {
		limit = d.nowMs + maxLookAheadMs
	}
	if ms > limit {
		return refusal(Future, fmt.Sprintf("%s: %s is %d s ahead of the clock", name, v.quote(), (ms-d.nowMs)/1000))
	}
	published := int64(0)
	if d.wallClock {
		published = d.message.PublishedAt
	}
	e.OccurredAt = ms
	switch {
	case ms > d.nowMs+maxAheadMs:
		e.Adjusted, e.OccurredAt = true, d.nowMs
		if published != 0 {
			e.OccurredAt = published
		}
	case e.Type == Reset && published != 0 && ms > published && ms <= published+maxAheadMs:
		e.Adjusted, e.OccurredAt = true, published
	}
	return nil
}

// price reads a decimal number, also in quotes, as it was sent. Any other price is left out and counted: it does not cost the
// event.
func (d *Decoder) price(v *value) string {
	switch {
	case v.kind == absent:
		return ""
	case v.isNumber():
		return string(v.raw)
	case v.kind == text:
		if t := v.text(d.scratch[:0]); isNumber(t) {
			return string(t)
		}
	}
	d.out.UnreadablePrices++
	return ""
}

// maxLabel is the length, in bytes, of what only the warehouse keeps. Each item of a message repeats it in a row of its own.
const maxLabel = 4096

// label reads an optional string or integer that only the warehouse keeps; absent is empty.
func (d *Decoder) label(v *value, name string) (string, *Refusal) {
	switch v.kind {
	case absent:
		return "", nil
	case text, cell:
		s := v.text(d.scratch[:0])
		if len(s) > maxLabel {
			return "", refusal(BadField, fmt.Sprintf("%s: has %d bytes, more than %d", name, len(s), maxLabel))
		}
		return string(s), nil
	case number:
		n := parseDecimal(v.raw)
		if !n.isInteger() {
			return "", refusal(BadField, name+": "+v.quote()+" is not an integer")
		}
		if n.width() > maxEventID {
			return "", refusal(BadField, fmt.Sprintf("%s: an integer of more than %d digits", name, maxEventID))
		}
		return string(n.append(d.scratch[:0])), nil
	default:
		return "", refusal(BadField, name+": "+v.quote()+" is neither a string nor an integer")
	}
}

// setLabels gives the event what tills and the web shop say about the order as a whole.
func (d *Decoder) setLabels(e *Event) (r *Refusal) {
	f := &d.doc.fields
	if e.UserID, r = d.label(&f[fieldUserID], "user_id"); r != nil {
		return r
	}
	if e.ClientID, r = d.label(&f[fieldClientID], "client_id"); r != nil {
		return r
	}
	if e.Source != POS {
		return nil
	}
	if e.OrderNumber, r = d.label(&f[fieldOrderNumber], "order_number"); r != nil {
		return r
	}
	if e.Line, r = d.label(&f[fieldLine], "line"); r != nil {
		return r
	}
	e.DepartmentID, r = d.label(&f[fieldDepartmentID], "department_id")
	return r
}
