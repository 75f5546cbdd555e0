package files

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/sources"
)

func init() {
	dofn.Register(func(f *WatchFn) dofn.Func { return dofn.Func5x2(f.ProcessElement) })
}

// Watched is a list of globs, separated by commas, whose files are read as they arrive.
type Watched struct {
	Globs  string
	Format event.Format
	Poll   time.Duration // how often the globs are listed
	Settle time.Duration // how long a file stays unchanged before its last line is read without an end
}

// WatchFn reads the files of a list of globs, and what is added to them, without end.
type WatchFn struct {
	sources.Sequential[Watched]

	PipelineID string

	env *process.Env
}

// Watch reads files as they arrive and returns a PCollection of batch.Messages.
func Watch(s beam.Scope, pipelineID string, w Watched) beam.PCollection {
	s = s.Scope("WatchFiles")
	return beam.ParDo(s, &WatchFn{PipelineID: pipelineID}, beam.CreateList(s, []Watched{w}))
}

// Setup finds what the process shares.
func (f *WatchFn) Setup() { f.env = process.Of(f.PipelineID) }

// TruncateRestriction ends the watch when the pipeline drains.
func (f *WatchFn) TruncateRestriction(t *sdf.LockRTracker, _ Watched) sources.Position {
	return sources.Position{At: t.GetRestriction().(sources.Position).At, Done: true}
}

// ProcessElement emits new lines, and asks to be called again.
func (f *WatchFn) ProcessElement(ctx context.Context, watermark *sources.Watermark, t *sdf.LockRTracker,
	watched Watched, emit func(beam.EventTime, batch.Messages)) (sdf.ProcessContinuation, error) {
	if f.env.Ended() {
		return sdf.StopProcessing(), sources.Claim(t, sources.Position{Done: true})
	}
	w, err := process.Shared(f.env, "watch "+watched.Globs, func() (*watcher, error) {
		return newWatcher(watched), nil
	})
	if err != nil {
		return sdf.StopProcessing(), err
	}
	var messages []event.Message
	n, bytes := 0, 0
	full := func() bool { return n >= sources.BundleMessages || bytes >= sources.BundleBytes }
	for !full() && !f.env.MustWait() {
		next, err := w.next(ctx, sources.BundleMessages-n)
		if err != nil {
			return sdf.StopProcessing(), fmt.Errorf("watch %s: %w", watched.Globs, err)
		}
		if next == nil {
			break
		}
		n += max(len(next), 1)
		bytes += size(next)
		messages = join(messages, next)
	}
	sources.Emit(f.env.Tracker, lineTime, messages, func() {}, emit)
	at := t.GetRestriction().(sources.Position).At
	if err := sources.Claim(t, sources.Position{At: at + int64(n)}); err != nil {
		return sdf.StopProcessing(), fmt.Errorf("watch %s: %w", watched.Globs, err)
	}
	watermark.Advance(time.Now().UnixMilli())
	if full() {
		return sdf.ResumeProcessingIn(0), nil
	}
	return sdf.ResumeProcessingIn(sources.Idle), nil
}
