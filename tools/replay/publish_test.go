package replay

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	p := pace{rate: 1000, start: start}
	now := start
	var waits int
	for range 5000 {
		if wait := p.next(now); wait > 0 {
			waits++
			if wait < shortestWait || wait > shortestWait+time.Millisecond {
				t.Fatalf("a wait of %v", wait)
			}
			now = now.Add(wait)
		}
	}
	if took := now.Sub(start); took < 4990*time.Millisecond || took > 5010*time.Millisecond {
		t.Errorf("5000 events at 1000/s took %v", took)
	}
	if waits > 520 {
		t.Errorf("%d waits, want one about every %v", waits, shortestWait)
	}
}
