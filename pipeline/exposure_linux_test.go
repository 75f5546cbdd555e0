package pipeline

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestListensLocally checks that every socket of the process accepts connections from this machine
// only while a pipeline runs. Prism runs programs for every client that reaches its port.
func TestListensLocally(t *testing.T) {
	h := newHarness(t)
	h.publish("pos", []byte(`{"event_id":"1","type":"SALE","store_id":"1","product_id":"1","quantity":1,`+
		`"occurred_at":1795778500000}`), nil)
	r := h.start()
	until(t, "the message is acknowledged", func() bool {
		acked, _ := h.settled()
		return acked == 1
	})
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
	if seen < 2 { // the runner's and the worker's
		t.Errorf("only %d sockets listen", seen)
	}
	r.stop()
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
