package signal

import (
	"encoding/json"
	"strconv"
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
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			q, _ := json.Marshal(s) // a string always marshals
			return append(b, q...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
