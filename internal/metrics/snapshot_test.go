package metrics

import "testing"

func TestSnapshotSince(t *testing.T) {
	var h Histogram
	if got := h.Snapshot().Quantile(0.99); got != 0 {
		t.Errorf("an empty snapshot has %d", got)
	}
	for range 100 {
		h.Add(2000)
	}
	before := h.Snapshot()
	for ms := range int64(20) {
		h.Add(ms + 1)
	}
	recent := h.Snapshot().Since(before)
	if p50, p99 := recent.Quantile(0.5), recent.Quantile(0.99); p50 != 10 || p99 != 20 {
		t.Errorf("of 1 to 20: p50 %d, p99 %d", p50, p99)
	}
	if p50 := h.Snapshot().Quantile(0.5); p50 < 2000 || p50 > 2000*17/16 {
		t.Errorf("of all: p50 %d", p50)
	}
	if got := before.Since(before).Quantile(0.5); got != 0 {
		t.Errorf("nothing since: %d", got)
	}
}
