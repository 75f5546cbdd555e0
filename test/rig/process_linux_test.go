package rig

import (
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestClosingLineTellsOwnMemory starts the program from a process with much memory, of which its closing line says nothing.
func TestClosingLineTellsOwnMemory(t *testing.T) {
	const mine = 512 << 20
	m, err := syscall.Mmap(-1, 0, mine, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_POPULATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(m); err != nil {
			t.Error(err)
		}
	})
	pubsub := StartPubSub(t, PubSubOptions{})
	p := Start(t, Launch{Env: pubsub.Env(), Flags: append(pubsub.Flags(), "--redis_addrs="+redistest.Start(t).Addr)})
	if err := pubsub.Publish(NewTrace(TraceOptions{Events: 10}).Messages...); err != nil {
		t.Fatal(err)
	}
	if err := p.Await("all is acknowledged", time.Minute, pubsub.Settled); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(30 * time.Second); err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`peak memory (\d+) MB`).FindStringSubmatch(p.Log())
	if said == nil {
		t.Fatalf("no peak memory in the log:\n%s", p.Log())
	}
	if mb, err := strconv.Atoi(said[1]); err != nil || mb == 0 || mb >= mine>>20 {
		t.Errorf("peak memory %d MB, %v; /proc says %d MB", mb, err, p.PeakMemory()>>20)
	}
}
