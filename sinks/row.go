package sinks

import (
	"encoding/base64"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/encoding/protowire"
)

// row appends one row of a table to b, in one of the two encodings that a row has: a JSON object on a line of its own, or
// the message that BigQuery's Storage Write API takes. The functions of rows.go say what is in a row, once for both.
//
// Values come in the order of the table's columns, each at most once. Text that is not UTF-8 has U+FFFD for each byte that is
// wrong. It is one type and not two behind an interface so that calls are direct and a row costs no allocation.
type row struct {
	b       []byte
	columns []Column // of the table; nil: the row is JSON
	next    int      // the first column that may come
}

// jsonRow begins a line of JSON.
func jsonRow(b []byte) row { return row{b: append(b, '{')} }

// protoRow begins a message. The number of a field is the place of its column, from 1.
func protoRow(b []byte, t Table) row { return row{b: b, columns: schemas[t]} }

// end ends a line of JSON; a message has no end.
func (r *row) end() []byte {
	if r.columns == nil {
		r.b = append(r.b, "}\n"...)
	}
	return r.b
}

// name begins a value of a line of JSON.
func (r *row) name(column string) {
	if r.b[len(r.b)-1] != '{' {
		r.b = append(r.b, ',')
	}
	r.b = append(r.b, '"')
	r.b = append(r.b, column...)
	r.b = append(r.b, '"', ':')
}

// tag begins a field of a message.
func (r *row) tag(column string, t protowire.Type) {
	for r.columns[r.next].Name != column { // past the end: the schema file lacks the column
		r.next++
	}
	r.next++
	r.b = protowire.AppendTag(r.b, protowire.Number(r.next), t)
}

// text is a STRING.
func (r *row) text(column, s string) {
	if r.columns == nil {
		r.name(column)
		r.b = appendString(r.b, s)
		return
	}
	r.tag(column, protowire.BytesType)
	r.b = protowire.AppendString(r.b, validText(s))
}

// textBytes is a STRING too.
func (r *row) textBytes(column string, s []byte) {
	switch {
	case r.columns == nil:
		r.name(column)
		r.b = appendString(r.b, s)
	case utf8.Valid(s):
		r.tag(column, protowire.BytesType)
		r.b = protowire.AppendBytes(r.b, s)
	default:
		r.text(column, string(s))
	}
}

// optional is a STRING, or nothing when s is empty.
func (r *row) optional(column, s string) {
	if s != "" {
		r.text(column, s)
	}
}

// integer is an INT64.
func (r *row) integer(column string, n int64) {
	if r.columns == nil {
		r.name(column)
		r.b = strconv.AppendInt(r.b, n, 10)
		return
	}
	r.tag(column, protowire.VarintType)
	r.b = protowire.AppendVarint(r.b, uint64(n))
}

// boolean is a BOOL.
func (r *row) boolean(column string, v bool) {
	if r.columns == nil {
		r.name(column)
		r.b = strconv.AppendBool(r.b, v)
		return
	}
	r.tag(column, protowire.VarintType)
	r.b = protowire.AppendVarint(r.b, protowire.EncodeBool(v))
}

// float is a FLOAT64.
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

// time is a TIMESTAMP, of epoch milliseconds.
func (r *row) time(column string, ms int64) {
	if r.columns == nil {
		r.name(column)
		r.b = time.UnixMilli(ms).UTC().AppendFormat(r.b, `"2006-01-02T15:04:05.000Z"`)
		return
	}
	r.tag(column, protowire.VarintType)
	r.b = protowire.AppendVarint(r.b, uint64(ms*1000))
}

// numeric is a NUMERIC, of a JSON number. A message has it rounded to the digits that the type has.
func (r *row) numeric(column, number string) {
	if r.columns == nil {
		r.name(column)
		r.b = append(r.b, number...)
		return
	}
	r.tag(column, protowire.BytesType)
	r.b = protowire.AppendString(r.b, roundNumeric(number))
}

// bytes is a BYTES, in JSON as base64.
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

// object is a JSON object of strings, its names in order.
func (r *row) object(column string, m map[string]string) {
	if r.columns == nil {
		r.name(column)
		r.b = appendObject(r.b, m)
		return
	}
	r.tag(column, protowire.BytesType)
	r.b = protowire.AppendBytes(r.b, appendObject(nil, m))
}

// null says in JSON that there is no value. A message leaves it out.
func (r *row) null(column string) {
	if r.columns == nil {
		r.name(column)
		r.b = append(r.b, "null"...)
	}
}

func appendObject(b []byte, m map[string]string) []byte {
	b = append(b, '{')
	for i, name := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, name), ':')
		b = appendString(b, m[name])
	}
	return append(b, '}')
}

// appendString appends s as a JSON string; ids rarely need more than quotes around them.
func appendString[Text ~string | ~[]byte](b []byte, s Text) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			b, _ = jsontext.AppendQuote(b, s)
			return b
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// validText is s with U+FFFD for each byte that is not UTF-8, as JSON has it.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, c := range s { // yields U+FFFD for each
		b.WriteRune(c)
	}
	return b.String()
}
