package event

import (
	"encoding/json"
	"fmt"
	"strings"
)

// errDigits is the error of a number that no program can calculate with in a bounded time.
var errDigits = fmt.Errorf("a number of more than %d digits", maxDigits)

// maxDigits is the greatest length of a number that a program may have, in bytes.
const maxDigits = 1000

// tree parses one message into a value for a program. It is as strict as read. Numbers keep their
// digits: they are int where that is the same text, json.Number otherwise.
func (r *jsonReader) tree(data []byte) (any, error) {
	if err := r.start(data); err != nil {
		return nil, err
	}
	r.text = string(data) // the strings of the value are parts of it
	v, err := r.node()
	r.text = ""
	if err != nil {
		return nil, err
	}
	return v, r.end()
}

// node reads a value.
func (r *jsonReader) node() (any, error) {
	switch r.tokens.PeekKind() {
	case '{':
		return r.objectNode()
	case '[':
		return r.arrayNode()
	}
	raw, err := r.tokens.ReadValue()
	if err != nil {
		return nil, err
	}
	switch raw[0] {
	case 'n':
		return nil, nil //nolint:nilnil // null is a value
	case 't', 'f':
		return raw[0] == 't', nil
	case '"':
		return r.unquoted(raw), nil
	}
	if len(raw) > maxDigits {
		return nil, errDigits
	}
	if n, ok := parsePlainInteger(raw); ok && string(raw) != "-0" {
		return int(n), nil
	}
	return json.Number(r.textOf(raw)), nil
}

func (r *jsonReader) arrayNode() (any, error) {
	if err := r.deeper(); err != nil {
		return nil, err
	}
	list := []any{}
	for r.tokens.PeekKind() != ']' {
		v, err := r.node()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := r.tokens.ReadToken()
	return list, err
}

func (r *jsonReader) objectNode() (any, error) {
	if err := r.deeper(); err != nil {
		return nil, err
	}
	members := map[string]any{}
	for r.tokens.PeekKind() != '}' {
		quoted, err := r.tokens.ReadValue()
		if err != nil {
			return nil, err
		}
		name := r.unquoted(quoted)
		if members[name], err = r.node(); err != nil {
			return nil, err
		}
	}
	_, err := r.tokens.ReadToken()
	return members, err
}

// deeper reads the opening bracket of an object or array.
func (r *jsonReader) deeper() error {
	if r.tokens.StackDepth() == maxDepth {
		return errTooDeep
	}
	return r.enter()
}

// textOf returns the part of the message that was read last.
func (r *jsonReader) textOf(raw []byte) string {
	end := int(r.tokens.InputOffset())
	return r.text[end-len(raw) : end]
}

// unquoted returns the characters of the JSON string that was read last.
func (r *jsonReader) unquoted(quoted []byte) string {
	text := r.textOf(quoted)
	if strings.IndexByte(text, '\\') < 0 {
		return text[1 : len(text)-1]
	}
	return string(unquote(quoted, nil))
}
