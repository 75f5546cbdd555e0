package rig

import (
	"fmt"
	"testing"
	"time"
)

// Outcome is the result of a fault.
type Outcome struct {
	Fault       string
	Lost        int           // keys of Redis that differ from the truth of all published events
	Redelivered int64         // deliveries beyond the first of a message
	Recovery    time.Duration // from the end of the fault until all is acknowledged and right
	Peak        int64         // of the program's resident memory, bytes
}

// outcomePrefix begins the line of an outcome in a test's log.
const outcomePrefix = "fault-matrix"

// String returns the row of the outcome in the fault matrix: fault, lost, redelivered, recovery in
// seconds, peak memory in MB.
func (o Outcome) String() string {
	return fmt.Sprintf("%s | %s | %d | %d | %.1f | %d",
		outcomePrefix, o.Fault, o.Lost, o.Redelivered, o.Recovery.Seconds(), o.Peak>>20)
}

// Log writes the row to the log of the test.
func (o Outcome) Log(tb testing.TB) {
	tb.Helper()
	tb.Log(o)
}
