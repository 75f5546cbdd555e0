package sources

import (
	"fmt"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/typex"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/util/protox"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/util/reflectx"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"google.golang.org/protobuf/proto"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/dofn"
)

func init() {
	dofn.Register(func(f *receivedFn) dofn.Func { return dofn.Func2x1(f.ProcessElement) })
	register.Emitter1[event.Message]()
}

// readURN is the transform that Dataflow has for reading Pub/Sub; beam:transform:pubsub_read:v1 in Beam's model.
const readURN = "beam:transform:pubsub_read:v1"

// NativePubSub reads a subscription with the runner's own source and returns a PCollection of event.Message, each at the time at which
// it was published. It is for Dataflow, which acknowledges a message when what it caused is committed, knows a repeated delivery by
// its message id for ten minutes, and scales readers by itself.
//
// Elements are whole Pub/Sub messages, with attributes, id and publish time. No attribute is used as Dataflow's record id: messages need
// not have one, and our own ids hold longer than ten minutes.
func NativePubSub(s beam.Scope, subscription Subscription) beam.PCollection {
	s = s.Scope("ReadPubSub")
	payload := protox.MustEncode(&pipepb.PubSubReadPayload{Subscription: subscription.Name, WithAttributes: true})
	raw := beam.External(s, readURN, payload, nil, []beam.FullType{typex.New(reflectx.ByteSlice)}, false)
	return beam.ParDo(s, &receivedFn{Channel: subscription.Channel, Format: subscription.Format}, raw[0])
}

// receivedFn takes messages as the runner hands them over.
type receivedFn struct {
	Channel event.Channel
	Format  event.Format
}

// ProcessElement reads the bytes of one google.pubsub.v1.PubsubMessage.
func (f *receivedFn) ProcessElement(raw []byte, emit func(event.Message)) error {
	var m pubsubpb.PubsubMessage
	if err := proto.Unmarshal(raw, &m); err != nil {
		return fmt.Errorf("read a message as the runner hands it over: %w", err)
	}
	emit(messageOf(&m, f.Channel, f.Format))
	return nil
}
