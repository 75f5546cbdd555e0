package event

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/beamlytics/streamlytics/event/jq"
)

// MappedToNothing is the name by which messages are counted for which a map has no output.
const MappedToNothing = "mapped to nothing"

// Maps are jq programs by channel, such as Maps{POS: "..."}. Each turns a message of its channel
// into unified events, its outputs. A message of a channel without a program is not mapped.
type Maps [len(channels)]string

// MapFlag returns the name of the map of a channel in refusals, which is its flag, such as --pos_map.
func (c Channel) MapFlag() string { return "--" + strings.ToLower(c.String()) + "_map" }

// mapper runs the programs of Maps. It compiles each on first use.
type mapper struct {
	programs [len(channels)]*jq.Program
	text     []byte // the strings and numbers of an output, in JSON
}

const (
	// maxMapped is the greatest size of the outputs for one message, in bytes: of their fields that
	// a unified event has.
	maxMapped = 4 << 20
	// maxKeptText bounds the memory that is kept between messages, in bytes.
	maxKeptText = 64 << 10
)

// mapFields are the fields of a unified event.
var mapFields = [...]field{fieldEventID, fieldType, fieldStoreID, fieldProductID, fieldSKU, fieldQuantity,
	fieldOccurredAt}

// isMapped reports whether there is a program for the channel of the message.
func (d *Decoder) isMapped() bool {
	c := d.message.Channel
	return int(c) < len(d.Maps) && d.Maps[c] != ""
}

// decodeMapped decodes the outputs of the program for the channel of the message. A failure of the
// program refuses the message as a whole.
func (d *Decoder) decodeMapped() *Refusal {
	outputs, r := d.runMap()
	if r != nil {
		return r
	}
	if len(outputs) == 0 {
		d.out.Ignored, d.out.IgnoredName = 1, MappedToNothing
		return nil
	}
	d.order = d.order[:0]
	size := 0
	for i, output := range outputs {
		d.doc.reset()
		r := d.fill(output)
		if size += len(d.maps.text); size > maxMapped {
			d.out.reset()
			return d.badMap(fmt.Sprintf("the outputs have more than %d MiB", maxMapped>>20))
		}
		if r == nil {
			r = d.decodeUnified()
		}
		if r != nil {
			d.refuse(r, i)
			continue
		}
		last := len(d.out.Events) - 1
		d.out.Events[last].Item = i
		if !d.has(fieldEventID) {
			d.order = append(d.order, last)
		}
	}
	d.number()
	if cap(d.maps.text) > maxKeptText {
		d.maps.text = nil
	}
	return nil
}

// runMap returns the outputs for the message.
func (d *Decoder) runMap() ([]any, *Refusal) {
	m := d.message
	if m.Unreadable != "" {
		return nil, refusal(BadJSON, clip(m.Unreadable))
	}
	input, err := d.json.tree(m.Data)
	if err != nil && !errors.Is(err, errDigits) {
		return nil, refusal(BadJSON, describeJSONError(err))
	}
	program := d.maps.programs[m.Channel]
	if err == nil && program == nil {
		program, err = jq.Compile(d.Maps[m.Channel])
		d.maps.programs[m.Channel] = program
	}
	var outputs []any
	if err == nil {
		outputs, err = program.Run(input, len(m.Data))
	}
	if err != nil {
		return nil, d.badMap(err.Error())
	}
	return outputs, nil
}

// fill fills d.doc, which must be empty, from an output. Only the fields of a unified event are
// used. The document is valid until the next call.
func (d *Decoder) fill(output any) *Refusal {
	d.maps.text = d.maps.text[:0]
	members, ok := output.(map[string]any)
	if !ok {
		return refusal(BadField, "the output is not an object")
	}
	for _, f := range mapFields {
		var ok bool
		if d.doc.fields[f], ok = d.maps.value(members[f.String()]); !ok {
			return refusal(BadField, f.String()+" is not UTF-8")
		}
	}
	return nil
}

// value returns a value of an output as a value of a document. It reports false for a text that is
// not UTF-8.
func (m *mapper) value(v any) (_ value, ok bool) {
	start := len(m.text)
	k := number
	switch v := v.(type) {
	case nil:
		return value{}, true
	case map[string]any:
		return value{kind: object}, true
	case []any:
		return value{kind: array}, true
	case bool:
		k, m.text = boolean, strconv.AppendBool(m.text, v)
	case string:
		var err error
		if m.text, err = jsontext.AppendQuote(m.text, v); err != nil {
			return value{}, false
		}
		k = text
	default:
		m.text = jq.AppendNumber(m.text, v)
		if !isNumber(m.text[start:]) { // NaN
			return value{}, true
		}
	}
	return value{kind: k, raw: m.text[start:]}, true
}

// badMap returns a refusal for a failure of the program.
func (d *Decoder) badMap(problem string) *Refusal {
	return refusal(BadField, clip(d.message.Channel.MapFlag()+": "+problem))
}
