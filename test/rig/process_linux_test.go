package rig

import (
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestMemory checks the figures by which tests bound a process. It also checks that the end line of
// a program has the program's own peak, even if a process with much memory started it.
func TestMemory(t *testing.T) {
	const mine = 512 << 20
	const flags = syscall.MAP_ANON | syscall.MAP_PRIVATE | syscall.MAP_POPULATE
	m, err := syscall.Mmap(-1, 0, mine, syscall.PROT_READ|syscall.PROT_WRITE, flags)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(m); err != nil {
			t.Error(err)
		}
	})
	pubsub := StartPubSub(t)
	p := Start(t, Launch{Env: pubsub.Env(), Flags: append(pubsub.Flags(), "--redis_addrs="+redistest.Start(t).Addr)})
	if err := pubsub.Publish(NewTrace(TraceOptions{Events: 10}).Messages...); err != nil {
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
	logged := regexp.MustCompile(`peak_memory_mb=(\d+)`).FindStringSubmatch(p.Log())
	if logged == nil {
		t.Fatalf("no peak memory in the log:\n%s", p.Log())
	}
	if mb, err := strconv.Atoi(logged[1]); err != nil || mb == 0 || mb >= mine>>20 {
		t.Errorf("peak memory %d MB, %v; of the kernel %d MB", mb, err, p.PeakMemory()>>20)
	}
	if peak := p.PeakMemory(); peak == 0 || peak >= mine {
		t.Errorf("the kernel has a peak of %d MB", peak>>20)
	}
}
