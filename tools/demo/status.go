package demo

import (
	"fmt"
	"strconv"
	"time"

	"github.com/beamlytics/streamlytics/internal/metrics"
)

// statusEvery is the time between two lines of status, wall time.
const statusEvery = time.Second

// status is what a line of status shows.
type status struct {
	clock           time.Time
	eventsPerSecond float64 // wall
	p50, p99        time.Duration
	outstanding     int64 // messages published and not yet acknowledged
	refused         int64
	speed           float64
	feedStatus
}

// status returns what the demo does now.
func (d *Demo) status() (s status, err error) {
	counts, err := d.bus.counts()
	if err != nil {
		return s, err
	}
	done := d.line.Summary()
	for _, n := range done.Refused {
		s.refused += n
	}
	d.gauge.add(reading{time.Since(d.started), eventsOf(done), d.line.StockLatency()})
	s.eventsPerSecond, s.p50, s.p99 = d.gauge.rate(), d.gauge.latency(0.50), d.gauge.latency(0.99)
	s.clock, s.speed = time.UnixMilli(d.feed.clock.NowMs()).UTC(), d.feed.clock.Speed
	s.outstanding, s.feedStatus = counts.outstanding, d.feed.snapshot()
	return s, nil
}

// String returns the line.
func (s status) String() string {
	line := fmt.Sprintf("%s  %s events/s  p50 %s  p99 %s  outstanding %s  refused %s  ", s.clock.Format("15:04"),
		thousands(int64(s.eventsPerSecond)), milliseconds(s.p50), milliseconds(s.p99), thousands(s.outstanding),
		thousands(s.refused))
	switch {
	case s.problem != nil:
		return line + "not compared with the truth: " + s.problem.Error()
	case s.lag > 2*time.Duration(float64(time.Second)*s.speed):
		return line + fmt.Sprintf("the shops wait for the pipeline, %v of the clock behind", s.lag.Truncate(time.Second))
	default:
		return line + fmt.Sprintf("%s keys checked against the truth, %d wrong", thousands(int64(s.verdict.keys)),
			s.verdict.wrong)
	}
}

func eventsOf(s metrics.Summary) (n int64) {
	for _, types := range s.Events {
		for _, count := range types {
			n += count
		}
	}
	return n
}

// thousands writes n, which is not negative, with separators: 1,234,567.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func milliseconds(d time.Duration) string { return thousands(d.Milliseconds()) + " ms" }
