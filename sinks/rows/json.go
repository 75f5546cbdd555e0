package rows

import (
	"encoding/json"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// JSON returns a message of the table as a JSON object. Prices are rounded as they are in the
// message.
func (t Table) JSON(message []byte) ([]byte, error) {
	columns := t.Columns()
	r := row{b: []byte{'{'}}
	for len(message) > 0 {
		number, wire, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil, fmt.Errorf("read a row of table %s: %w", t, protowire.ParseError(n))
		}
		message = message[n:]
		if int(number) > len(columns) {
			return nil, fmt.Errorf("read a row of table %s: field %d is no column", t, number)
		}
		if n = r.copyField(columns[number-1], wire, message); n < 0 {
			return nil, fmt.Errorf("read a row of table %s, column %s: %w",
				t, columns[number-1].Name, protowire.ParseError(n))
		}
		message = message[n:]
	}
	return append(r.b, '}'), nil
}

// copyField adds the value at the beginning of b and returns its length, or a negative number for
// protowire.ParseError.
func (r *row) copyField(c Column, wire protowire.Type, b []byte) int {
	switch wire {
	case protowire.VarintType:
		v, n := protowire.ConsumeVarint(b)
		switch c.Type {
		case "BOOL":
			r.boolean(c.Name, protowire.DecodeBool(v))
		case "TIMESTAMP":
			r.time(c.Name, int64(v)/1000)
		default:
			r.integer(c.Name, int64(v))
		}
		return n
	case protowire.Fixed64Type:
		v, n := protowire.ConsumeFixed64(b)
		r.float(c.Name, math.Float64frombits(v))
		return n
	default:
		v, n := protowire.ConsumeBytes(b)
		switch c.Type {
		case "BYTES":
			r.bytes(c.Name, v)
		case "NUMERIC":
			r.numeric(c.Name, string(v))
		case "JSON":
			var m map[string]string
			if json.Unmarshal(v, &m) != nil {
				return -1
			}
			r.object(c.Name, m)
		default:
			r.textBytes(c.Name, v)
		}
		return n
	}
}
