package pubsub

import (
	"context"
	"fmt"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/typex"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/util/protox"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/util/reflectx"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"google.golang.org/protobuf/proto"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/dofn"
	"github.com/beamlytics/streamlytics/sources"
)

func init() {
	dofn.Register(func(f *GatherFn) dofn.Func { return dofn.Func3x1(f.ProcessElement) })
}

// readURN is the transform by which Dataflow reads Pub/Sub; beam:transform:pubsub_read:v1 in Beam's
// model.
const readURN = "beam:transform:pubsub_read:v1"

// ReadNative reads a subscription with the runner's own source and returns a PCollection of
// batch.Messages. It is for Dataflow, which acknowledges a message when its results are committed,
// recognises a repeated delivery by its message id for ten minutes, and scales readers by itself.
//
// The source's elements are whole Pub/Sub messages, with attributes, id and publish time. No
// attribute serves as Dataflow's record id: messages need not have one, and event ids are kept
// longer than ten minutes.
func ReadNative(s beam.Scope, subscription Subscription) beam.PCollection {
	s = s.Scope("ReadPubSub")
	payload := protox.MustEncode(&pipepb.PubSubReadPayload{Subscription: subscription.Name, WithAttributes: true})
	raw := beam.External(s, readURN, payload, nil, []beam.FullType{typex.New(reflectx.ByteSlice)}, false)
	return beam.ParDo(s, &GatherFn{Channel: subscription.Channel}, raw[0])
}

// GatherFn makes one batch of the messages that the runner delivers in a bundle. A batch that is
// large is emitted before the bundle ends.
type GatherFn struct {
	Channel event.Channel

	messages []event.Message
	bytes    int
	latest   beam.EventTime
}

// StartBundle discards what a failed bundle left.
func (f *GatherFn) StartBundle(context.Context, func(beam.EventTime, batch.Messages)) { f.reset() }

func (f *GatherFn) reset() { f.messages, f.bytes, f.latest = nil, 0, mtime.MinTimestamp }

// ProcessElement takes the bytes of one google.pubsub.v1.PubsubMessage.
func (f *GatherFn) ProcessElement(at beam.EventTime, raw []byte, emit func(beam.EventTime, batch.Messages)) error {
	var m pubsubpb.PubsubMessage
	if err := proto.Unmarshal(raw, &m); err != nil {
		return fmt.Errorf("read a message of the runner's: %w", err)
	}
	f.messages = append(f.messages, messageOf(&m, f.Channel))
	f.bytes += len(raw)
	f.latest = max(f.latest, at)
	if len(f.messages) == sources.BundleMessages || f.bytes >= sources.BundleBytes {
		f.emit(emit)
	}
	return nil
}

// FinishBundle emits the last batch.
func (f *GatherFn) FinishBundle(_ context.Context, emit func(beam.EventTime, batch.Messages)) {
	if len(f.messages) > 0 {
		f.emit(emit)
	}
}

func (f *GatherFn) emit(emit func(beam.EventTime, batch.Messages)) {
	emit(f.latest, batch.Messages{Messages: f.messages})
	f.reset()
}
