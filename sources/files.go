package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/process"
)

func init() {
	dofn.Register(func(f *readFilesFn) dofn.Func { return dofn.Func5x2(f.ProcessElement) })
}

// File is one file of JSON lines or CSV, plain or gzip, local or gs://.
type File struct {
	Path   string
	Format event.Format // FormatUnified: one unified event a line; FormatWMS: what the warehouse sends
}

// readFilesFn reads files from their beginning to their end, in bundles of bounded size: the output of a bundle is seen by the
// next stage only when the bundle is over.
type readFilesFn struct {
	PipelineID string

	env      *process.Env
	open     *cursors
	progress *Progress
}

// Files reads files once and returns a PCollection of event.Message.
func Files(s beam.Scope, pipelineID string, files []File) beam.PCollection {
	s = s.Scope("ReadFiles")
	return beam.ParDo(s, &readFilesFn{PipelineID: pipelineID}, beam.CreateList(s, files))
}

// Setup finds what the process shares.
func (f *readFilesFn) Setup() error {
	f.env = process.Of(f.PipelineID)
	f.progress = ProgressOf(f.env)
	var err error
	f.open, err = process.Shared(f.env, "open files", func() (*cursors, error) { return &cursors{open: map[File]*cursor{}}, nil })
	return err
}

// CreateInitialRestriction is part of Beam's contract of a splittable DoFn, as are the methods below.
func (f *readFilesFn) CreateInitialRestriction(File) Position { return Position{} }

// SplitRestriction does not split.
func (f *readFilesFn) SplitRestriction(_ File, p Position) []Position { return []Position{p} }

// RestrictionSize is the same for all.
func (f *readFilesFn) RestrictionSize(File, Position) float64 { return 1 }

// CreateTracker makes the tracker of a bundle.
func (f *readFilesFn) CreateTracker(p Position) *sdf.LockRTracker { return newTracker(p) }

// TruncateRestriction keeps the whole rest when the pipeline drains: a file is bounded.
func (f *readFilesFn) TruncateRestriction(t *sdf.LockRTracker, _ File) Position {
	return t.GetRestriction().(Position)
}

// InitialWatermarkEstimatorState starts at the beginning of time.
func (f *readFilesFn) InitialWatermarkEstimatorState(beam.EventTime, Position, File) int64 { return 0 }

// CreateWatermarkEstimator goes on from a state.
func (f *readFilesFn) CreateWatermarkEstimator(ms int64) *estimator { return &estimator{ms: ms} }

// WatermarkEstimatorState is the state to go on from.
func (f *readFilesFn) WatermarkEstimatorState(e *estimator) int64 { return e.ms }

// ProcessElement emits the next lines of a file.
func (f *readFilesFn) ProcessElement(ctx context.Context, watermark *estimator, t *sdf.LockRTracker, file File, emit func(beam.EventTime, event.Message)) (sdf.ProcessContinuation, error) {
	// Prism looks again at what waits before a keyed stage when the watermark moves: a source that waits must move it, or what it
	// waits for may never run.
	watermark.advance(time.Now().UnixMilli())
	at := t.GetRestriction().(Position).At
	if f.env.Ended() {
		return sdf.StopProcessing(), claim(t, Position{At: at, Done: true})
	}
	if f.env.MustWait() {
		if err := claim(t, Position{At: at}); err != nil {
			return sdf.StopProcessing(), fmt.Errorf("read %s: %w", file.Path, err)
		}
		return sdf.ResumeProcessingIn(10 * time.Millisecond), nil
	}
	c, err := f.open.take(ctx, file, at)
	if err != nil {
		return sdf.StopProcessing(), err
	}
	defer func() { f.progress.read.Add(c.fresh()) }()
	for n, bytes := 0, 0; n < bundleMessages && bytes < bundleBytes; {
		messages, err := c.next(bundleMessages - n)
		if errors.Is(err, io.EOF) {
			if err := claim(t, Position{At: c.at, Done: true}); err != nil {
				return sdf.StopProcessing(), fmt.Errorf("read %s: %w", file.Path, err)
			}
			f.env.FileRead()
			return sdf.StopProcessing(), c.Close()
		}
		if err != nil {
			return sdf.StopProcessing(), errors.Join(err, c.Close())
		}
		n += max(len(messages), 1)
		bytes += emitLines(f.env.Tracker, messages, emit)
	}
	if err := claim(t, Position{At: c.at}); err != nil {
		return sdf.StopProcessing(), errors.Join(fmt.Errorf("read %s: %w", file.Path, err), c.Close())
	}
	f.open.put(c)
	return sdf.ResumeProcessingIn(0), nil
}

// emitLines opens a batch for the messages of lines, emits them, and returns their size in bytes.
func emitLines(t *acks.Tracker, messages []event.Message, emit func(beam.EventTime, event.Message)) (bytes int) {
	if len(messages) == 0 {
		return 0
	}
	token := t.Open(messages, func() {})
	for _, m := range messages {
		bytes += m.Size()
		emit(lineTime, m)
	}
	t.Release([]int64{token})
	return bytes
}

// lineTime is the event time of a line: lines have no time of publication.
const lineTime = mtime.ZeroTimestamp
