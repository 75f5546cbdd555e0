package demo

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/beamlytics/streamlytics/serving/page"
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
		s := d.status()
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
		p := s.Scenarios[scenario.Name]
		if d.texts[scenario.Name] == p.Text {
			continue
		}
		d.texts[scenario.Name] = p.Text
		if err := d.console.line(clockTime(s.Now) + "  " + scenario.Title + ": " + p.Text); err != nil {
			return err
		}
	}
	return nil
}

// status is what a line of status shows.
type status struct {
	page.Flow           // with what the demo adds
	at        time.Time // wall
	rate      float64   // events a second of wall time, since the status before
	feedStatus
}

// status returns what the demo does now.
func (d *Demo) status() status {
	s := status{Flow: d.line.Flow(), at: time.Now(), feedStatus: d.feed.snapshot()}
	if elapsed := s.at.Sub(d.last.at).Seconds(); elapsed > 0 {
		s.rate = float64(s.Events-d.last.Events) / elapsed
	}
	d.last = s
	return s
}

// String returns the line.
func (s status) String() string {
	latency := "-"
	if l := s.LatencyMs; l != nil {
		latency = fmt.Sprintf("p50 %s ms  p99 %s ms", thousands(l.P50), thousands(l.P99))
	}
	line := fmt.Sprintf("%s  %s events/s  %s  outstanding %s  refused %s  ", clockTime(s.Now),
		thousands(int64(s.rate)), latency, thousands(s.Outstanding), thousands(s.RefusedTotal))
	switch {
	case s.Truth.Problem != "":
		return line + "not compared with the truth: " + s.Truth.Problem
	case s.behind > 2*time.Second:
		return line + fmt.Sprintf("the shops wait for the pipeline, %v behind", s.lag.Truncate(time.Second))
	default:
		return line + fmt.Sprintf("%s keys checked against the truth, %d wrong", thousands(s.Truth.Keys), s.Truth.Wrong)
	}
}

// clockTime returns a time of the clock as people read it.
func clockTime(ms int64) string { return time.UnixMilli(ms).UTC().Format("15:04") }

// thousands writes n, which is not negative, with separators: 1,234,567.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
