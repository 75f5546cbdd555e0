package dataflow

import (
	"fmt"
	"strings"
	"syscall"

	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
)

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

// take takes output of bundles from a process.
func (f *fleet) take(m *member, e *fnpb.Elements) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, part := range byInstruction(e) {
		id, b := f.attempt(m, name)
		if b == nil {
			continue // of an attempt that was given up
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

// answered takes a process's response at the end of a bundle.
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
		p.MonitoringInfos, p.MonitoringData = nil, nil // each process has its own ids for its metrics
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

// lastLine returns the last line of an error, where Beam has the cause.
func lastLine(s string) string {
	return s[strings.LastIndexByte(strings.TrimSpace(s), '\n')+1:]
}

// finish carries out the verdict on a bundle once a process has done all of it.
func (f *fleet) finish(id string, b *bundle) {
	if !b.complete() {
		return
	}
	switch f.judge(b) {
	case fails:
		f.give(id, b)
	case kills:
		b.response = nil // the bundle begins anew when the process is gone
		_ = b.member.process.Signal(syscall.SIGKILL)
	case commits:
		b.taken = true
		f.done[b.member]++
		go f.commit(id, b)
	}
}

// commit gives Prism the results of a bundle: its writes to the state, its output and its response.
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

// workers returns how many processes have done a bundle that was committed.
func (f *fleet) workers() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.done)
}

// report lists what failed in bundles and processes.
func (f *fleet) report() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := fmt.Sprintf("failures of bundles: %q\nlogged: %q", f.failures, f.errors)
	for _, m := range f.members {
		s += fmt.Sprintf("\n%s, %d bundles: %s", m.id, f.done[m], m.process.Log())
	}
	return s
}

// byInstruction splits a message by bundle.
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
