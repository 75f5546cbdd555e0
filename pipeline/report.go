package pipeline

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/wholefile"
)

const (
	progressEvery = time.Second
	logEvery      = 10 * time.Second
	summaryEvery  = 10 * time.Second
)

// Clock returns the clock of the pipeline, which started with New.
func (p *Pipeline) Clock() clock.Clock { return p.plan.clock }

// Summary returns what the pipeline has done so far. It leaves Runtime empty, which is filled in
// the summary file.
func (p *Pipeline) Summary() metrics.Summary {
	s := p.env.Metrics.Summarize(p.env.Tracker.Acked(), time.Now())
	s.Complete = p.complete()
	return s
}

// report writes progress and the summary file while the pipeline runs. It writes the summary at
// once, so that the file is not that of an earlier run. stop ends this and writes both a last time.
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
	if p.Progress != nil || p.plan.bounded() {
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

// reportProgress rewrites a line on Progress. Without Progress it logs lines until the files are
// read.
func (p *Pipeline) reportProgress(every func(time.Duration, func(last bool))) {
	line := progress{p: p, started: time.Now(), last: time.Now()}
	if p.Progress == nil {
		every(p.logEvery, func(last bool) {
			if !last && p.begun.Load() && !p.filesRead() {
				slog.Info("reading files", "progress", line.text())
			}
		})
		return
	}
	every(progressEvery, func(last bool) {
		if !p.begun.Load() {
			return
		}
		fmt.Fprint(p.Progress, "\r\033[K"+fitting(line.text(), p.Progress))
		if last {
			fmt.Fprintln(p.Progress)
		}
	})
}

// fitting returns as much of a text as a terminal shows in one line.
func fitting(text string, terminal io.Writer) string {
	f, ok := terminal.(*os.File)
	if !ok {
		return text
	}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && 0 < width && width <= len(text) {
		return text[:width-1]
	}
	return text
}

// saveSummary replaces the summary file as a whole, so that a reader never sees a part of it.
func (p *Pipeline) saveSummary() {
	s := p.Summary()
	s.Runtime = p.env.Metrics.Runtime()
	b, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = wholefile.Replace(p.options.SummaryFile, append(b, '\n'))
	}
	if err != nil {
		slog.Error("the summary file was not written", "error", err)
	}
}
