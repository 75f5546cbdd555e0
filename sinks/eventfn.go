package sinks

import (
	"context"
	"fmt"
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

	env       *process.Env
	warehouse *Warehouse
	held      acks.Held
	rows      []byte
}

// Events archives events (event.Event) in the local warehouse.
func Events(s beam.Scope, t Targets, events beam.PCollection) {
	beam.ParDo0(s.Scope("ArchiveEvents"), &eventFn{Targets: t}, events)
}

func (f *eventFn) Setup() (err error) {
	f.env = process.Of(f.Targets.PipelineID)
	f.warehouse, err = f.Targets.warehouse(f.env)
	return err
}

func (f *eventFn) StartBundle(context.Context) {
	f.held.Reset(f.env.Tracker)
	f.rows = f.rows[:0]
}

func (f *eventFn) ProcessElement(ctx context.Context, e event.Event) error {
	f.held.Add(e.Message.Token)
	f.rows = AppendEvent(f.rows, e, time.Now().UnixMilli())
	if len(f.rows) < flushRows {
		return nil
	}
	return f.flush(ctx)
}

func (f *eventFn) FinishBundle(ctx context.Context) error {
	if err := f.flush(ctx); err != nil {
		return err
	}
	f.held.Release()
	return nil
}

func (f *eventFn) flush(ctx context.Context) error {
	if err := f.warehouse.Append(ctx, TableEvents, f.rows); err != nil {
		return fmt.Errorf("archive events: %w", err)
	}
	f.rows = f.rows[:0]
	return nil
}
