package signal

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// AppendJSON appends the value of the Redis key. It does not use encoding/json because this is the
// most frequent write of the pipeline.
func (v Velocity) AppendJSON(b []byte) []byte {
	b = append(b, `{"product_id":`...)
	b = appendString(b, v.ProductID)
	if v.StoreID != "" {
		b = append(b, `,"store_id":`...)
		b = appendString(b, v.StoreID)
	}
	b = append(b, `,"window":"`...)
	b = append(b, v.Window...)
	b = append(b, `","units_sold":`...)
	b = strconv.AppendInt(b, v.UnitsSold(), 10)
	for _, f := range [...]struct {
		name string
		n    int64
	}{
		{`,"units_1h":`, v.UnitsHour}, {`,"units_24h":`, v.UnitsDay},
		{`,"views_1h":`, v.ViewsHour}, {`,"cart_adds_1h":`, v.CartsHour},
		{`,"views_24h":`, v.ViewsDay}, {`,"cart_adds_24h":`, v.CartsDay},
	} {
		b = append(b, f.name...)
		b = strconv.AppendInt(b, f.n, 10)
	}
	b = append(b, `,"rate_per_hour":`...)
	if v.Window == WindowHour {
		b = strconv.AppendInt(b, v.UnitsHour, 10)
	} else {
		b = strconv.AppendFloat(b, v.RatePerHour(), 'g', -1, 64)
	}
	b = append(b, `,"badge":`...)
	if v.HighDemand {
		b = append(b, `"HIGH_DEMAND"`...)
	} else {
		b = append(b, `null`...)
	}
	b = append(b, `,"message":"`...)
	b = v.AppendMessage(b)
	b = append(b, `","as_of":`...)
	b = strconv.AppendInt(b, v.AsOf, 10)
	return append(b, '}')
}

// appendString appends s as a JSON string. Most ids need no escapes.
func appendString(b []byte, s string) []byte {
	if !plain(s) {
		q, _ := json.Marshal(s) // a string always marshals
		return append(b, q...)
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// plain reports whether s is ASCII without characters that appendString escapes.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// ParseVelocity reads the value of a Redis key. It is the inverse of AppendJSON, but the result has
// no Expires. Other JSON with the same fields is read too; unknown fields are ignored. It fails on
// what is not JSON, and on a window that is neither WindowHour nor WindowDay.
func ParseVelocity[Value string | []byte](value Value) (Velocity, error) {
	v, ok := scanVelocity(string(value))
	if !ok {
		var f struct {
			ProductID string `json:"product_id"`
			StoreID   string `json:"store_id"`
			Window    string `json:"window"`
			UnitsHour int64  `json:"units_1h"`
			UnitsDay  int64  `json:"units_24h"`
			ViewsHour int64  `json:"views_1h"`
			CartsHour int64  `json:"cart_adds_1h"`
			ViewsDay  int64  `json:"views_24h"`
			CartsDay  int64  `json:"cart_adds_24h"`
			Badge     string `json:"badge"`
			AsOf      int64  `json:"as_of"`
		}
		if err := json.Unmarshal([]byte(value), &f); err != nil {
			return Velocity{}, fmt.Errorf("not a velocity: %w", err)
		}
		v = Velocity{StoreID: f.StoreID, ProductID: f.ProductID, Window: f.Window,
			UnitsHour: f.UnitsHour, UnitsDay: f.UnitsDay, ViewsHour: f.ViewsHour, ViewsDay: f.ViewsDay,
			CartsHour: f.CartsHour, CartsDay: f.CartsDay, HighDemand: f.Badge == HighDemand, AsOf: f.AsOf}
	}
	if v.Window != WindowHour && v.Window != WindowDay {
		return Velocity{}, fmt.Errorf("not a velocity: the window is %q", v.Window)
	}
	return v, nil
}

// scanVelocity reads a value of the form that AppendJSON makes of plain ids, several times as fast as
// a decoder of JSON. It reports whether the value has that form.
func scanVelocity(value string) (v Velocity, ok bool) {
	s := scanner{rest: value, ok: true}
	v.ProductID = s.text(`{"product_id":"`, `"`)
	if strings.HasPrefix(s.rest, `,"store_id"`) {
		v.StoreID = s.text(`,"store_id":"`, `"`)
	}
	v.Window = s.text(`,"window":"`, `"`)
	s.text(`,"units_sold":`, `,`)
	v.UnitsHour = s.integer(`"units_1h":`, `,`)
	v.UnitsDay = s.integer(`"units_24h":`, `,`)
	v.ViewsHour = s.integer(`"views_1h":`, `,`)
	v.CartsHour = s.integer(`"cart_adds_1h":`, `,`)
	v.ViewsDay = s.integer(`"views_24h":`, `,`)
	v.CartsDay = s.integer(`"cart_adds_24h":`, `,`)
	s.text(`"rate_per_hour":`, `,`)
	v.HighDemand = s.text(`"badge":`, `,`) == `"`+HighDemand+`"`
	s.text(`"message":"`, `"`)
	v.AsOf = s.integer(`,"as_of":`, `}`)
	return v, s.ok && s.rest == "" && plain(v.ProductID) && plain(v.StoreID)
}

// scanner reads a text from left to right. ok is false once the text is not as expected.
type scanner struct {
	rest string
	ok   bool
}

// text skips before and returns the text up to end, which it skips too.
func (s *scanner) text(before, end string) string {
	rest, found := strings.CutPrefix(s.rest, before)
	text, rest, ended := strings.Cut(rest, end)
	s.rest, s.ok = rest, s.ok && found && ended
	return text
}

// integer is text for a number.
func (s *scanner) integer(before, end string) int64 {
	n, err := strconv.ParseInt(s.text(before, end), 10, 64)
	s.ok = s.ok && err == nil
	return n
}
