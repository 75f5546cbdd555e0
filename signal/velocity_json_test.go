package signal

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
)

// served is the documented value of a velocity key.
type served struct {
	ProductID   string  `json:"product_id"`
	StoreID     string  `json:"store_id,omitempty"`
	Window      string  `json:"window"`
	UnitsSold   int64   `json:"units_sold"`
	UnitsHour   int64   `json:"units_1h"`
	UnitsDay    int64   `json:"units_24h"`
	ViewsHour   int64   `json:"views_1h"`
	CartsHour   int64   `json:"cart_adds_1h"`
	ViewsDay    int64   `json:"views_24h"`
	CartsDay    int64   `json:"cart_adds_24h"`
	RatePerHour float64 `json:"rate_per_hour"`
	Badge       *string `json:"badge"`
	Message     string  `json:"message"`
	AsOf        int64   `json:"as_of"`
}

func TestVelocityJSON(t *testing.T) {
	on := HighDemand
	for _, c := range []struct {
		signal Velocity
		want   served
	}{
		{
			Velocity{StoreID: "12", ProductID: "555", Window: WindowHour, UnitsHour: 50, UnitsDay: 1200, ViewsHour: 3,
				ViewsDay: 4, CartsHour: 5,
				CartsDay: 6, HighDemand: true, AsOf: 1795780800076},
			served{"555", "12", "1h", 50, 50, 1200, 3, 5, 4, 6, 50, &on, "50 sold in last hour", 1795780800076},
		},
		{
			Velocity{ProductID: "555", Window: WindowDay, UnitsHour: 2, UnitsDay: 120, AsOf: 1},
			served{"555", "", "24h", 120, 2, 120, 0, 0, 0, 0, 5, nil, "120 sold in last 24 hours", 1},
		},
		{
			Velocity{ProductID: "<\"ü\\&\u2028>", StoreID: "a\x7f\u00e9", Window: WindowDay, UnitsDay: -1},
			served{"<\"ü\\&\u2028>", "a\x7f\u00e9", "24h", -1, 0, -1, 0, 0, 0, 0, -1.0 / 24, nil,
				"-1 sold in last 24 hours", 0},
		},
		{
			Velocity{ProductID: "p", Window: WindowHour, UnitsHour: math.MaxInt64, UnitsDay: math.MinInt64,
				AsOf: math.MaxInt64},
			served{"p", "", "1h", math.MaxInt64, math.MaxInt64, math.MinInt64, 0, 0, 0, 0, math.MaxInt64, nil,
				"9223372036854775807 sold in last hour", math.MaxInt64},
		},
	} {
		got := c.signal.AppendJSON([]byte("before "))
		value, ok := bytes.CutPrefix(got, []byte("before "))
		if !ok || !json.Valid(value) {
			t.Fatalf("not JSON, or the prefix was overwritten: %s", got)
		}
		want, err := json.Marshal(c.want)
		if err != nil {
			t.Fatal(err)
		}
		if decoded(t, value) != decoded(t, want) {
			t.Errorf("\n got %s\nwant %s", value, want)
		}
		// encoding/json formats numbers from 1<<53 with an exponent.
		if c.signal.UnitsHour < 1<<53 && !bytes.Equal(value, want) {
			t.Errorf("differs from encoding/json:\n got %s\nwant %s", value, want)
		}
	}
}

// decoded decodes a value, in which unknown fields are errors, and encodes it again.
func decoded(t *testing.T, value []byte) string {
	t.Helper()
	var s served
	d := json.NewDecoder(bytes.NewReader(value))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		t.Fatalf("%s: %v", value, err)
	}
	again, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(again)
}
