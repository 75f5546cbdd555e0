package demo

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/tools/demo/liveview"
)

// frameEvery is the time between two frames, wall time.
const frameEvery = 400 * time.Millisecond

// readWithin is how long a frame waits for Redis.
const readWithin = 2 * time.Second

// show makes a frame and shows it. news is its line of news; if it is empty, the line is about the
// world. If Redis does not answer, the frame has the products of the one before, and show returns
// no error.
func (d *Demo) show(ctx context.Context, news string) error {
	elapsed := time.Since(d.started)
	now := time.UnixMilli(d.feed.clock.NowMs()).UTC()
	counts, err := d.bus.counts()
	if err != nil {
		return err
	}
	status, done := d.feed.snapshot(), d.line.Summary()
	f := liveview.Frame{
		Clock:       now,
		Speed:       d.feed.clock.Speed,
		Elapsed:     elapsed,
		Quit:        "Ctrl-C ends the demo",
		HighDemand:  d.options.highDemandEnter(),
		LowStock:    d.lowStock,
		Events:      eventsOf(done),
		Outstanding: counts.outstanding,
		Refused:     refusalsOf(done),
		Products:    d.frame.Products,
		Checked:     int64(status.verdict.keys),
		Wrong:       int64(status.verdict.wrong),
	}
	d.gauge.add(reading{elapsed, f.Events, d.line.StockLatency()})
	f.EventsPerSecond, f.P50, f.P99 = d.gauge.rate(), d.gauge.latency(0.50), d.gauge.latency(0.99)

	reading, cancel := context.WithTimeout(ctx, readWithin)
	products, err := d.front.busiest(reading, now.Sub(d.options.ClockOrigin))
	cancel()
	if err == nil {
		f.Products = products
	} else if ctx.Err() == nil {
		slog.Warn("the signals could not be read", "error", err)
		if news == "" {
			news = "the signals could not be read: " + err.Error()
		}
	}
	if f.Notice = news; news == "" {
		f.Notice = d.news(status, f)
	}
	if d.first == 0 && len(f.Products) > 0 {
		d.first = time.Since(d.started)
	}
	d.frame = f
	if err := d.view.Show(f); err != nil {
		return err
	}
	if d.shown != nil {
		d.shown(f)
	}
	return nil
}

// news returns the line below the table. Problems come first.
func (d *Demo) news(s feedStatus, f liveview.Frame) string {
	switch {
	case s.problem != nil:
		return "not compared with the truth: " + s.problem.Error()
	case s.lag > 2*time.Duration(float64(time.Second)*f.Speed):
		return fmt.Sprintf("the pipeline is busy: the shops wait for it, %v of the clock behind",
			s.lag.Truncate(time.Second))
	case len(f.Products) == 0:
		return "the shops send their counts"
	}
	return ""
}

func eventsOf(s metrics.Summary) (n int64) {
	for _, types := range s.Events {
		for _, count := range types {
			n += count
		}
	}
	return n
}

// refusalsOf returns the numbers of refusals in the order of the list of reasons.
func refusalsOf(s metrics.Summary) (counts []liveview.Count) {
	for _, reason := range event.Reasons {
		if n := s.Refused[string(reason)]; n > 0 {
			counts = append(counts, liveview.Count{Name: string(reason), N: n})
		}
	}
	return counts
}
