package workers

import (
	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	"google.golang.org/protobuf/proto"
)

// bundle is work that Prism has given out, and what one process has made of it so far. Prism sees nothing of that before the bundle
// is committed.
type bundle struct {
	request *fnpb.InstructionRequest // nil while only data has come
	stage   *stage
	input   []*fnpb.Elements
	timers  int // streams of timers that the process has to end

	attempt  int
	member   *member // that has it; nil: it waits for one
	outputs  []*fnpb.Elements
	ended    int // streams of output and of timers
	state    tentative
	response *fnpb.InstructionResponse
	taken    bool // for the commit

	failures int
}

// reset forgets what a process has made of it.
func (b *bundle) reset() {
	b.member, b.outputs, b.ended, b.response = nil, nil, 0, nil
	b.state = tentative{}
}

// complete reports whether a process has done all of it.
func (b *bundle) complete() bool {
	return b.response != nil && !b.taken && b.ended >= b.stage.sinks+b.timers
}

// tentative is what a bundle has written to Beam's state.
type tentative struct {
	writes []*fnpb.StateRequest // in order
	cells  map[string]*stateCell
}

// stateCell is how a bundle sees one state, by its writes.
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
