package demo

import (
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/internal/metrics"
)

func TestGaugeForgetsTheBeginning(t *testing.T) {
	var g gauge
	if g.rate() != 0 || g.latency(0.5) != 0 {
		t.Error("a new gauge shows something")
	}
	var h metrics.Histogram
	events := int64(10_000)
	for range events {
		h.Add(900)
	}
	g.add(reading{0, 0, metrics.Snapshot{}})
	g.add(reading{time.Second, events, h.Snapshot()})
	if got := g.rate(); got != 10_000 {
		t.Errorf("%v events/s at first", got)
	}
	for i := range 100 {
		events += 50
		h.Add(10)
		g.add(reading{time.Second + time.Duration(i+1)*100*time.Millisecond, events, h.Snapshot()})
	}
	if rate, p99 := g.rate(), g.latency(0.99); rate < 499 || rate > 501 || p99 != 10*time.Millisecond {
		t.Errorf("later %v events/s, p99 %v", rate, p99)
	}
	if n := len(g.readings); n > 52 {
		t.Errorf("%d readings are kept", n)
	}
}
