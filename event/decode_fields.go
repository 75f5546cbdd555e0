package event

import "fmt"

const (
	// maxAheadMs is how far the time of an event that moves stock may be ahead of the clock.
	maxAheadMs = 5 * 60 * 1000
	// maxDemandAheadMs is how far the time of a VIEW or CART_ADD may be ahead of the clock. Beyond
	// maxAheadMs the time is replaced.
	maxDemandAheadMs = 24 * 60 * 60 * 1000
)

// path locates a value in the message, for the detail of a refusal: at the top, or in an element of
// a list.
type path struct {
	list  string // name of the list, such as items; empty at the top
	index int
}

func (p path) String() string { return fmt.Sprintf("%s[%d]", p.list, p.index) }

// field returns the path of a field at p, such as items[2].quantity.
func (p path) field(name string) string {
	if p.list == "" {
		return name
	}
	return p.String() + "." + name
}

func missing(name string) *Refusal { return refusal(MissingField, name+" is missing") }

// quote formats v for a detail.
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

// eventType parses the wire name of a type.
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

// time parses a business time, epoch ms.
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

// setTime sets the business time of e, whose type is set. Two kinds of times that are ahead are
// replaced. A VIEW or CART_ADD more than five minutes and at most a day ahead of the clock takes
// the publish time, or the clock's now if the publish time is unknown or the clock is not the wall
// clock. A RESET at most five minutes ahead of its own publish time takes the publish time.
func (d *Decoder) setTime(e *UnifiedInventoryEvent, v *value, name string) *Refusal {
	ms, r := d.time(v, name)
	if r != nil {
		return r
	}
	limit := d.nowMs + maxAheadMs
	if !e.Type.MovesStock() {
		limit = d.nowMs + maxDemandAheadMs
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

// price returns a decimal number, with or without quotes, as sent. Any other price is absent and
// counted in UnreadablePrices: it does not refuse the event.
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

// maxLabel is the greatest length of a label, in bytes. The labels of a message are repeated in the
// row of each of its items.
const maxLabel = 4096

// label parses a label: an optional string or integer that only the warehouse keeps. An absent
// label is empty.
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

// setLabels sets the labels of e that concern the order as a whole.
func (d *Decoder) setLabels(e *UnifiedInventoryEvent) (r *Refusal) {
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
