package sinks

import (
	"context"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/process"
)

// flushRows bounds the rows that wait for the end of a bundle, in bytes.
const flushRows = 4 << 20

// eventFn archives events, before their messages are acknowledged.
type eventFn struct {
	Targets Targets

	env     *process.Env
	held    acks.Held
	archive *archive
}

// Events archives events (event.Event) in the warehouses.
func Events(s beam.Scope, t Targets, events beam.PCollection) {
	beam.ParDo0(s.Scope("ArchiveEvents"), &eventFn{Targets: t}, events)
}

func (f *eventFn) Setup() (err error) {
	f.env = process.Of(f.Targets.PipelineID)
	f.archive, err = f.Targets.archive(f.env)
	return err
}

func (f *eventFn) StartBundle(context.Context) {
	f.held.Reset(f.env.Tracker)
	f.archive.reset()
}

func (f *eventFn) ProcessElement(ctx context.Context, e event.Event) error {
	f.held.Add(e.Message.Token)
	f.archive.event(&e, time.Now().UnixMilli())
	if f.archive.size() < flushRows {
		return nil
	}
	return f.archive.flush(ctx)
}

func (f *eventFn) FinishBundle(ctx context.Context) error {
	if err := f.archive.flush(ctx); err != nil {
		return err
	}
	f.held.Release()
	return nil
}
