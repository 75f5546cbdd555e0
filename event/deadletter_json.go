package event

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendJSON appends the dead letter as one JSON object without a line end, in the form of the dead_letters files.
// l.Message must not be nil.
func (l DeadLetter) AppendJSON(b []byte) []byte {
	m := l.Message
	b = append(b, `{"raw":"`...)
	b = base64.StdEncoding.AppendEncode(b, m.Data)
	b = append(b, `","text":`...)
	if utf8.Valid(m.Data) {
		b, _ = jsontext.AppendQuote(b, m.Data)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"attributes":{`...)
	for i, name := range slices.Sorted(maps.Keys(m.Attributes)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendQuoted(b, name)
		b = append(b, ':')
		b = appendQuoted(b, m.Attributes[name])
	}
	b = appendQuoted(append(b, `},"reason":`...), string(l.Reason))
	b = appendQuoted(append(b, `,"detail":`...), l.Detail)
	b = appendQuoted(append(b, `,"stage":`...), string(l.Stage))
	b = appendQuoted(append(b, `,"source":`...), m.Channel.String())
	b = append(b, `,"message_id":`...)
	if m.ID != "" {
		b = appendQuoted(b, m.ID)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"item":`...)
	if l.Item != NoItem {
		b = strconv.AppendInt(b, int64(l.Item), 10)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"published_at":`...)
	if m.PublishedAt != 0 {
		b = appendTime(b, m.PublishedAt)
	} else {
		b = append(b, "null"...)
	}
	b = appendTime(append(b, `,"failed_at":`...), l.FailedAt)
	return append(b, '}')
}

// appendQuoted appends a JSON string. What is not UTF-8 (a file's path may not be) becomes U+FFFD.
func appendQuoted(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

func appendTime(b []byte, ms int64) []byte {
	return time.UnixMilli(ms).UTC().AppendFormat(b, `"2006-01-02T15:04:05.000Z"`)
}
