package sinks

import (
	"context"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/process"
)

// flushRows bounds the rows that one write carries, in bytes.
const flushRows = 4 << 20

// eventFn archives events.
type eventFn struct {
	Targets Targets

	archive *archive
}

// Events archives events (batch.Events) in the warehouses. They are safe when ProcessElement has
// returned, so their source can hold the ack token until then.
func Events(s beam.Scope, t Targets, events beam.PCollection) {
	beam.ParDo0(s.Scope("ArchiveEvents"), &eventFn{Targets: t}, events)
}

func (f *eventFn) Setup() (err error) {
	f.archive, err = f.Targets.archive(process.Of(f.Targets.PipelineID))
	return err
}

func (f *eventFn) ProcessElement(ctx context.Context, b batch.Events) error {
	f.archive.begin(time.Now().UnixMilli())
	for i := range b.Events {
		f.archive.event(&b.Events[i])
		if f.archive.size() < flushRows {
			continue
		}
		if err := f.archive.flush(ctx); err != nil {
			return err
		}
	}
	return f.archive.flush(ctx)
}
