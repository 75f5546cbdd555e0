package dataflow

import (
	"fmt"
	"strings"

	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"google.golang.org/protobuf/proto"
)

// stage is a part of the graph that runs as one.
type stage struct {
	descriptor *fnpb.ProcessBundleDescriptor // with the fleet's address in place of Prism's
	sinks      int                           // streams of output
}

const (
	sourcePort = "beam:runner:source:v1"
	sinkPort   = "beam:runner:sink:v1"
)

// newStage makes the stage of a descriptor, which it changes.
func newStage(d *fnpb.ProcessBundleDescriptor, addr string) (*stage, error) {
	here := &pipepb.ApiServiceDescriptor{Url: addr}
	if d.StateApiServiceDescriptor != nil {
		d.StateApiServiceDescriptor = here
	}
	if d.TimerApiServiceDescriptor != nil {
		d.TimerApiServiceDescriptor = here
	}
	s := &stage{descriptor: d}
	for id, t := range d.GetTransforms() {
		urn := t.GetSpec().GetUrn()
		if urn != sourcePort && urn != sinkPort {
			continue
		}
		if urn == sinkPort {
			s.sinks++
		}
		var port fnpb.RemoteGrpcPort
		if err := proto.Unmarshal(t.GetSpec().GetPayload(), &port); err != nil {
			return nil, fmt.Errorf("read the port of %s: %w", id, err)
		}
		port.ApiServiceDescriptor = here
		payload, err := proto.Marshal(&port)
		if err != nil {
			return nil, fmt.Errorf("write the port of %s: %w", id, err)
		}
		t.Spec.Payload = payload
	}
	return s, nil
}

// runs reports whether a DoFn, by a part of its unique name, is in the stage.
func (s *stage) runs(name string) bool {
	for _, t := range s.descriptor.GetTransforms() {
		if strings.Contains(t.GetUniqueName(), name) {
			return true
		}
	}
	return false
}
