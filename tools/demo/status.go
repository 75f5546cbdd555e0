package demo

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/beamlytics/streamlytics/internal/metrics"
)

// statusEvery is the time between two lines of status, wall time.
const statusEvery = time.Second

// begin prints the address of the page and waits for the first signal. Some seconds later it starts
// the scenarios of the options.
func (d *Demo) begin(ctx context.Context) error {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	await := func(done func() bool) bool {
		for !done() {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return false
			}
		}
		return true
	}
	if d.options.UIAddr != "" {
		if !await(func() bool { return d.line.PageAddr() != "" }) {
			return nil
		}
		if err := d.console.line("Open http://" + d.line.PageAddr() + "/ (Ctrl-C ends the demo)"); err != nil {
			return err
		}
	}
	if !await(func() bool { return d.line.Summary().RedisWrites > 0 }) {
		return nil
	}
	d.first = time.Since(d.started)
	select {
	case <-time.After(scenariosAfter):
	case <-ctx.Done():
		return nil
	}
	var errs []error
	for _, name := range d.options.scenarios {
		if _, err := d.feed.start(ctx, name); err != nil {
			errs = append(errs, fmt.Errorf("start %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// watch shows the status every second until ctx ends.
func (d *Demo) watch(ctx context.Context) error {
	tick := time.NewTicker(statusEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		s, err := d.status()
		if err != nil {
			return err
		}
		if err := errors.Join(d.showPlays(s), d.console.show(s.String())); err != nil {
			return err
		}
		if d.shown != nil {
			d.shown(s)
		}
	}
}

// showPlays prints a line for each scenario of which something new happens.
func (d *Demo) showPlays(s status) error {
	for _, scenario := range scenarios(true) {
		p := s.plays[scenario.Name]
		if d.texts[scenario.Name] == p.Text {
			continue
		}
		d.texts[scenario.Name] = p.Text
		line := fmt.Sprintf("%s  %s: %s", s.clock.Format("15:04"), scenario.Title, p.Text)
		if err := d.console.line(line); err != nil {
			return err
		}
	}
	return nil
}

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
		return line + fmt.Sprintf("the shops wait for the pipeline, %v behind", s.lag.Truncate(time.Second))
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
