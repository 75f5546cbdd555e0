package velocity_test

import (
	"fmt"
	"time"

	"github.com/beamlytics/streamlytics/transforms/velocity"
)

// Twelve units sold in three minutes make a dense hour and a badge. Both go without new events.
func ExampleSeries_Evaluate() {
	start := time.Date(2026, 11, 27, 11, 0, 0, 0, time.UTC)
	c := velocity.DefaultConfig()

	var s velocity.Series
	now := start.Add(3 * time.Minute).UnixMilli()
	for minute := range int64(3) {
		s.Add(start.UnixMilli()+minute*60_000, now, velocity.Sale, 4)
	}
	for r, _, _ := s.Evaluate(now, c); !r.Gone(); r, _, _ = s.Evaluate(now, c) {
		v := r.Signal("12", "555", now)
		at := time.UnixMilli(now).UTC().Format("Jan 2 15:04")
		fmt.Printf("%s: %s, badge: %t\n", at, v.AppendMessage(nil), v.HighDemand)
		now = s.NextDue(c)
	}
	// Output:
	// Nov 27 11:03: 12 sold in last hour, badge: true
	// Nov 27 12:01: 8 sold in last hour, badge: true
	// Nov 27 12:02: 12 sold in last 24 hours, badge: false
	// Nov 27 12:03: 12 sold in last 24 hours, badge: false
	// Nov 28 11:01: 8 sold in last 24 hours, badge: false
	// Nov 28 11:02: 4 sold in last 24 hours, badge: false
}
