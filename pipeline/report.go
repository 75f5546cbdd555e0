package pipeline

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/internal/wholefile"
)

const (
	progressEvery = time.Second
	summaryEvery  = 10 * time.Second
)

// report writes progress and the summary file while the pipeline runs. The function it returns stops that and writes both once
// more.
func (p *Pipeline) report() (stop func()) {
	var tasks sync.WaitGroup
	quit := make(chan struct{})
	every := func(d time.Duration, f func()) {
		tasks.Go(func() {
			tick := time.NewTicker(d)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					f()
				case <-quit:
					f()
					return
				}
			}
		})
	}
	if p.Progress != nil {
		line := progress{out: p.Progress, env: p.env, last: time.Now()}
		every(progressEvery, line.print)
	}
	if p.options.SummaryFile != "" {
		every(summaryEvery, func() {
			s := p.Summary()
			s.Runtime = p.env.Metrics.Runtime()
			if err := writeSummary(p.options.SummaryFile, s); err != nil {
				slog.Error("summary file not written", "error", err)
			}
		})
	}
	return func() {
		close(quit)
		tasks.Wait()
		if p.Progress != nil {
			fmt.Fprintln(p.Progress)
		}
	}
}

// Summary is what the pipeline has done so far, without what the process does (Runtime), which the summary file adds.
func (p *Pipeline) Summary() metrics.Summary {
	return p.env.Metrics.Summarize(p.env.Tracker.Acked(), time.Now())
}

// notice tells a person something.
func (p *Pipeline) notice(format string, args ...any) {
	if p.Notices != nil {
		fmt.Fprintf(p.Notices, format+"\n", args...)
	}
}

// Closing is one line for a person about what the pipeline did; empty when it was done elsewhere, on Dataflow.
func (p *Pipeline) Closing() string {
	if p.options.runnerKind() == dataflowRunner {
		return ""
	}
	acked, busy := p.env.Tracker.Acked(), p.env.Tracker.Busy()
	m := p.env.Metrics
	line := fmt.Sprintf("%d messages, %d events and %d refusals in %.1f s", acked, m.Decoded(), m.RefusedTotal(), busy.Seconds())
	if busy > 0 {
		line += fmt.Sprintf(" (%.0f messages/s)", float64(acked)/busy.Seconds())
	}
	if rss := metrics.Usage().PeakRSSBytes; rss > 0 {
		line += fmt.Sprintf(", peak memory %d MB", rss>>20)
	}
	return line
}

// writeSummary replaces the file as a whole, so that a reader never sees a part of it.
func writeSummary(path string, s metrics.Summary) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the summary: %w", err)
	}
	if err := wholefile.Replace(path, append(b, '\n')); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

// progress is one line that is written over again and again.
type progress struct {
	out     io.Writer
	env     *process.Env
	last    time.Time
	decoded int64
}

func (l *progress) print() {
	now := time.Now()
	m := l.env.Metrics
	decoded := m.Decoded()
	rate := float64(decoded-l.decoded) / max(now.Sub(l.last).Seconds(), 0.001)
	l.last, l.decoded = now, decoded
	fmt.Fprintf(l.out, "\r\033[K%.0f events/s, %d in all, lag %d ms, outstanding %d, refused %d", rate, decoded, m.Lag.Load(),
		l.env.Tracker.Outstanding(), m.RefusedTotal())
}
