package rig

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// echo serves what is sent to it back, each line behind a name.
func echo(t *testing.T, name byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			go func() {
				defer c.Close()
				b := make([]byte, 1)
				for {
					if _, err := c.Read(b); err != nil {
						return // closed by the other side
					}
					if _, err := c.Write([]byte{name, b[0]}); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// ask sends a byte and returns what comes back within the time.
func ask(c net.Conn, timeout time.Duration) (string, error) {
	if _, err := c.Write([]byte("x")); err != nil {
		return "", err
	}
	return answer(c, timeout)
}

func answer(c net.Conn, timeout time.Duration) (string, error) {
	if err := c.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return "", err
	}
	b := make([]byte, 2)
	_, err := io.ReadFull(c, b)
	return string(b), err
}

func mustAnswer(t *testing.T, c net.Conn, want string) {
	t.Helper()
	if got, err := ask(c, 10*time.Second); err != nil || got != want {
		t.Fatalf("answer %q %v, want %q", got, err, want)
	}
}

func TestProxyCutsAndMends(t *testing.T) {
	p := StartProxy(t, echo(t, 'a'))
	c := dial(t, p.Addr)
	mustAnswer(t, c, "ax")
	p.Cut()
	if got, err := ask(c, 10*time.Second); err == nil {
		t.Errorf("a cut connection answers %q", got)
	}
	if c, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Addr); err == nil {
		c.Close()
		t.Error("a cut proxy takes connections")
	}
	if err := p.Mend(); err != nil {
		t.Fatal(err)
	}
	mustAnswer(t, dial(t, p.Addr), "ax")
}

func TestProxyHangs(t *testing.T) {
	p := StartProxy(t, echo(t, 'a'))
	c := dial(t, p.Addr)
	mustAnswer(t, c, "ax")
	p.Hang()
	if got, err := ask(c, 100*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("while it hangs: %q %v", got, err)
	}
	p.Resume()
	if got, err := answer(c, 10*time.Second); err != nil || got != "ax" {
		t.Errorf("what waited is %q %v", got, err)
	}
}

func TestProxyDelays(t *testing.T) {
	p := StartProxy(t, echo(t, 'a'))
	c := dial(t, p.Addr)
	const least = 50 * time.Millisecond
	p.Delay(least, 2*least)
	start := time.Now()
	mustAnswer(t, c, "ax")
	if took := time.Since(start); took < least {
		t.Errorf("the answer took %v, want at least %v", took, least)
	}
}

func TestProxyRetargets(t *testing.T) {
	p := StartProxy(t, echo(t, 'a'))
	c := dial(t, p.Addr)
	mustAnswer(t, c, "ax")
	p.Retarget(echo(t, 'b'))
	if got, err := ask(c, 10*time.Second); err == nil {
		t.Errorf("the old connection answers %q", got)
	}
	mustAnswer(t, dial(t, p.Addr), "bx")
}
