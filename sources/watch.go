package sources

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/process"
)

func init() {
	dofn.Register(func(f *watchFilesFn) dofn.Func { return dofn.Func5x2(f.ProcessElement) })
}

// Watched is a list of globs, separated by commas, whose files are read as they come.
type Watched struct {
	Globs  string
	Format event.Format
	Poll   time.Duration // how often the globs are listed
	Settle time.Duration // how long a file must not have changed before its last line is read though it has no end
}

// watchFilesFn reads the files of a list of globs, and what comes to them, for ever.
type watchFilesFn struct {
	PipelineID string

	env *process.Env
}

// Watch reads files as they arrive and returns a PCollection of event.Message.
func Watch(s beam.Scope, pipelineID string, w Watched) beam.PCollection {
	s = s.Scope("WatchFiles")
	return beam.ParDo(s, &watchFilesFn{PipelineID: pipelineID}, beam.CreateList(s, []Watched{w}))
}

// Setup finds what the process shares.
func (f *watchFilesFn) Setup() { f.env = process.Of(f.PipelineID) }

// CreateInitialRestriction is part of Beam's contract of a splittable DoFn, as are the methods below.
func (f *watchFilesFn) CreateInitialRestriction(Watched) Position { return Position{} }

// SplitRestriction does not split.
func (f *watchFilesFn) SplitRestriction(_ Watched, p Position) []Position { return []Position{p} }

// RestrictionSize is the same for all.
func (f *watchFilesFn) RestrictionSize(Watched, Position) float64 { return 1 }

// CreateTracker makes the tracker of a bundle.
func (f *watchFilesFn) CreateTracker(p Position) *sdf.LockRTracker { return newTracker(p) }

// TruncateRestriction ends the watch when the pipeline drains.
func (f *watchFilesFn) TruncateRestriction(t *sdf.LockRTracker, _ Watched) Position {
	return Position{At: t.GetRestriction().(Position).At, Done: true}
}

// InitialWatermarkEstimatorState starts at the beginning of time.
func (f *watchFilesFn) InitialWatermarkEstimatorState(beam.EventTime, Position, Watched) int64 {
	return 0
}

// CreateWatermarkEstimator goes on from a state.
func (f *watchFilesFn) CreateWatermarkEstimator(ms int64) *estimator { return &estimator{ms: ms} }

// WatermarkEstimatorState is the state to go on from.
func (f *watchFilesFn) WatermarkEstimatorState(e *estimator) int64 { return e.ms }

// ProcessElement emits new lines, and asks to be called again.
func (f *watchFilesFn) ProcessElement(ctx context.Context, watermark *estimator, t *sdf.LockRTracker, watched Watched, emit func(beam.EventTime, event.Message)) (sdf.ProcessContinuation, error) {
	if f.env.Ended() {
		return sdf.StopProcessing(), claim(t, Position{Done: true})
	}
	w, err := process.Shared(f.env, "watch "+watched.Globs, func() (*watcher, error) { return newWatcher(watched), nil })
	if err != nil {
		return sdf.StopProcessing(), err
	}
	at := t.GetRestriction().(Position).At
	n, bytes := 0, 0
	for n < bundleMessages && bytes < bundleBytes && !f.env.MustWait() {
		messages, err := w.next(ctx, bundleMessages-n)
		if err != nil {
			return sdf.StopProcessing(), fmt.Errorf("watch %s: %w", watched.Globs, err)
		}
		if messages == nil {
			break
		}
		n += max(len(messages), 1)
		bytes += emitLines(f.env.Tracker, messages, emit)
	}
	if err := claim(t, Position{At: at + int64(n)}); err != nil {
		return sdf.StopProcessing(), fmt.Errorf("watch %s: %w", watched.Globs, err)
	}
	watermark.advance(time.Now().UnixMilli())
	if n < bundleMessages && bytes < bundleBytes {
		return sdf.ResumeProcessingIn(idle), nil
	}
	return sdf.ResumeProcessingIn(0), nil
}
