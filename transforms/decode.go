package transforms

import (
	"context"
	"fmt"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
)

func init() {
	dofn.Register(func(f *decodeFn) dofn.Func { return dofn.Func5x0(f.ProcessElement) })
	register.Emitter2[beam.EventTime, event.Event]()
}

// decodeFn turns messages into events and dead letters.
type decodeFn struct {
	PipelineID string
	Clock      clock.Clock
	Rules      event.Rules

	env     *process.Env
	decoder event.Decoder
	decoded event.Decoded
	counts  metrics.Bundle
}

// Decode turns messages (event.Message) into events (event.Event) and dead letters (event.DeadLetter).
func Decode(s beam.Scope, pipelineID string, c clock.Clock, rules event.Rules, messages beam.PCollection) (events, deadLetters beam.PCollection) {
	return beam.ParDo2(s.Scope("Decode"), &decodeFn{PipelineID: pipelineID, Clock: c, Rules: rules}, messages)
}

func (f *decodeFn) Setup() {
	f.env = process.Of(f.PipelineID)
	f.decoder = event.Decoder{Rules: f.Rules}
}

func (f *decodeFn) ProcessElement(_ context.Context, at beam.EventTime, m event.Message, events func(beam.EventTime, event.Event), letters func(beam.EventTime, event.DeadLetter)) {
	f.decoder.Decode(&m, f.Clock.NowMs(), f.Clock.IsWall(), &f.decoded)
	if f.decoded.Ignored > 0 {
		f.counts.Ignore(f.decoded.IgnoredName)
	}
	if n := f.decoded.UnreadablePrices; n > 0 {
		f.counts.Add(metrics.UnreadablePrices, int64(n))
	}
	for i := range f.decoded.Events {
		e := &f.decoded.Events[i]
		f.counts.Add(metrics.Events(m.Channel, e.Type), 1)
		events(at, *e)
	}
	for _, r := range f.decoded.Refusals {
		f.counts.Add(metrics.Refused(r.Reason), 1)
	}
	for _, r := range bounded(f.decoded.Refusals, m.Size()) {
		letters(at, event.DeadLetter{Refusal: r, Stage: event.StageDecode, Message: &m, FailedAt: nowMs()})
	}
}

func (f *decodeFn) FinishBundle(ctx context.Context, _ func(beam.EventTime, event.Event), _ func(beam.EventTime, event.DeadLetter)) {
	f.counts.Flush(ctx, f.env.Metrics)
}

// maxLettersBytes bounds what one message can put into the dead letters. Each letter carries the whole message, so that a
// megabyte of tiny bad items would otherwise make hundreds of gigabytes.
const maxLettersBytes = 64 << 20

// bounded returns the refusals that get a letter of their own. Where they are too many, one more stands for the others.
func bounded(refusals []event.Refusal, size int) []event.Refusal {
	most := max(maxLettersBytes/max(size, 1), 16)
	if len(refusals) <= most {
		return refusals
	}
	rest := refusals[most-1:]
	return append(refusals[:most-1:most-1], event.Refusal{Reason: rest[0].Reason, Item: event.NoItem, Detail: fmt.Sprintf(
		"%d more items are refused, too many for a letter each; the first of them: %s", len(rest), rest[0].Detail)})
}
