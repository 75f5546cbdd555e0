package transforms

import (
	"context"
	"fmt"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
)

func init() {
	dofn.Register(func(f *DecodeFn) dofn.Func { return dofn.Func5x0(f.ProcessElement) })
}

// maxDecoded is the number of events and dead letters above which DecodeFn emits them before it has
// decoded all messages. It bounds the memory that messages of many small items take.
const maxDecoded = 10_000

// DecodeFn turns a batch of messages into a batch of events and a batch of dead letters; either is
// left out when it is empty.
type DecodeFn struct {
	PipelineID string
	Clock      clock.Clock
	Rules      event.Rules

	env     *process.Env
	decoder event.Decoder
	decoded event.Decoded
	counts  metrics.Bundle

	// Of the batch, not yet emitted. The memory is used again.
	events  []event.UnifiedInventoryEvent
	letters []event.DeadLetter
}

// Decode turns messages (batch.Messages) into events (batch.Events) and dead letters
// (batch.DeadLetters).
func Decode(s beam.Scope, pipelineID string, c clock.Clock, rules event.Rules, messages beam.PCollection) (
	events, deadLetters beam.PCollection) {
	return beam.ParDo2(s.Scope("Decode"), &DecodeFn{PipelineID: pipelineID, Clock: c, Rules: rules}, messages)
}

// Setup finds what the process shares.
func (f *DecodeFn) Setup() {
	f.env = process.Of(f.PipelineID)
	f.decoder = event.Decoder{Rules: f.Rules}
}

// ProcessElement decodes a batch. Its event time is that of what it emits.
func (f *DecodeFn) ProcessElement(_ context.Context, at beam.EventTime, b batch.Messages,
	events func(beam.EventTime, batch.Events), letters func(beam.EventTime, batch.DeadLetters)) {
	for i := range b.Messages {
		f.decode(&b.Messages[i])
		if len(f.events)+len(f.letters) > maxDecoded {
			f.emit(at, b.Token, events, letters)
		}
	}
	f.emit(at, b.Token, events, letters)
}

// decode decodes and counts one message.
func (f *DecodeFn) decode(m *event.Message) {
	f.decoder.Decode(m, f.Clock.NowMs(), f.Clock.IsWall(), &f.decoded)
	if f.decoded.Ignored > 0 {
		f.counts.Ignore(f.decoded.IgnoredName)
	}
	if n := f.decoded.UnreadablePrices; n > 0 {
		f.counts.Add(metrics.UnreadablePrices, int64(n))
	}
	for i := range f.decoded.Events {
		f.counts.Add(metrics.Events(m.Channel, f.decoded.Events[i].Type), 1)
	}
	f.events = append(f.events, f.decoded.Events...)
	for _, r := range f.decoded.Refusals {
		f.counts.Add(metrics.Refused(r.Reason), 1)
	}
	for _, r := range bounded(f.decoded.Refusals, m.Size()) {
		f.letters = append(f.letters,
			event.DeadLetter{Refusal: r, Stage: event.StageDecode, Message: m, FailedAt: nowMs()})
	}
}

// emit emits what is decoded and releases the messages that it refers to.
func (f *DecodeFn) emit(at beam.EventTime, token int64,
	events func(beam.EventTime, batch.Events), letters func(beam.EventTime, batch.DeadLetters)) {
	if len(f.letters) > 0 {
		letters(at, batch.DeadLetters{Letters: f.letters})
	}
	if len(f.events) > 0 {
		events(at, batch.Events{Events: f.events, Token: token})
	}
	clear(f.events)
	clear(f.letters)
	f.events, f.letters = f.events[:0], f.letters[:0]
}

// FinishBundle publishes the counts.
func (f *DecodeFn) FinishBundle(ctx context.Context, _ func(beam.EventTime, batch.Events),
	_ func(beam.EventTime, batch.DeadLetters)) {
	f.counts.Flush(ctx, f.env.Metrics)
}

// maxLettersBytes bounds the dead letters of one message. Each letter carries the whole message: a
// megabyte of tiny bad items would otherwise make hundreds of gigabytes.
const maxLettersBytes = 64 << 20

// bounded returns the refusals that get a letter of their own. Where they are too many, the last
// one stands for the rest.
func bounded(refusals []event.Refusal, size int) []event.Refusal {
	most := max(maxLettersBytes/max(size, 1), 16)
	if len(refusals) <= most {
		return refusals
	}
	rest := refusals[most-1:]
	detail := fmt.Sprintf("%d more items are refused, too many for a letter each; the first of them: %s",
		len(rest), rest[0].Detail)
	return append(refusals[:most-1:most-1],
		event.Refusal{Reason: rest[0].Reason, Item: event.NoItem, Detail: detail})
}
