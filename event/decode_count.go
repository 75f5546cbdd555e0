package event

import (
	"bytes"
	"fmt"
)

// maxQuantity is the greatest absolute quantity of one event.
const maxQuantity = 1_000_000_000

// quantity returns the units of an event of type t. They are 1 if the field is absent and optional.
func (d *Decoder) quantity(t Type, p *product) (int64, *Refusal) {
	v, name := p.quantity, p.quantityName
	optional := t == View || t == CartAdd || p.defaultsToOne
	switch {
	case v.kind == absent && optional:
		return 1, nil
	case v.kind == absent:
		return 0, missing(p.at.field(name))
	}
	n, problem := d.count(v)
	switch {
	case problem != "":
		return 0, refusal(BadField, p.at.field(name)+": "+v.quote()+" "+problem)
	case n > maxQuantity || n < -maxQuantity:
		return 0, refusal(BadField, fmt.Sprintf("%s: %d is beyond %d", p.at.field(name), n, int64(maxQuantity)))
	case n < 0 && (t == Reset || t == View || t == CartAdd):
		return 0, refusal(BadField, fmt.Sprintf("%s: %d is negative, and a %v cannot be", p.at.field(name), n, t))
	}
	return n, nil
}

// count parses an integer: a number, or a text of digits with an optional sign.
func (d *Decoder) count(v *value) (n int64, problem string) {
	var err error
	switch {
	case v.kind == cell && hasAmbiguousSeparator(v.raw):
		return 0, "is ambiguous: the separator before three digits is a decimal point or a thousands separator"
	case v.isNumber():
		n, err = parseInteger(v.raw)
	case v.kind == text || v.kind == cell:
		n, err = parseCount(v.text(d.scratch[:0]))
	default:
		return 0, "is not a number"
	}
	if err != nil {
		return 0, err.Error()
	}
	return n, ""
}

// hasAmbiguousSeparator reports whether a count ends with a dot or comma and exactly three digits,
// such as 1.000 or 1,234.000. The separator may mark the thousands: 1.000 may mean 1000 or 1.
func hasAmbiguousSeparator(b []byte) bool {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	last := bytes.LastIndexAny(b, ".,")
	if last < 1 || len(b)-last-1 != 3 || !allDigits(b[last+1:]) {
		return false
	}
	for _, c := range b[:last] {
		if (c < '0' || c > '9') && c != '.' && c != ',' {
			return false
		}
	}
	return true
}
