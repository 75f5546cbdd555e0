// Package faults holds the fault matrix: each test does one thing to the running program that can happen in production, and
// then holds all of Redis against the truth. The tests log rows that make up the table of docs/MEASUREMENTS.md.
package faults

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/rig"
)

// outage is how long what can be away is away. The short form is longer than the program's pauses between attempts (2 s) and the
// first extension of a lease.
var outage = flag.Duration("outage", 4*time.Second, "how long an outage lasts; the full form of the matrix has 30s")

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }
