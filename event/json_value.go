package event

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// kind is the kind of a value in its message.
type kind uint8

const (
	absent  kind = iota // missing or null
	boolean             // true or false
	number              // a JSON number
	text                // a JSON string
	object              // a JSON object
	array               // a JSON array
	cell                // a cell of a CSV record: a text or a number, depending on its field
)

// value is one value of a message, not yet interpreted.
type value struct {
	kind kind
	raw  []byte // as sent, a string with its quotes; empty for objects and arrays; points into the message
}

// text returns the characters of a string or cell. If a string has escapes, they are appended to
// scratch; otherwise the result points into the message.
func (v *value) text(scratch []byte) []byte {
	if v.kind == cell {
		return v.raw
	}
	return unquote(v.raw, scratch)
}

// unquote returns the characters of a valid JSON string. The result is as for value.text.
func unquote(quoted, scratch []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	b, _ := jsontext.AppendUnquote(scratch, quoted) // cannot fail: the string is valid
	return b
}

// isNumber reports whether v is a number, or a cell with the text of a number.
func (v *value) isNumber() bool {
	return v.kind == number || v.kind == cell && isNumber(v.raw)
}

// isNumber reports whether b is exactly one JSON number.
func isNumber(b []byte) bool {
	if len(b) == 0 || b[0] != '-' && (b[0] < '0' || b[0] > '9') {
		return false
	}
	last := b[len(b)-1]
	return '0' <= last && last <= '9' && jsontext.Value(b).IsValid()
}
