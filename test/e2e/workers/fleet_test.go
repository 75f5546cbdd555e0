package workers

import (
	"context"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/beamlytics/streamlytics/test/rig"
)

// attempts is how often a bundle may fail before its job does. A bundle whose process dies has not failed.
const attempts = 4

// fleet is several processes of the program, the workers of one job.
type fleet struct {
	t    *testing.T
	addr string // host:port of what Prism and the processes talk to

	// lose is asked of each bundle that a process has done, before anything of it is committed. Where it says so, the process is killed
	// and the bundle begins anew with another. It is set before the job begins, and called by one goroutine at a time.
	lose func(*bundle) bool

	ctx context.Context // ends with the test

	mu       sync.Mutex
	members  []*member // those that live
	all      []*member // and those that died
	size     int       // how many there should be
	started  int
	turn     int
	bundles  map[string]*bundle
	stages   map[string]*stage
	runner   *runner // nil before the job begins
	asked    int
	answers  map[string]func(*fnpb.StateResponse) // of Prism, that are awaited
	done     map[*member]int                      // bundles committed
	failures []string                             // of bundles
	errors   []string                             // that the processes have logged
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

// newFleet starts a number of processes for a job that is yet to begin. They end with the test.
func newFleet(t *testing.T, processes int) *fleet {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{t: t, addr: listener.Addr().String(), ctx: t.Context(), lose: func(*bundle) bool { return false },
		bundles: map[string]*bundle{}, stages: map[string]*stage{}, answers: map[string]func(*fnpb.StateResponse){}, done: map[*member]int{}}
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
	m := &member{id: fmt.Sprint("worker-", f.started), control: newQueue[*fnpb.InstructionRequest](), data: newQueue[*fnpb.Elements](), state: newQueue[*fnpb.StateResponse]()}
	f.mu.Unlock()
	cmd := exec.Command(rig.Binary(f.t), "--worker=true", "--id="+m.id, "--logging_endpoint="+f.addr, "--control_endpoint="+f.addr)
	cmd.Dir, cmd.Env = f.t.TempDir(), os.Environ()
	m.process = rig.StartCommand(f.t, cmd)
	f.mu.Lock()
	f.members, f.all = append(f.members, m), append(f.all, m)
	f.mu.Unlock()
}

// said is which processes have logged a text, those that died included.
func (f *fleet) said(text string) (ids []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.all {
		if strings.Contains(m.process.Log(), text) {
			ids = append(ids, m.id)
		}
	}
	return ids
}

// lossNoticed is what a process logs when it finds that Redis has lost data.
const lossNoticed = "the state in Redis may not be whole"

// wantNoLoss fails the test where a process found that Redis has lost data, which it has not.
func (f *fleet) wantNoLoss() {
	f.t.Helper()
	if ids := f.said(lossNoticed); len(ids) > 0 {
		f.t.Errorf("%v have noticed a loss where Redis has lost nothing", ids)
	}
}

// killAll ends all processes as kill -9 does, and returns when they are gone.
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

// connected says that a process is there to work.
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

// give hands a bundle to the process whose turn it is, from the beginning. If there is none it waits.
func (f *fleet) give(id string, b *bundle) {
	b.reset()
	if b.request == nil {
		return
	}
	b.attempt++
	for i := range f.members {
		n := i // the one that knows which files were read keeps on reading
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

// A process must never see an instruction twice by the same name: it drops the data of those that it knows to have ended.
func attemptID(id string, attempt int) string { return fmt.Sprintf("%s/%d", id, attempt) }

// attempt finds the bundle that a process has by a name; nil if it is not the process's any more.
func (f *fleet) attempt(m *member, name string) (id string, b *bundle) {
	id, _, _ = strings.Cut(name, "/")
	if b = f.bundles[id]; b == nil || b.member != m || name != attemptID(id, b.attempt) {
		return id, nil
	}
	return id, b
}

// renamed is a message about another instruction.
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

// begin takes a bundle from Prism.
func (f *fleet) begin(req *fnpb.InstructionRequest, s *stage) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := req.GetInstructionId()
	b := f.bundle(id)
	b.request, b.stage = req, s
	f.give(id, b)
}

// feed takes input of bundles from Prism.
func (f *fleet) feed(e *fnpb.Elements) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, part := range byInstruction(e) {
		b := f.bundle(id)
		b.input = append(b.input, part)
		for _, timers := range part.GetTimers() {
			if timers.GetIsLast() {
				b.timers++
			}
		}
		if b.member != nil {
			b.member.data.put(renamed(part, attemptID(id, b.attempt)))
		}
	}
}

// hears takes output of bundles from a process.
func (f *fleet) hears(m *member, e *fnpb.Elements) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, part := range byInstruction(e) {
		id, b := f.attempt(m, name)
		if b == nil {
			continue // of an attempt that does not count
		}
		b.outputs = append(b.outputs, renamed(part, id))
		for _, d := range part.GetData() {
			if d.GetIsLast() {
				b.ended++
			}
		}
		for _, t := range part.GetTimers() {
			if t.GetIsLast() {
				b.ended++
			}
		}
		f.finish(id, b)
	}
}

