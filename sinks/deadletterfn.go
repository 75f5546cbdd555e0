package sinks

import (
	"context"
	"fmt"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/process"
)

// deadLetterFn writes dead letters.
type deadLetterFn struct {
	Targets Targets

	letters *DeadLetters
}

// WriteDeadLetters writes dead letters (batch.DeadLetters). They are safe when ProcessElement has
// returned, so whoever emits them can hold their ack tokens until then.
func WriteDeadLetters(s beam.Scope, t Targets, letters beam.PCollection) {
	beam.ParDo0(s.Scope("WriteDeadLetters"), &deadLetterFn{Targets: t}, letters)
}

func (f *deadLetterFn) Setup() (err error) {
	f.letters, err = f.Targets.deadLetters(process.Of(f.Targets.PipelineID))
	return err
}

func (f *deadLetterFn) ProcessElement(ctx context.Context, b batch.DeadLetters) error {
	for left := b.Letters; len(left) > 0; {
		n, bytes := 0, 0
		for n < len(left) && bytes < flushRows {
			bytes += len(left[n].Message.Data)
			n++
		}
		if err := f.letters.Write(ctx, left[:n]); err != nil {
			return fmt.Errorf("write %d dead letters: %w", n, err)
		}
		left = left[n:]
	}
	return nil
}
