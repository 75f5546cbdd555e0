package velocity

import (
	"math"
	"strings"
	"testing"
)

func TestDefaultConfigIsValid(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Fatal(err)
	}
	want := Config{DenseMinutes: 3, DenseUnits: 5, WeightView: 1, WeightCartAdd: 5, WeightUnit: 10,
		HighDemandEnter: 100, DwellMs: 300_000}
	if got := DefaultConfig(); got != want {
		t.Errorf("DefaultConfig() = %+v, want %+v", got, want)
	}
}

func TestConfigValidateNamesTheOption(t *testing.T) {
	for option, set := range map[string]func(c *Config, bad int64){
		"--dense_minutes":     func(c *Config, bad int64) { c.DenseMinutes = min(bad, 0) },
		"--dense_units":       func(c *Config, bad int64) { c.DenseUnits = min(bad, 0) },
		"--weight_views":      func(c *Config, bad int64) { c.WeightView = bad },
		"--weight_cart_adds":  func(c *Config, bad int64) { c.WeightCartAdd = bad },
		"--weight_units":      func(c *Config, bad int64) { c.WeightUnit = bad },
		"--high_demand_enter": func(c *Config, bad int64) { c.HighDemandEnter = min(bad, 0) },
		"--high_demand_dwell": func(c *Config, bad int64) { c.DwellMs = bad },
	} {
		for _, bad := range []int64{-1, math.MinInt64, math.MaxInt64} {
			c := DefaultConfig()
			set(&c, bad)
			err := c.Validate()
			if err == nil || !strings.HasPrefix(err.Error(), option+": ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s with %d: error %v", option, bad, err)
			}
		}
	}
}

func TestConfigValidateListsEveryBadOption(t *testing.T) {
	err := Config{DenseUnits: 1, WeightView: -1, HighDemandEnter: 1}.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	want := "--dense_minutes: 0 is less than 1\n--weight_views: -1 is less than 0"
	if err.Error() != want {
		t.Errorf("got  %q\nwant %q", err, want)
	}
}

func TestConfigBoundsAreValid(t *testing.T) {
	for _, c := range []Config{
		{DenseMinutes: 1, DenseUnits: 1, HighDemandEnter: 1},
		{
			DenseMinutes: math.MaxInt64, DenseUnits: math.MaxInt64, WeightView: maxWeight, WeightCartAdd: maxWeight,
			WeightUnit: maxWeight, HighDemandEnter: math.MaxInt64, DwellMs: maxDwellMs,
		},
	} {
		if err := c.Validate(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
