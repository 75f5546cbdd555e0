package pipeline

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/beamlytics/streamlytics/internal/loopback"
	"github.com/beamlytics/streamlytics/test/rig"
)

// TestListensLocally checks that every socket of the process accepts connections from this machine
// only while a pipeline runs, and that it frees the port of its metrics. Prism runs programs for
// every client that reaches its port.
func TestListensLocally(t *testing.T) {
	h := newHarness(t)
	port, err := loopback.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	h.options.MetricsAddr = fmt.Sprint("127.0.0.1:", port)
	h.publishAll(rig.NewTrace(rig.TraceOptions{Events: 1}).Messages...)
	r := h.start()
	h.settle(r)
	seen := 0
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if listening, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN); err != nil ||
			listening == 0 {
			continue
		}
		seen++
		addr, err := syscall.Getsockname(fd)
		if err != nil {
			t.Fatal(err)
		}
		if open, where := isOpen(addr); open && !tied(fd) {
			t.Errorf("%s is open to other machines", where)
		}
	}
	if seen < 3 { // the runner's, the worker's and that of the metrics
		t.Errorf("only %d sockets listen", seen)
	}
	r.stop()
	l, err := net.Listen("tcp", h.options.MetricsAddr)
	if err != nil {
		t.Fatalf("after the run, the port of the metrics is not free: %v", err)
	}
	l.Close()
}

// isOpen reports whether a socket's address can be reached from other machines.
func isOpen(addr syscall.Sockaddr) (open bool, where string) {
	switch a := addr.(type) {
	case *syscall.SockaddrInet4:
		return a.Addr[0] != 127, fmt.Sprintf("%v:%d", a.Addr, a.Port)
	case *syscall.SockaddrInet6:
		return a.Addr != [16]byte{15: 1}, fmt.Sprintf("%v:%d", a.Addr, a.Port)
	}
	return false, "not an internet address"
}

// tied reports whether a socket accepts connections from the loopback device only.
func tied(fd int) bool {
	name, err := unix.GetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE)
	return err == nil && name == "lo"
}
