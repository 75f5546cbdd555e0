package rig

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestProcess follows the program from its start to its end, in each way in which it can end.
func TestProcess(t *testing.T) {
	pubsub := StartPubSub(t, PubSubOptions{})
	flags := append(pubsub.Flags(), "--redis_addrs="+redistest.Start(t).Addr)
	p := Start(t, Launch{Env: pubsub.Env(), Flags: flags})
	trace := NewTrace(TraceOptions{Seed: 1, Events: 500})
	if err := pubsub.Publish(trace.Messages...); err != nil {
		t.Fatal(err)
	}
	if err := p.Await("all is acknowledged", time.Minute, pubsub.Settled); err != nil {
		t.Fatal(err)
	}
	if m, err := p.Memory(); err != nil || m.Resident == 0 || m.Peak < m.Resident {
		t.Errorf("memory %+v, %v", m, err)
	}
	if n, err := p.OpenFiles(); err != nil || n < 5 {
		t.Errorf("open files %d, %v", n, err)
	}
	if err := p.Stop(30 * time.Second); err != nil {
		t.Fatal(err)
	}
	if s, err := p.Summary(); err != nil || s.Acked != 500 {
		t.Errorf("summary %+v, %v", s, err)
	}
	if p.PeakMemory() == 0 || p.Running() {
		t.Errorf("peak %d, running %v", p.PeakMemory(), p.Running())
	}

	p = Start(t, Launch{Env: pubsub.Env(), Flags: flags})
	if err := p.Await("the kernel knows it", time.Minute, func() bool { m, err := p.Memory(); return err == nil && m.Resident > 0 }); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	if exit, err := p.Wait(time.Second); err != nil || exit.Signal != syscall.SIGKILL {
		t.Errorf("killed: %v, %v", exit, err)
	}

	p = Start(t, Launch{Flags: []string{"--nonsense"}})
	if exit, err := p.Wait(time.Minute); err != nil || exit.Code != 1 || exit.Signal != 0 {
		t.Errorf("bad flag: %v, %v", exit, err)
	}
	err := p.Await("something happens", time.Second, func() bool { return false })
	if err == nil || !strings.Contains(err.Error(), "--nonsense: unknown flag") {
		t.Errorf("awaiting a process that has ended: %v", err)
	}
}
