package loopback

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// boundTo returns the devices that the listeners on a port are bound to.
func boundTo(t *testing.T, port int) (devices []string) {
	t.Helper()
	err := eachListener(port, func(fd int) error {
		name, err := unix.GetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE)
		devices = append(devices, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return devices
}

func TestOnly(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	other, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	port, otherPort := l.Addr().(*net.TCPAddr).Port, other.Addr().(*net.TCPAddr).Port

	if got := boundTo(t, port); len(got) != 1 || got[0] != "" {
		t.Fatalf("before: %q, want one listener that is not bound", got)
	}
	if err := Only(port); err != nil {
		t.Fatal(err)
	}
	if got := boundTo(t, port); len(got) != 1 || got[0] != "lo" {
		t.Errorf("after: %q, want lo", got)
	}
	if got := boundTo(t, otherPort); len(got) != 1 || got[0] != "" {
		t.Errorf("another listener is bound to %q too", got)
	}

	// The port is still reachable from this machine.
	go func() {
		if c, err := l.Accept(); err == nil {
			c.Close()
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatalf("not reachable from this machine: %v", err)
	}
	c.Close()
}

func TestOnlyNeedsAListener(t *testing.T) {
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	if err := Only(port); err == nil || !strings.Contains(err.Error(), strconv.Itoa(port)) {
		t.Errorf("got %v, want an error that names the port", err)
	}
}
