package redis

import (
	"testing"

	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestCanariesMoveWithTheirSlots: another distribution of slots is no loss.
func TestCanariesMoveWithTheirSlots(t *testing.T) {
	c := redistest.StartCluster(t)
	r := openRedis(t, Config{Addrs: c.Addrs()}, Stats{})
	var known canaries
	look := func() bool {
		t.Helper()
		gone, err := known.look(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return gone
	}
	for range 2 {
		if look() {
			t.Fatalf("of the canaries %v, one is gone", known.known)
		}
	}
	if len(known.known) != 3 {
		t.Fatalf("canaries %v, one of them gone", known.known)
	}
	c.MoveSlot(canaryKey, c.Nodes[0])
	c.MoveSlot(canaryKey, c.Nodes[1])
	if look() {
		t.Error("a slot that moved is taken for a loss")
	}
}
