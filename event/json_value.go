package event

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// kind is what a value is in its message.
type kind uint8

const (
	absent  kind = iota // not there, or null: the same thing everywhere
	boolean             // true or false
	number              // a JSON number
	text                // a JSON string
	object              // a JSON object
	array               // a JSON array
	cell                // a cell of a CSV record: text or number, as its column needs
)

// value is one value of a message. What it is good for is decided by the field that it turns out to be.
type value struct {
	kind kind
	raw  []byte // as sent, a string with its quotes; empty for objects and arrays; a piece of the message
}

// text returns the characters of a string or cell. It appends to scratch when the string has escapes, else the result is a
// piece of the message.
func (v *value) text(scratch []byte) []byte {
	if v.kind == cell {
		return v.raw
	}
	return unquote(v.raw, scratch)
}

// unquote returns the characters of a valid JSON string; the rest is as for value.text.
func unquote(quoted, scratch []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	b, _ := jsontext.AppendUnquote(scratch, quoted) // the tokenizer has found it valid
	return b
}

// isNumber reports whether the value is a number, or a cell that reads as one.
func (v *value) isNumber() bool {
	return v.kind == number || v.kind == cell && isNumber(v.raw)
}

// isNumber reports whether b is a JSON number and nothing else.
func isNumber(b []byte) bool {
	if len(b) == 0 || b[0] != '-' && (b[0] < '0' || b[0] > '9') {
		return false
	}
	last := b[len(b)-1]
	return '0' <= last && last <= '9' && jsontext.Value(b).IsValid()
}
