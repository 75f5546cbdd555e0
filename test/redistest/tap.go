package redistest

import (
	"bufio"
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"
)

// Tap stands between a program and a Redis server, passes everything on, and shows each command to a function first. So a test
// can do something at a moment that it would not hit by luck.
type Tap struct {
	// Addr is host:port, for the program to connect to.
	Addr string

	listener net.Listener
	server   string
	watch    func(command []string) Act
	tasks    sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

// Act is what to do about a command. The zero value does nothing: the command is passed on.
type Act struct {
	// Before is called while the command, and what comes after it on its connection, has not been passed on.
	Before func()
	// After is called when the command has been passed on to Redis, which executes it whatever becomes of the program. Its
	// reply, and those that come after it on its connection, are passed on when After has returned.
	After func()
	// Break ends the connection then, and what comes after the command on it never gets to Redis; nor does the command itself,
	// unless there is an After.
	Break bool
}

// StartTap starts a tap in front of a server, which may be stopped and started. watch gets the name and the arguments of each
// command; it is called by several connections at once. The tap ends with the test, if Close was not called before.
func StartTap(tb testing.TB, server *Server, watch func(command []string) Act) *Tap {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("listen for a tap: %v", err)
	}
	t := &Tap{Addr: listener.Addr().String(), listener: listener, server: server.Addr, watch: watch, conns: map[net.Conn]bool{}}
	t.tasks.Go(t.accept)
	tb.Cleanup(t.Close)
	return t
}

func (t *Tap) accept() {
	for {
		client, err := t.listener.Accept()
		if err != nil {
			return // closed
		}
		if t.keep(client) {
			t.tasks.Go(func() { t.serve(client) })
		}
	}
}

// keep remembers an open connection for Close. It closes it and returns false where that has been called.
func (t *Tap) keep(c net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		_ = c.Close()
		return false
	}
	t.conns[c] = true
	return true
}

func (t *Tap) drop(c net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.conns, c)
	_ = c.Close() // what it would say is that the other side went first
}

// Settle returns when all connections are gone, and with them all that was on its way: the programs have gone, and Redis has
// executed whatever they sent. It reports false when that takes longer than a timeout, as while Redis or a program hangs.
func (t *Tap) Settle(timeout time.Duration) bool {
	deadline := time.Now().Add(timeout)
	for {
		t.mu.Lock()
		n := len(t.conns)
		t.mu.Unlock()
		if n == 0 {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(time.Millisecond)
	}
}

// Close breaks all connections and listens no more. What watch uses must be there until it returns. Closing again does nothing.
func (t *Tap) Close() {
	t.mu.Lock()
	t.closed = true
	_ = t.listener.Close()
	for c := range t.conns {
		_ = c.Close()
	}
	t.mu.Unlock()
	t.tasks.Wait()
}

// serve passes on what a client and the server say to each other until one of them goes.
func (t *Tap) serve(client net.Conn) {
	defer t.drop(client)
	server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", t.server)
	if err != nil || !t.keep(server) {
		return // to the program this is a server that is not there
	}
	defer t.drop(server)
	var replies sync.Mutex // held while replies must not be passed on
	var done sync.WaitGroup
	done.Go(func() {
		defer client.Close()
		buffer := make([]byte, 32<<10)
		for {
			// Also when the client is gone: a connection that is closed with replies unread is reset, and Redis may then not
			// read what was sent to it before.
			n, err := server.Read(buffer)
			if err != nil {
				return
			}
			replies.Lock()
			_, _ = client.Write(buffer[:n]) // a client that is gone needs no reply
			replies.Unlock()
		}
	})
	_ = t.passOn(server, bufio.NewReader(client), &replies) // ends when one of them goes
	_ = server.(*net.TCPConn).CloseWrite()                  // Redis closes when it has read all
	done.Wait()
}

var errBroken = errors.New("the connection is to be broken")

func (t *Tap) passOn(server net.Conn, client *bufio.Reader, replies *sync.Mutex) error {
	for {
		raw, command, err := readCommand(client)
		if err != nil {
			return err
		}
		act := t.watch(command)
		if act.Before != nil {
			act.Before()
		}
		if act.Break && act.After == nil {
			return errBroken
		}
		if act.After != nil {
			replies.Lock()
		}
		_, err = server.Write(raw)
		if act.After != nil {
			act.After()
			replies.Unlock()
		}
		if err != nil {
			return err
		}
		if act.Break {
			return errBroken
		}
	}
}
