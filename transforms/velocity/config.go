package velocity

import (
	"errors"
	"fmt"
	"time"
)

// Config holds the options of the rules. The methods of Series require a valid one.
type Config struct {
	// DenseMinutes and DenseUnits are the thresholds for a dense hour: the number of distinct
	// minutes with sales and the number of units. An hour stops being dense below half of either.
	// At least 1 each.
	DenseMinutes int64
	DenseUnits   int64

	// WeightView, WeightCartAdd and WeightUnit are what a view, a unit put into a cart and a unit
	// sold in the last hour add to the score. From 0 to 1,000,000.
	WeightView    int64
	WeightCartAdd int64
	WeightUnit    int64

	// HighDemandEnter is the score at which the badge goes on. It goes off below half of it. At
	// least 1.
	HighDemandEnter int64
	// DwellMs is the least time between two changes of the badge, in milliseconds of the clock. 0
	// means no dwell.
	DwellMs int64
}

const (
	maxWeight  = 1_000_000
	maxDwellMs = int64(1<<63-1) / int64(time.Millisecond) // the longest time.Duration
)

// DefaultConfig returns the default options.
func DefaultConfig() Config {
	return Config{
		DenseMinutes:    3,
		DenseUnits:      5,
		WeightView:      1,
		WeightCartAdd:   5,
		WeightUnit:      10,
		HighDemandEnter: 100,
		DwellMs:         (5 * time.Minute).Milliseconds(),
	}
}

// Validate returns an error with one line for each option that is out of range, or nil.
func (c Config) Validate() error {
	var errs []error
	for _, o := range [...]struct {
		option          string
		value, from, to int64
	}{
		{"--dense_minutes", c.DenseMinutes, 1, 1<<63 - 1},
		{"--dense_units", c.DenseUnits, 1, 1<<63 - 1},
		{"--weight_views", c.WeightView, 0, maxWeight},
		{"--weight_cart_adds", c.WeightCartAdd, 0, maxWeight},
		{"--weight_units", c.WeightUnit, 0, maxWeight},
		{"--high_demand_enter", c.HighDemandEnter, 1, 1<<63 - 1},
	} {
		if o.value < o.from {
			errs = append(errs, fmt.Errorf("%s: %d is less than %d", o.option, o.value, o.from))
		}
		if o.value > o.to {
			errs = append(errs, fmt.Errorf("%s: %d is more than %d", o.option, o.value, o.to))
		}
	}
	if c.DwellMs < 0 {
		errs = append(errs, fmt.Errorf("--high_demand_dwell: %d ms is negative", c.DwellMs))
	}
	if c.DwellMs > maxDwellMs {
		errs = append(errs, fmt.Errorf("--high_demand_dwell: %d ms is longer than any duration", c.DwellMs))
	}
	return errors.Join(errs...)
}

// half returns the least n with 2n >= threshold, without overflow. So n < half(t) means that n is
// below half of t.
func half(threshold int64) int64 { return threshold - threshold/2 }
