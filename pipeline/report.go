package pipeline

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/wholefile"
)

const (
	progressEvery = time.Second
	noticeEvery   = 10 * time.Second
	summaryEvery  = 10 * time.Second
)

// report writes progress and the summary file while the pipeline runs. The summary is written at once too, so that the file is not that
// of an earlier run. The function it returns stops that and writes both once more.
func (p *Pipeline) report() (stop func()) {
	var tasks sync.WaitGroup
	quit := make(chan struct{})
	every := func(d time.Duration, f func(last bool)) {
		tasks.Go(func() {
			tick := time.NewTicker(d)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					f(false)
				case <-quit:
					f(true)
					return
				}
			}
		})
	}
	if p.Progress != nil || p.Notices != nil && p.plan.bounded() {
		p.reportProgress(every)
	}
	if p.options.SummaryFile != "" {
		p.saveSummary()
		every(summaryEvery, func(bool) { p.saveSummary() })
	}
	return func() {
		close(quit)
		tasks.Wait()
	}
}

// reportProgress writes a line to Progress again and again, or else lines to Notices until the files are read.
func (p *Pipeline) reportProgress(every func(time.Duration, func(last bool))) {
	line := progress{p: p, started: time.Now(), last: time.Now()}
	if p.Progress == nil {
		every(p.noticeEvery, func(last bool) {
			if !last && p.begun.Load() && !p.filesRead() {
				p.notice("%s", line.text())
			}
		})
		return
	}
	every(progressEvery, func(last bool) {
		if !p.begun.Load() {
			return
		}
		fmt.Fprint(p.Progress, "\r\033[K"+line.text())
		if last {
			fmt.Fprintln(p.Progress)
		}
	})
}

func (p *Pipeline) saveSummary() {
	s := p.Summary()
	s.Runtime = p.env.Metrics.Runtime()
	if err := writeSummary(p.options.SummaryFile, s); err != nil {
		slog.Error("summary file not written", "error", err)
	}
}

// Summary is what the pipeline has done so far, without what the process does (Runtime), which the summary file adds.
func (p *Pipeline) Summary() metrics.Summary {
	s := p.env.Metrics.Summarize(p.env.Tracker.Acked(), time.Now())
	s.Complete = p.complete()
	return s
}

// notice tells a person something.
func (p *Pipeline) notice(format string, args ...any) {
	if p.Notices != nil {
		fmt.Fprintf(p.Notices, format+"\n", args...)
	}
}

// Closing is one line for a person about what the pipeline did; empty when it did nothing, or its work was done elsewhere, on Dataflow.
func (p *Pipeline) Closing() string {
	if !p.begun.Load() {
		return ""
	}
	acked, busy := p.env.Tracker.Acked(), p.env.Tracker.Busy()
	m := p.env.Metrics
	line := fmt.Sprintf("%d messages, %d events and %d refusals in %.1f s", acked, m.Decoded(), m.RefusedTotal(), busy.Seconds())
	if busy > 0 {
		line += fmt.Sprintf(" (%.0f messages/s)", float64(acked)/busy.Seconds())
	}
	if len(p.plan.files) > 0 {
		line += ", " + p.howFar()
	}
	line += fmt.Sprintf(", %d signals written to Redis, ran for %.1f s", m.Count(metrics.RedisWrites), p.Summary().UptimeS)
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

// progress is a line that is written again and again. It belongs to one goroutine.
type progress struct {
	p       *Pipeline
	started time.Time
	last    time.Time
	decoded int64
}

// text is the line as of now. Its rate is that since the last call.
func (l *progress) text() string {
	now := time.Now()
	m := l.p.env.Metrics
	decoded := m.Decoded()
	rate := float64(decoded-l.decoded) / max(now.Sub(l.last).Seconds(), 0.001)
	l.last, l.decoded = now, decoded
	line := fmt.Sprintf("%.0f events/s, %d in all, lag %d ms, outstanding %d, refused %d", rate, decoded, m.Lag.Load(),
		l.p.env.Tracker.Outstanding(), m.RefusedTotal())
	if len(l.p.plan.files) > 0 && !l.p.filesRead() {
		line = l.p.howFar() + ": " + line
		if left := l.p.timeLeft(now.Sub(l.started)); left > 0 {
			line += fmt.Sprintf(", %v left", left)
		}
	}
	return line
}
