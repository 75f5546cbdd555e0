// Package pubsub reads Pub/Sub subscriptions. On runners without a Pub/Sub source of their own it
// pulls messages, keeps them leased, and acknowledges them when the state, stock, archive rows and
// dead letters that they caused are written.
package pubsub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
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

// Subscription is one Pub/Sub subscription and the channel of its messages.
type Subscription struct {
	Name    string // projects/{project}/subscriptions/{id}
	Channel event.Channel
}

// ReadFn reads subscriptions on runners that have no Pub/Sub source. It needs the pipeline's ack
// tracker, and so all DoFns in this process: a message is acknowledged when its token is
// released. Bundle finalization would not do: the bundle of a source is final when its
// output is queued, not when it is processed.
type ReadFn struct {
	sources.Sequential[Subscription]

	PipelineID string
	Emulator   string // host:port instead of Google's service

	env  *process.Env
	subs *Subscriptions
}

// Read reads a subscription and returns a PCollection of batch.Messages. emulator is host:port, or
// empty for Google's service. Bundles wait for messages, so that two subscriptions must not share
// one: each needs its own Read.
func Read(s beam.Scope, pipelineID, emulator string, subscription Subscription) beam.PCollection {
	s = s.Scope("ReadPubSub")
	return beam.ParDo(s, &ReadFn{PipelineID: pipelineID, Emulator: emulator}, beam.Create(s, subscription))
}

// Setup finds what the process shares.
func (f *ReadFn) Setup() error {
	f.env = process.Of(f.PipelineID)
	if f.env.Tracker == nil {
		return errors.New("read Pub/Sub: this process has no ack tracker; " +
			"the pipeline must run in the process that built it")
	}
	f.subs = SubscriptionsOf(f.env)
	return nil
}

// TruncateRestriction ends the read when the pipeline drains.
func (f *ReadFn) TruncateRestriction(t *sdf.LockRTracker, _ Subscription) sources.Position {
	return sources.Position{At: t.GetRestriction().(sources.Position).At, Done: true}
}

// ProcessElement emits what has been pulled, and asks to be called again.
func (f *ReadFn) ProcessElement(_ context.Context, watermark *sources.Watermark, t *sdf.LockRTracker, sub Subscription,
	emit func(beam.EventTime, batch.Messages)) (sdf.ProcessContinuation, error) {
	if f.env.Ended() {
		return sdf.StopProcessing(), sources.Claim(t, sources.Position{Done: true})
	}
	p, err := f.subs.open(sub, f.Emulator)
	if errors.Is(err, errStopped) {
		return sdf.StopProcessing(), sources.Claim(t, sources.Position{Done: true})
	}
	if err != nil {
		return sdf.StopProcessing(), err
	}
	if err := p.failed(); err != nil {
		return sdf.StopProcessing(), err
	}
	var pulls []pulled
	resume := sources.Idle
	if !f.env.MustWait() {
		if pulls = p.take(sources.BundleMessages); !p.ended() {
			resume = 0
		}
	}
	var messages []event.Message
	var leases []*lease
	latest := int64(0)
	for _, b := range pulls {
		messages = append(messages, b.messages...)
		leases = append(leases, b.lease)
		latest = max(latest, b.latest)
	}
	at := t.GetRestriction().(sources.Position).At
	if err := sources.Claim(t, sources.Position{At: at + int64(len(messages))}); err != nil {
		return sdf.StopProcessing(), fmt.Errorf("read %s: %w", sub.Name, err)
	}
	if len(pulls) == 0 {
		watermark.Advance(time.Now().UnixMilli() - sources.Idle.Milliseconds())
	}
	sources.Emit(f.env.Tracker, beam.EventTime(latest), messages, func() { p.leases.acknowledge(leases...) }, emit)
	for _, b := range pulls {
		watermark.Advance(b.messages[0].PublishedAt)
	}
	return sdf.ResumeProcessingIn(resume), nil
}

// messageOf converts a message of Pub/Sub.
func messageOf(m *pubsubpb.PubsubMessage, c event.Channel) event.Message {
	at := m.GetPublishTime()
	return event.Message{Channel: c, Format: c.Format(), Data: m.GetData(), Attributes: m.GetAttributes(),
		ID: m.GetMessageId(), PublishedAt: at.GetSeconds()*1000 + int64(at.GetNanos())/1_000_000}
}
