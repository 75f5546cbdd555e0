package pubsub

import (
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/sourcetest"
)

func TestMain(m *testing.M) { sourcetest.Main(m) }

// await waits until a condition holds.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
