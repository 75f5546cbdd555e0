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

// readFilesFn reads files from their beginning to their end, in bundles of bounded size: the output of a bundle is seen by the
// next stage only when the bundle is over. Its elements are indexes of Sequences.
type readFilesFn struct {
	PipelineID string
	Sequences  [][]File // each is read in its order, one file after the other

	env      *process.Env
	reading  *sequences
	progress *Progress
}

// Files reads files once and returns a PCollection of event.Message. Files of one format are read one after the other, in the
// order given; those of two formats side by side, at the same pace by bytes.
func Files(s beam.Scope, pipelineID string, files []File) beam.PCollection {
	s = s.Scope("ReadFiles")
	sequences := byFormat(files)
	indexes := make([]int, len(sequences))
	for i := range indexes {
		indexes[i] = i
	}
	return beam.ParDo(s, &readFilesFn{PipelineID: pipelineID, Sequences: sequences}, beam.CreateList(s, indexes))
}

func byFormat(files []File) (sequences [][]File) {
	at := map[event.Format]int{}
	for _, f := range files {
		i, found := at[f.Format]
		if !found {
			i = len(sequences)
			at[f.Format] = i
			sequences = append(sequences, nil)
		}
		sequences[i] = append(sequences[i], f)
	}
	return sequences
}

// Setup finds what the process shares.
func (f *readFilesFn) Setup() error {
	f.env = process.Of(f.PipelineID)
	f.progress = ProgressOf(f.env)
	var err error
	f.reading, err = sequencesOf(f.env, f.Sequences)
	return err
}

// CreateInitialRestriction is part of Beam's contract of a splittable DoFn, as are the methods below.
func (f *readFilesFn) CreateInitialRestriction(int) Position { return Position{} }

// SplitRestriction does not split.
func (f *readFilesFn) SplitRestriction(_ int, p Position) []Position { return []Position{p} }

// RestrictionSize is the same for all.
func (f *readFilesFn) RestrictionSize(int, Position) float64 { return 1 }

// CreateTracker makes the tracker of a bundle.
func (f *readFilesFn) CreateTracker(p Position) *sdf.LockRTracker { return newTracker(p) }

// TruncateRestriction keeps the whole rest when the pipeline drains: files that are read once are bounded.
func (f *readFilesFn) TruncateRestriction(t *sdf.LockRTracker, _ int) Position {
	return t.GetRestriction().(Position)
}

// InitialWatermarkEstimatorState starts at the beginning of time.
func (f *readFilesFn) InitialWatermarkEstimatorState(beam.EventTime, Position, int) int64 { return 0 }

// CreateWatermarkEstimator goes on from a state.
func (f *readFilesFn) CreateWatermarkEstimator(ms int64) *estimator { return &estimator{ms: ms} }

// WatermarkEstimatorState is the state to go on from.
func (f *readFilesFn) WatermarkEstimatorState(e *estimator) int64 { return e.ms }

// ProcessElement emits the next lines of a sequence.
func (f *readFilesFn) ProcessElement(ctx context.Context, watermark *estimator, t *sdf.LockRTracker, sequence int, emit func(beam.EventTime, event.Message)) (sdf.ProcessContinuation, error) {
	// Prism looks again at what waits before a keyed stage when the watermark moves: a source that waits must move it, or what it
	// waits for may never run.
	watermark.advance(time.Now().UnixMilli())
	at := t.GetRestriction().(Position)
	if f.env.Ended() {
		at.Done = true
		return sdf.StopProcessing(), claim(t, at)
	}
	if f.env.MustWait() || !f.env.Worker() && f.reading.ahead(sequence) {
		return sdf.ResumeProcessingIn(10 * time.Millisecond), claim(t, at)
	}
	at, err := f.read(ctx, sequence, at, emit)
	if err != nil {
		return sdf.StopProcessing(), err
	}
	if err := claim(t, at); err != nil {
		return sdf.StopProcessing(), fmt.Errorf("read files: %w", err)
	}
	if at.Done {
		return sdf.StopProcessing(), nil
	}
	return sdf.ResumeProcessingIn(0), nil
}

// read emits the lines of a bundle, from a position in a sequence, and returns the position behind them.
func (f *readFilesFn) read(ctx context.Context, sequence int, at Position, emit func(beam.EventTime, event.Message)) (Position, error) {
	files, begun := f.Sequences[sequence], time.Now()
	n, bytes := 0, 0
	for at.File < len(files) && n < bundleMessages && bytes < bundleBytes && time.Since(begun) < bundleTime {
		c, err := f.reading.take(ctx, sequence, files[at.File], at.At)
		if err != nil {
			return at, err
		}
		for err == nil && n < bundleMessages && bytes < bundleBytes {
			var messages []event.Message
			messages, err = c.next(bundleMessages - n)
			n += max(len(messages), 1)
			bytes += emitLines(f.env.Tracker, messages, emit)
		}
		f.count(sequence, c.fresh())
		switch {
		case errors.Is(err, io.EOF):
			f.count(sequence, max(c.file.Size-c.stored.n, 0)) // what is not read of a file that is no text
			f.env.FileRead()
			if err := c.Close(); err != nil {
				return at, err
			}
			at = Position{File: at.File + 1}
		case err != nil:
			return at, errors.Join(err, c.Close())
		default:
			at.At = c.at
			f.reading.put(sequence, c)
		}
	}
	if at.File == len(files) {
		at.Done = true
		f.reading.parts[sequence].ended.Store(true)
	}
	return at, nil
}

// count counts bytes of a sequence as read.
func (f *readFilesFn) count(sequence int, n int64) {
	f.progress.read.Add(n)
	f.reading.parts[sequence].read.Add(n)
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
