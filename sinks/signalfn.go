package sinks

import (
	"context"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/process"
)

func init() {
	dofn.Register(func(f *signalFn) dofn.Func { return dofn.Func2x1(f.ProcessElement) })
	dofn.Register(func(f *eventFn) dofn.Func { return dofn.Func2x1(f.ProcessElement) })
	dofn.Register(func(f *deadLetterFn) dofn.Func { return dofn.Func2x1(f.ProcessElement) })
}

// signalFn writes signals and releases their ack tokens. It must be fused with the stage that makes
// them: as a stage of its own it would have no output, and Prism uses all of a core on such a
// stage. Where an ack tracker waits for what is written, an outbox does the writing.
type signalFn struct {
	Targets Targets
	Stage   string

	env    *process.Env
	outbox *outbox
	writer *signalWriter // where there is no outbox
}

// Signals writes the signals (batch.Signals) of a keyed stage, which has a name.
func Signals(s beam.Scope, t Targets, stage string, batches beam.PCollection) {
	beam.ParDo0(s.Scope("WriteSignals"), &signalFn{Targets: t, Stage: stage}, batches)
}

func (f *signalFn) Setup(ctx context.Context) (err error) {
	f.env = process.Of(f.Targets.PipelineID)
	if f.env.Tracker == nil {
		f.writer, err = f.Targets.openSignalWriter(ctx, f.env)
		return err
	}
	f.outbox, err = process.Shared(f.env, "outbox of "+f.Stage, func() (*outbox, error) {
		w, err := f.Targets.openSignalWriter(ctx, f.env)
		if err != nil {
			return nil, err
		}
		return newOutbox(f.env, w.write), nil
	})
	return err
}

func (f *signalFn) ProcessElement(ctx context.Context, b batch.Signals) error {
	if f.outbox != nil {
		return f.outbox.add(ctx, b)
	}
	return f.writer.write(ctx, &b)
}

// FinishBundle adds to the Beam metrics what was counted outside of bundles.
func (f *signalFn) FinishBundle(ctx context.Context) { f.env.Metrics.FlushPending(ctx) }
