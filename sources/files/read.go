// Package files reads local files and objects in Cloud Storage, plain or gzip, line by line: once,
// or watched for what is added. It refuses what is no text, and bounds what a line or a gzip may
// take.
package files

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
	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/sources"
)

func init() {
	dofn.Register(func(f *ReadFn) dofn.Func { return dofn.Func5x2(f.ProcessElement) })
}

// ReadFn reads files from their beginning to their end, in bundles of bounded size: the next stage
// sees the output of a bundle only when the bundle is finished. Its elements are indexes of
// Sequences.
type ReadFn struct {
	sources.Sequential[int]

	PipelineID string
	Sequences  [][]File // each is read in its order, one file after the other
	InStep     bool     // sequences are read at the same pace

	env      *process.Env
	reading  *sequences
	progress *Progress
}

// Read reads files once and returns a PCollection of batch.Messages. Files of one format are read
// one after the other, in the given order; those of two formats side by side. With inStep these are
// read at the same pace by bytes, which requires that one process reads all of them.
func Read(s beam.Scope, pipelineID string, files []File, inStep bool) beam.PCollection {
	s = s.Scope("ReadFiles")
	sequences := byFormat(files)
	indexes := make([]int, len(sequences))
	for i := range indexes {
		indexes[i] = i
	}
	fn := &ReadFn{PipelineID: pipelineID, Sequences: sequences, InStep: inStep}
	return beam.ParDo(s, fn, beam.CreateList(s, indexes))
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
func (f *ReadFn) Setup() error {
	f.env = process.Of(f.PipelineID)
	f.progress = ProgressOf(f.env)
	var err error
	f.reading, err = sequencesOf(f.env, f.Sequences)
	return err
}

// TruncateRestriction keeps the whole rest when the pipeline drains: files that are read once are
// bounded.
func (f *ReadFn) TruncateRestriction(t *sdf.LockRTracker, _ int) sources.Position {
	return t.GetRestriction().(sources.Position)
}

// ProcessElement emits the next lines of a sequence, and asks to be called again until its end.
func (f *ReadFn) ProcessElement(ctx context.Context, watermark *sources.Watermark, t *sdf.LockRTracker, sequence int,
	emit func(beam.EventTime, batch.Messages)) (sdf.ProcessContinuation, error) {
	// Prism looks again at what waits before a keyed stage when the watermark moves. A source that
	// waits moves it, since what it waits for might not run otherwise.
	watermark.Advance(time.Now().UnixMilli())
	at := t.GetRestriction().(sources.Position)
	if f.env.Ended() {
		at.Done = true
		return sdf.StopProcessing(), sources.Claim(t, at)
	}
	if f.env.MustWait() || f.InStep && f.reading.ahead(sequence) {
		return sdf.ResumeProcessingIn(10 * time.Millisecond), sources.Claim(t, at)
	}
	ended := at.File
	at, messages, err := f.read(ctx, sequence, at)
	if err != nil {
		return sdf.StopProcessing(), err
	}
	sources.Emit(f.env.Tracker, lineTime, messages, func() {}, emit)
	for ; ended < at.File; ended++ {
		f.env.FileRead()
	}
	f.reading.parts[sequence].ended.Store(at.Done)
	if err := sources.Claim(t, at); err != nil {
		return sdf.StopProcessing(), fmt.Errorf("read files: %w", err)
	}
	if at.Done {
		return sdf.StopProcessing(), nil
	}
	return sdf.ResumeProcessingIn(0), nil
}

// bundleTime is the time after which a bundle of files ends, whatever its messages: opening many
// small files takes long.
const bundleTime = 500 * time.Millisecond

// read returns the messages of a bundle, from a position in a sequence on, and the position behind
// them.
func (f *ReadFn) read(ctx context.Context, sequence int, at sources.Position) (_ sources.Position,
	messages []event.Message, err error) {
	files, begun, n, bytes := f.Sequences[sequence], time.Now(), 0, 0
	full := func() bool { return n >= sources.BundleMessages || bytes >= sources.BundleBytes }
	for at.File < len(files) && !full() && time.Since(begun) < bundleTime {
		c, err := f.reading.take(ctx, sequence, files[at.File], at.At)
		if err != nil {
			return at, nil, err
		}
		for err == nil && !full() {
			var next []event.Message
			next, err = c.next(sources.BundleMessages - n)
			n += max(len(next), 1)
			bytes += size(next)
			messages = join(messages, next)
		}
		f.count(sequence, c.fresh())
		switch {
		case errors.Is(err, io.EOF):
			f.count(sequence, max(c.file.Size-c.stored.n, 0)) // the unread rest of a file that is no text
			if err := c.Close(); err != nil {
				return at, nil, err
			}
			at = sources.Position{File: at.File + 1}
		case err != nil:
			return at, nil, errors.Join(err, c.Close())
		default:
			at.At = c.at
			f.reading.put(sequence, c)
		}
	}
	at.Done = at.File == len(files)
	return at, messages, nil
}

// count counts bytes of a sequence as read.
func (f *ReadFn) count(sequence int, n int64) {
	f.progress.read.Add(n)
	f.reading.parts[sequence].read.Add(n)
}

// lineTime is the event time of lines, which have no time of publication.
const lineTime = mtime.ZeroTimestamp

// size returns the memory that messages take, in bytes.
func size(messages []event.Message) (bytes int) {
	for i := range messages {
		bytes += messages[i].Size()
	}
	return bytes
}

// join appends more messages, without a copy where they are the first.
func join(messages, more []event.Message) []event.Message {
	if len(messages) == 0 {
		return more
	}
	return append(messages, more...)
}
