package rows

import (
	"encoding/base64"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/encoding/protowire"
)

// row appends one row of a table to b in one of two encodings: a JSON object on a line of its own,
// or the message that BigQuery's Storage Write API takes. The methods in rows.go define what is in
// a row, once for both.
//
// Values are added in the order of the table's columns, each at most once. In text, each byte that
// is not UTF-8 becomes U+FFFD. It is one type instead of two behind an interface, so that calls are
// direct and a row costs no allocation.
type row struct {
	b       []byte
	columns []Column // of the table; nil: the row is JSON
	next    int      // index of the first column that may be added
}

// end ends the row and returns b.
func (r *row) end() []byte {
	if r.columns == nil {
		r.b = append(r.b, "}\n"...)
	}
	return r.b
}

// name begins a value of a JSON row.
func (r *row) name(column string) {
	if r.b[len(r.b)-1] != '{' {
		r.b = append(r.b, ',')
	}
	r.b = append(r.b, '"')
	r.b = append(r.b, column...)
	r.b = append(r.b, '"', ':')
}

// tag begins a field of a message. Its number is the place of the column, from 1.
func (r *row) tag(column string, t protowire.Type) {
	for r.columns[r.next].Name != column { // past the end: the schema file lacks the column
		r.next++
	}
	r.next++
	r.b = protowire.AppendTag(r.b, protowire.Number(r.next), t)
}

// text adds a STRING.
func (r *row) text(column, s string) {
	if r.columns == nil {
		r.name(column)
		r.b, _ = jsontext.AppendQuote(r.b, s) // the error is about invalid UTF-8
		return
	}
	r.tag(column, protowire.BytesType)
	r.b = protowire.AppendString(r.b, validText(s))
}

// textBytes adds a STRING.
func (r *row) textBytes(column string, s []byte) {
	switch {
	case r.columns == nil:
		r.name(column)
		r.b, _ = jsontext.AppendQuote(r.b, s) // the error is about invalid UTF-8
	case utf8.Valid(s):
		r.tag(column, protowire.BytesType)
		r.b = protowire.AppendBytes(r.b, s)
	default:
		r.text(column, string(s))
	}
}

// optional adds a STRING unless s is empty.
func (r *row) optional(column, s string) {
	if s != "" {
		r.text(column, s)
	}
}

// integer adds an INT64.
func (r *row) integer(column string, n int64) {
	if r.columns == nil {
		r.name(column)
		r.b = strconv.AppendInt(r.b, n, 10)
		return
	}
	r.tag(column, protowire.VarintType)
	r.b = protowire.AppendVarint(r.b, uint64(n))
}

// boolean adds a BOOL.
func (r *row) boolean(column string, v bool) {
	if r.columns == nil {
		r.name(column)
		r.b = strconv.AppendBool(r.b, v)
		return
	}
	r.tag(column, protowire.VarintType)
	r.b = protowire.AppendVarint(r.b, protowire.EncodeBool(v))
}

// float adds a FLOAT64.
func (r *row) float(column string, f float64) {
	if r.columns == nil {
		r.name(column)
		if n := int64(f); float64(n) == f {
			r.b = strconv.AppendInt(r.b, n, 10)
		} else {
			r.b = strconv.AppendFloat(r.b, f, 'g', -1, 64)
		}
		return
	}
	r.tag(column, protowire.Fixed64Type)
	r.b = protowire.AppendFixed64(r.b, math.Float64bits(f))
}

// time adds a TIMESTAMP from epoch milliseconds.
func (r *row) time(column string, ms int64) {
	if r.columns == nil {
		r.name(column)
		r.b = time.UnixMilli(ms).UTC().AppendFormat(r.b, `"2006-01-02T15:04:05.000Z"`)
		return
	}
	r.tag(column, protowire.VarintType)
	r.b = protowire.AppendVarint(r.b, uint64(ms*1000))
}

// numeric adds a NUMERIC from a JSON number. In a message it is rounded to the digits of the type.
func (r *row) numeric(column, number string) {
	if r.columns == nil {
		r.name(column)
		r.b = append(r.b, number...)
		return
	}
	r.tag(column, protowire.BytesType)
	r.b = protowire.AppendString(r.b, roundNumeric(number))
}

// bytes adds a BYTES, in JSON as base64.
func (r *row) bytes(column string, data []byte) {
	if r.columns == nil {
		r.name(column)
		r.b = append(r.b, '"')
		r.b = base64.StdEncoding.AppendEncode(r.b, data)
		r.b = append(r.b, '"')
		return
	}
	r.tag(column, protowire.BytesType)
	r.b = protowire.AppendBytes(r.b, data)
}

// object adds a JSON object of strings, its names in order.
func (r *row) object(column string, m map[string]string) {
	if r.columns == nil {
		r.name(column)
		r.b = appendObject(r.b, m)
		return
	}
	r.tag(column, protowire.BytesType)
	r.b = protowire.AppendBytes(r.b, appendObject(nil, m))
}

// null adds a null to JSON and nothing to a message.
func (r *row) null(column string) {
	if r.columns == nil {
		r.name(column)
		r.b = append(r.b, "null"...)
	}
}

// appendObject appends m as a JSON object.
func appendObject(b []byte, m map[string]string) []byte {
	object, _ := json.Marshal(m, json.Deterministic(true), jsontext.AllowInvalidUTF8(true)) // strings always marshal
	return append(b, object...)
}

// validText returns s with U+FFFD for each byte that is not UTF-8, as JSON has it.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}
