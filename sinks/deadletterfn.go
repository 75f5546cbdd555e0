package sinks

import (
	"context"
	"fmt"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/process"
)

// deadLetterFn writes dead letters, before their messages are acknowledged.
type deadLetterFn struct {
	Targets Targets

	env     *process.Env
	letters *DeadLetters
	held    acks.Held
	waiting []event.DeadLetter
	bytes   int
}

// WriteDeadLetters writes dead letters (event.DeadLetter).
func WriteDeadLetters(s beam.Scope, t Targets, letters beam.PCollection) {
	beam.ParDo0(s.Scope("WriteDeadLetters"), &deadLetterFn{Targets: t}, letters)
}

func (f *deadLetterFn) Setup() (err error) {
	f.env = process.Of(f.Targets.PipelineID)
	f.letters, err = f.Targets.deadLetters(f.env)
	return err
}

func (f *deadLetterFn) StartBundle(context.Context) {
	f.held.Reset(f.env.Tracker)
	f.waiting, f.bytes = f.waiting[:0], 0
}

func (f *deadLetterFn) ProcessElement(ctx context.Context, l event.DeadLetter) error {
	f.held.Add(l.Message.Token)
	f.waiting = append(f.waiting, l)
	if f.bytes += len(l.Message.Data); f.bytes < flushRows {
		return nil
	}
	return f.flush(ctx)
}

func (f *deadLetterFn) FinishBundle(ctx context.Context) error {
	if err := f.flush(ctx); err != nil {
		return err
	}
	f.held.Release()
	return nil
}

func (f *deadLetterFn) flush(ctx context.Context) error {
	if err := f.letters.Write(ctx, f.waiting); err != nil {
		return fmt.Errorf("write %d dead letters: %w", len(f.waiting), err)
	}
	clear(f.waiting)
	f.waiting, f.bytes = f.waiting[:0], 0
	return nil
}
