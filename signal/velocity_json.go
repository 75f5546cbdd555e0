package signal

import (
	"encoding/json"
	"fmt"
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

// ParseVelocity reads the value of a Redis key, as AppendJSON makes it. The result has no Expires.
// Unknown fields are ignored.
func ParseVelocity(value []byte) (v Velocity, err error) {
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
	if err := json.Unmarshal(value, &f); err != nil {
		return v, fmt.Errorf("not a velocity: %w", err)
	}
	return Velocity{StoreID: f.StoreID, ProductID: f.ProductID, Window: f.Window,
		UnitsHour: f.UnitsHour, UnitsDay: f.UnitsDay, ViewsHour: f.ViewsHour, ViewsDay: f.ViewsDay,
		CartsHour: f.CartsHour, CartsDay: f.CartsDay, HighDemand: f.Badge == HighDemand, AsOf: f.AsOf}, nil
}
