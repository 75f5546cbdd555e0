package rig

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// chunkBytes is how much is read at once. A longer reply is delayed in parts that follow each other
// closely.
const chunkBytes = 64 << 10

// dialTimeout bounds how long a client waits for a server that does not answer.
const dialTimeout = 10 * time.Second

// Proxy passes TCP connections on to a server, and can delay, hang and cut them. Toxiproxy and
// others do more, but bring an HTTP API, a router, a command line and Prometheus; a fault needs
// only this file.
//
// Its address is the same before Cut and after Mend. It is safe for concurrent use.
type Proxy struct {
	// Addr is the host:port that clients connect to.
	Addr string

	mu       sync.Mutex
	target   string
	listener net.Listener // nil while it is cut
	conns    map[net.Conn]struct{}
	passing  chan struct{} // closed while bytes pass, open during a Hang
	least    time.Duration // delay of what the server sends
	most     time.Duration
	tasks    sync.WaitGroup
}

// StartProxy starts a proxy for the server at target (host:port). It ends with the test.
func StartProxy(tb testing.TB, target string) *Proxy {
	tb.Helper()
	p := &Proxy{target: target, conns: map[net.Conn]struct{}{}, passing: make(chan struct{})}
	close(p.passing)
	if err := p.listen("127.0.0.1:0"); err != nil {
		tb.Fatal(err)
	}
	p.Addr = p.listener.Addr().String()
	tb.Cleanup(func() {
		p.Resume()
		p.Cut()
		p.tasks.Wait()
	})
	return p
}

func (p *Proxy) listen(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listener = l
	p.tasks.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // closed
			}
			p.tasks.Go(func() { p.serve(l, client) })
		}
	})
	return nil
}

// Cut breaks all connections and refuses new ones until Mend. Another Cut does nothing.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener == nil {
		return
	}
	p.listener.Close()
	p.listener = nil
	p.breakAll()
}

// breakAll breaks all connections. The lock must be held.
func (p *Proxy) breakAll() {
	for c := range p.conns {
		c.Close()
	}
}

// Retarget puts another server behind the address, as a failover does: all connections break, and
// new ones reach that server.
func (p *Proxy) Retarget(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
	p.breakAll()
}

// Mend ends a Cut. It returns an error if another process has taken the address and keeps it.
func (p *Proxy) Mend() error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := p.listen(p.Addr)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Hang keeps connections and lets no byte pass, until Resume.
func (p *Proxy) Hang() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.passing:
		p.passing = make(chan struct{})
	default: // it hangs already
	}
}

// Resume ends a Hang.
func (p *Proxy) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.passing:
	default:
		close(p.passing)
	}
}

// Delay delays what the server sends by a random time from least to most, and keeps its order.
// Zeros end it.
func (p *Proxy) Delay(least, most time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.least, p.most = least, max(least, most)
}

func (p *Proxy) serve(l net.Listener, client net.Conn) {
	defer client.Close()
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	server, err := new(net.Dialer).DialContext(ctx, "tcp", target)
	if err != nil {
		return // the client sees its connection closed
	}
	defer server.Close()
	if !p.keep(l, target, client, server) {
		return
	}
	defer p.forget(client, server)
	var both sync.WaitGroup
	both.Go(func() { p.pass(server, client, false) })
	both.Go(func() { p.pass(client, server, true) })
	both.Wait()
}

// keep registers a pair of connections that Cut and Retarget break. It returns false if one of
// these came first.
func (p *Proxy) keep(l net.Listener, target string, conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != l || p.target != target {
		return false
	}
	for _, c := range conns {
		p.conns[c] = struct{}{}
	}
	return true
}

func (p *Proxy) forget(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.conns, c)
	}
}

// parcel is a piece of a stream with its time of arrival.
type parcel struct {
	bytes []byte
	due   time.Time
}

// pass copies one direction until either end closes, and closes both. It continues to read while a
// piece waits, so that a delay adds to the time of a reply and not to that of each of its parts.
func (p *Proxy) pass(to io.WriteCloser, from io.ReadCloser, delayed bool) {
	parcels := make(chan parcel, 64)
	p.tasks.Go(func() {
		defer to.Close()
		defer from.Close()
		for x := range parcels {
			time.Sleep(time.Until(x.due))
			p.mu.Lock()
			passing := p.passing
			p.mu.Unlock()
			<-passing
			if _, err := to.Write(x.bytes); err != nil {
				break
			}
		}
		for range parcels { // until the reader stops
		}
	})
	defer close(parcels)
	for {
		buffer := make([]byte, chunkBytes)
		n, err := from.Read(buffer)
		if n > 0 {
			parcels <- parcel{buffer[:n], p.arrival(delayed)}
		}
		if err != nil {
			return
		}
	}
}

func (p *Proxy) arrival(delayed bool) time.Time {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !delayed || p.most == 0 {
		return now
	}
	return now.Add(p.least + rand.N(p.most-p.least+1))
}
