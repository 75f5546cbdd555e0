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

// Tap is between a program and a Redis server, passes everything on, and calls a function with each
// command before. A test can so act at a moment that it would otherwise hit only by luck.
type Tap struct {
	// Addr is the host:port that the program connects to.
	Addr string

	listener net.Listener
	server   string
	watch    func(command []string) Act
	tasks    sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

// Act is what to do on a command. The zero value passes the command on.
type Act struct {
	// Before is called before the command, and what follows it on its connection, is passed on.
	Before func()
	// After is called when the command has been passed on to Redis, which executes it even if the
	// program ends. Its reply, and later ones on its connection, are passed on after After has
	// returned.
	After func()
	// Break then breaks the connection. What follows the command on it never reaches Redis, nor
	// does the command itself if there is no After.
	Break bool
}

// StartTap starts a tap in front of a server, which may be stopped and started. watch gets the name
// and the arguments of each command; several connections call it at the same time. The tap ends
// with the test, if not by Close before.
func StartTap(tb testing.TB, server *Server, watch func(command []string) Act) *Tap {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("listen for a tap: %v", err)
	}
	t := &Tap{
		Addr: listener.Addr().String(), listener: listener, server: server.Addr, watch: watch,
		conns: map[net.Conn]bool{},
	}
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

// keep registers an open connection for Close. If the tap is closed, it closes the connection and
// returns false.
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
	_ = c.Close() // an error means that the other side has closed it
}

// Settle waits until all connections are closed and nothing is in transit any more: the programs
// have ended, and Redis has executed everything that they sent. It returns false if that takes
// longer than timeout, as when Redis or a program hangs.
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

// Close breaks all connections and stops listening. watch may be called until it returns. Another
// call does nothing.
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

// serve passes on the bytes between a client and the server until one of them closes its
// connection.
func (t *Tap) serve(client net.Conn) {
	defer t.drop(client)
	server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", t.server)
	if err != nil || !t.keep(server) {
		return // the program sees an unreachable server
	}
	defer t.drop(server)
	var replies sync.Mutex // held while replies must not be passed on
	var done sync.WaitGroup
	done.Go(func() {
		defer client.Close()
		buffer := make([]byte, 32<<10)
		for {
			// It reads on after the client is gone: a connection that is closed with unread replies
			// is reset, and Redis may then not read what was sent before.
			n, err := server.Read(buffer)
			if err != nil {
				return
			}
			replies.Lock()
			_, _ = client.Write(buffer[:n]) // a client that is gone needs no reply
			replies.Unlock()
		}
	})
	_ = t.passOn(server, bufio.NewReader(client), &replies) // ends when one of them closes
	_ = server.(*net.TCPConn).CloseWrite()                  // Redis closes when it has read everything
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
