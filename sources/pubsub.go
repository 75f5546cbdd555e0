package sources

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/internal/process"
)

func init() {
	dofn.Register(func(f *readPubSubFn) dofn.Func { return dofn.Func5x2(f.ProcessElement) })
	register.Emitter2[beam.EventTime, event.Message]()
}

// Subscription is one Pub/Sub subscription and what its messages are.
type Subscription struct {
	Name    string // projects/{project}/subscriptions/{id}
	Channel event.Channel
	Format  event.Format
}

// readPubSubFn reads subscriptions on runners that have no Pub/Sub read of their own. It needs the pipeline's ack tracker, and so
// all DoFns in this process: a message is acknowledged when everything that it caused is written. Bundle finalization would be
// Beam's way, but a bundle of a source is final when its output is queued, not when it is processed.
type readPubSubFn struct {
	PipelineID string
	Emulator   string // host:port instead of Google's service

	env  *process.Env
	subs *Subscriptions
}

// PubSub reads a subscription and returns a PCollection of event.Message. emulator is host:port, or empty for Google's service.
// Bundles wait for messages, so two subscriptions must not share one: each is a read of its own.
func PubSub(s beam.Scope, pipelineID, emulator string, subscription Subscription) beam.PCollection {
	s = s.Scope("ReadPubSub")
	return beam.ParDo(s, &readPubSubFn{PipelineID: pipelineID, Emulator: emulator}, beam.Create(s, subscription))
}

// Setup finds what the process shares.
func (f *readPubSubFn) Setup() error {
	f.env = process.Of(f.PipelineID)
	if f.env.Tracker == nil {
		return errors.New("read Pub/Sub: this process has no ack tracker; the pipeline must run in the process that built it")
	}
	f.subs = SubscriptionsOf(f.env)
	return nil
}

// CreateInitialRestriction is part of Beam's contract of a splittable DoFn, as are the methods below.
func (f *readPubSubFn) CreateInitialRestriction(Subscription) Position { return Position{} }

// SplitRestriction does not split.
func (f *readPubSubFn) SplitRestriction(_ Subscription, p Position) []Position { return []Position{p} }

// RestrictionSize is the same for all.
func (f *readPubSubFn) RestrictionSize(Subscription, Position) float64 { return 1 }

// CreateTracker makes the tracker of a bundle.
func (f *readPubSubFn) CreateTracker(p Position) *sdf.LockRTracker { return newTracker(p) }

// TruncateRestriction ends the read when the pipeline drains.
func (f *readPubSubFn) TruncateRestriction(t *sdf.LockRTracker, _ Subscription) Position {
	return Position{At: t.GetRestriction().(Position).At, Done: true}
}

// InitialWatermarkEstimatorState starts at the beginning of time.
func (f *readPubSubFn) InitialWatermarkEstimatorState(beam.EventTime, Position, Subscription) int64 {
	return 0
}

// CreateWatermarkEstimator goes on from a state.
func (f *readPubSubFn) CreateWatermarkEstimator(ms int64) *estimator { return &estimator{ms: ms} }

// WatermarkEstimatorState is the state to go on from.
func (f *readPubSubFn) WatermarkEstimatorState(e *estimator) int64 { return e.ms }

// ProcessElement emits what has been pulled, and asks to be called again.
func (f *readPubSubFn) ProcessElement(_ context.Context, watermark *estimator, t *sdf.LockRTracker, sub Subscription, emit func(beam.EventTime, event.Message)) (sdf.ProcessContinuation, error) {
	if f.env.Ended() {
		return sdf.StopProcessing(), claim(t, Position{Done: true})
	}
	p, err := f.subs.open(sub, f.Emulator)
	if errors.Is(err, errStopped) {
		return sdf.StopProcessing(), claim(t, Position{Done: true})
	}
	if err != nil {
		return sdf.StopProcessing(), err
	}
	if err := p.failed(); err != nil {
		return sdf.StopProcessing(), err
	}
	at := t.GetRestriction().(Position).At
	var batches []pulled
	resume := idle
	if !f.env.MustWait() {
		if batches = p.take(bundleMessages); !p.ended() {
			resume = 0
		}
	}
	n := 0
	for _, b := range batches {
		n += len(b.messages)
	}
	if err := claim(t, Position{At: at + int64(n)}); err != nil {
		return sdf.StopProcessing(), fmt.Errorf("read %s: %w", sub.Name, err)
	}
	if n == 0 {
		watermark.advance(time.Now().UnixMilli() - int64(idle/time.Millisecond))
	}
	for _, b := range batches {
		f.emit(p, b, emit)
		watermark.advance(b.messages[0].PublishedAt)
	}
	return sdf.ResumeProcessingIn(resume), nil
}

func (f *readPubSubFn) emit(p *puller, b pulled, emit func(beam.EventTime, event.Message)) {
	token := f.env.Tracker.Open(b.messages, func() { p.leases.acknowledge(b.lease) })
	for _, m := range b.messages {
		emit(beam.EventTime(m.PublishedAt), m)
	}
	f.env.Tracker.Release([]int64{token})
}
