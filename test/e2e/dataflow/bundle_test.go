package dataflow

import (
	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	"google.golang.org/protobuf/proto"
)

// bundle is work from Prism, and the results of one attempt at it so far. Prism gets the results when
// the bundle is committed.
type bundle struct {
	request *fnpb.InstructionRequest // nil while only data has come
	stage   *stage
	input   []*fnpb.Elements
	timers  int // streams of timers that the process has to end

	attempt  int
	member   *member // that works on it; nil: it waits for one
	outputs  []*fnpb.Elements
	ended    int // streams of output and of timers
	state    tentative
	response *fnpb.InstructionResponse
	taken    bool // for the commit

	failures int
}

// reset drops the results of an attempt.
func (b *bundle) reset() {
	b.member, b.outputs, b.ended, b.response = nil, nil, 0, nil
	b.state = tentative{}
}

// complete reports whether a process has done all of it.
func (b *bundle) complete() bool {
	return b.response != nil && !b.taken && b.ended >= b.stage.sinks+b.timers
}

// tentative holds a bundle's writes to Beam's state before they are committed.
type tentative struct {
	writes []*fnpb.StateRequest // in order
	cells  map[string]*stateCell
}

// stateCell holds a bundle's writes to one state.
type stateCell struct {
	cleared  bool
	appended []byte
}

func (t *tentative) cell(key *fnpb.StateKey) (*stateCell, error) {
	name, err := proto.MarshalOptions{Deterministic: true}.Marshal(key)
	if err != nil {
		return nil, err
	}
	if t.cells == nil {
		t.cells = map[string]*stateCell{}
	}
	c := t.cells[string(name)]
	if c == nil {
		c = &stateCell{}
		t.cells[string(name)] = c
	}
	return c, nil
}

// write notes a write.
func (t *tentative) write(req *fnpb.StateRequest, c *stateCell) {
	t.writes = append(t.writes, req)
	if a := req.GetAppend(); a != nil {
		c.appended = append(c.appended, a.GetData()...)
		return
	}
	c.cleared, c.appended = true, nil
}
