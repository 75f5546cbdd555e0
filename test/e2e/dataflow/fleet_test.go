package dataflow

import (
	"context"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/beamlytics/streamlytics/test/rig"
)

// attempts is how often a bundle may fail before its job does. A bundle whose process dies has not
// failed.
const attempts = 4

// verdict is what becomes of a bundle that a process has done.
type verdict int

const (
	commits verdict = iota // the runner gets it
	fails                  // another process begins it anew; its own process lives, and does not learn of it
	kills                  // the same, and its process is killed
)

// fleet is several processes of the program, the workers of one job.
type fleet struct {
	t    *testing.T
	addr string // host:port at which Prism and the processes connect

	// judge decides about each bundle that a process has done, before any of it is committed. It is
	// set before the job begins, and called by one goroutine at a time.
	judge func(*bundle) verdict

	ctx context.Context // ends with the test

	mu       sync.Mutex
	members  []*member // those that live
	size     int       // how many there should be
	started  int
	turn     int
	bundles  map[string]*bundle
	stages   map[string]*stage
	runner   *runner // nil before the job begins
	asked    int
	answers  map[string]func(*fnpb.StateResponse) // awaited from Prism
	done     map[*member]int                      // bundles committed
	failures []string                             // of bundles
	errors   []string                             // logged by the processes
}

// member is one process.
type member struct {
	id      string
	process *rig.Process
	ready   bool // it is connected
	control *queue[*fnpb.InstructionRequest]
	data    *queue[*fnpb.Elements]
	state   *queue[*fnpb.StateResponse]
}

// newFleet starts processes for a job that is yet to begin. They end with the test.
func newFleet(t *testing.T, processes int) *fleet {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{t: t, addr: listener.Addr().String(), ctx: t.Context(), judge: func(*bundle) verdict { return commits },
		bundles: map[string]*bundle{}, stages: map[string]*stage{}, answers: map[string]func(*fnpb.StateResponse){},
		done: map[*member]int{}}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(math.MaxInt32))
	fnpb.RegisterBeamFnExternalWorkerPoolServer(server, &pool{fleet: f})
	fnpb.RegisterBeamFnControlServer(server, &control{fleet: f})
	fnpb.RegisterBeamFnDataServer(server, &data{fleet: f})
	fnpb.RegisterBeamFnStateServer(server, &states{fleet: f})
	fnpb.RegisterBeamFnLoggingServer(server, &logs{fleet: f})
	go func() { _ = server.Serve(listener) }() // until it is stopped
	t.Cleanup(server.Stop)
	f.size = processes
	f.replenish()
	return f
}

// replenish starts processes in place of those that died.
func (f *fleet) replenish() {
	f.t.Helper()
	for {
		f.mu.Lock()
		missing := f.size - len(f.members)
		f.mu.Unlock()
		if missing <= 0 {
			return
		}
		f.add()
	}
}

// add starts one more process: the program, as a runner's container starts it.
func (f *fleet) add() {
	f.t.Helper()
	f.mu.Lock()
	f.started++
	m := &member{id: fmt.Sprint("worker-", f.started), control: newQueue[*fnpb.InstructionRequest](),
		data: newQueue[*fnpb.Elements](), state: newQueue[*fnpb.StateResponse]()}
	f.mu.Unlock()
	cmd := exec.Command(rig.Binary(f.t), "--worker=true", "--id="+m.id,
		"--logging_endpoint="+f.addr, "--control_endpoint="+f.addr)
	cmd.Dir, cmd.Env = f.t.TempDir(), os.Environ()
	m.process = rig.StartCommand(f.t, cmd)
	f.mu.Lock()
	f.members = append(f.members, m)
	f.mu.Unlock()
}

// killAll kills all processes and returns when they are gone.
func (f *fleet) killAll() {
	f.mu.Lock()
	members := f.members
	f.mu.Unlock()
	for _, m := range members {
		m.process.Kill()
	}
	for _, m := range members {
		f.gone(m)
	}
}

// connected gives a process that has connected the bundles that wait.
func (f *fleet) connected(m *member) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m.ready = true
	for id, b := range f.bundles {
		if b.member == nil {
			f.give(id, b)
		}
	}
}

// gone gives the bundles of a process that died to others.
func (f *fleet) gone(m *member) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, x := range f.members {
		if x == m {
			f.members = append(f.members[:i:i], f.members[i+1:]...)
		}
	}
	for id, b := range f.bundles {
		if b.member == m && !b.taken {
			f.give(id, b)
		}
	}
}

// named finds a process that lives.
func (f *fleet) named(id string) *member {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.members {
		if m.id == id {
			return m
		}
	}
	return nil
}

// give gives a bundle to the process whose turn it is, from the beginning. Without one the bundle
// waits.
func (f *fleet) give(id string, b *bundle) {
	b.reset()
	if b.request == nil {
		return
	}
	b.attempt++
	for i := range f.members {
		n := i // the process that has listed the files keeps reading them
		if !b.stage.runs("NewFiles") {
			f.turn++
			n = f.turn % len(f.members)
		}
		if m := f.members[n]; m.ready {
			b.member = m
			req := proto.CloneOf(b.request)
			req.InstructionId = attemptID(id, b.attempt)
			m.control.put(req)
			for _, e := range b.input {
				m.data.put(renamed(e, req.InstructionId))
			}
			return
		}
	}
}

// attemptID returns the id of an attempt. Each attempt has its own, because a process drops the data
// of instructions that have ended.
func attemptID(id string, attempt int) string { return fmt.Sprintf("%s/%d", id, attempt) }

// attempt finds the bundle of an attempt, or nil if the process does not have the bundle any more.
func (f *fleet) attempt(m *member, name string) (id string, b *bundle) {
	id, _, _ = strings.Cut(name, "/")
	if b = f.bundles[id]; b == nil || b.member != m || name != attemptID(id, b.attempt) {
		return id, nil
	}
	return id, b
}

// renamed returns a message with the id of another instruction.
func renamed(e *fnpb.Elements, id string) *fnpb.Elements {
	e = proto.CloneOf(e)
	for _, d := range e.GetData() {
		d.InstructionId = id
	}
	for _, t := range e.GetTimers() {
		t.InstructionId = id
	}
	return e
}

// bundle finds the bundle of an instruction, new or known.
func (f *fleet) bundle(id string) *bundle {
	b := f.bundles[id]
	if b == nil {
		b = &bundle{}
		f.bundles[id] = b
	}
	return b
}