// answered takes what a process says at the end of a bundle.
func (f *fleet) answered(m *member, resp *fnpb.InstructionResponse) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id, b := f.attempt(m, resp.GetInstructionId())
	if b == nil {
		return
	}
	resp.InstructionId = id
	if resp.GetError() == "" {
		p := resp.GetProcessBundle()
		p.MonitoringInfos, p.MonitoringData = nil, nil // each process has its own short names for its counts
		b.response = resp
		f.finish(id, b)
		return
	}
	f.failures = append(f.failures, fmt.Sprintf("%s on %s: %s", id, m.id, lastLine(resp.GetError())))
	if b.failures++; b.failures < attempts {
		f.give(id, b)
		return
	}
	delete(f.bundles, id)
	f.runner.control.put(resp)
}

// lastLine is where Beam puts the cause of an error that names all the steps of a stage first.
func lastLine(s string) string {
	return s[strings.LastIndexByte(strings.TrimSpace(s), '\n')+1:]
}

// finish commits a bundle that a process has done, or has the process killed.
func (f *fleet) finish(id string, b *bundle) {
	if !b.complete() {
		return
	}
	if f.lose(b) {
		b.response = nil // it never came
		_ = b.member.process.Signal(syscall.SIGKILL)
		return
	}
	b.taken = true
	f.done[b.member]++
	go f.commit(id, b)
}

// commit gives Prism all that came of a bundle: what it wrote to the state, its output, and its end.
func (f *fleet) commit(id string, b *bundle) {
	for _, w := range b.state.writes {
		written := make(chan struct{})
		f.ask(w, func(*fnpb.StateResponse) { close(written) })
		select {
		case <-written:
		case <-f.ctx.Done():
			return
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.bundles, id)
	f.runner.data.put(b.outputs...)
	f.runner.control.put(b.response)
}

// workers is how many processes have done a bundle that counts.
func (f *fleet) workers() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.done)
}

// report is what went wrong in bundles and processes.
func (f *fleet) report() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := fmt.Sprintf("failures of bundles: %q\nlogged: %q", f.failures, f.errors)
	for _, m := range f.members {
		s += fmt.Sprintf("\n%s, %d bundles: %s", m.id, f.done[m], m.process.Log())
	}
	return s
}

// byInstruction takes a message apart by the bundles that it is about.
func byInstruction(e *fnpb.Elements) map[string]*fnpb.Elements {
	parts := map[string]*fnpb.Elements{}
	part := func(id string) *fnpb.Elements {
		if parts[id] == nil {
			parts[id] = &fnpb.Elements{}
		}
		return parts[id]
	}
	for _, d := range e.GetData() {
		p := part(d.GetInstructionId())
		p.Data = append(p.Data, d)
	}
	for _, t := range e.GetTimers() {
		p := part(t.GetInstructionId())
		p.Timers = append(p.Timers, t)
	}
	return parts
}
