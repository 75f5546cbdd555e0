package api

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for something that must happen.
const patience = 30 * time.Second

// clock is a ticker that a test drives.
type clock map[time.Duration]chan time.Time

func newClock() clock {
	return clock{readEvery: make(chan time.Time), keepAliveEvery: make(chan time.Time)}
}

func (c clock) at(d time.Duration) <-chan time.Time { return c[d] }

// tick makes a tick, which somebody must wait for.
func (c clock) tick(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case c[d] <- time.Time{}:
	case <-time.After(patience):
		t.Fatalf("nobody waits for the tick of %v", d)
	}
}

// happening is an event of a stream, or a comment, which has data alone.
type happening struct{ id, event, data string }

// client reads a stream.
type client struct {
	t      *testing.T
	status int
	header http.Header
	lines  *bufio.Scanner
	leave  func()
}

// watch opens a stream and reads its first comment.
func (s *shop) watch(query string, header ...string) *client {
	s.t.Helper()
	c := s.dial(http.DefaultTransport, query, header...)
	if h := c.next(); h.data != ": stream" || c.status != 200 || c.header.Get("Content-Type") != "text/event-stream" {
		s.t.Fatalf("the stream begins with %d %v %v", c.status, c.header, h)
	}
	return c
}

func (s *shop) dial(transport http.RoundTripper, query string, header ...string) *client {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/v1/stream?"+query, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	a, err := transport.RoundTrip(r) //nolint:bodyclose // leave closes it
	if err != nil {
		s.t.Fatal(err)
	}
	c := &client{s.t, a.StatusCode, a.Header, bufio.NewScanner(a.Body), func() { cancel(); a.Body.Close() }}
	s.t.Cleanup(c.leave)
	return c
}

// next returns the next event or comment, and the zero happening at the end.
func (c *client) next() (h happening) {
	c.t.Helper()
	for c.lines.Scan() {
		line := c.lines.Text()
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && h != happening{}:
			return h
		case name == "id":
			h.id = value
		case name == "event":
			h.event = value
		case name == "data":
			h.data = value
		default:
			h.data = line
		}
	}
	return h
}

// expect reads an event and checks its name and a part of its data.
func (c *client) expect(event, data string) happening {
	c.t.Helper()
	h := c.next()
	if h.event != event || !strings.Contains(h.data, data) {
		c.t.Fatalf("the stream has %v (%v), want %s with %s", h, c.lines.Err(), event, data)
	}
	return h
}

// TestStream checks that a stream has all signals first and then each change.
func TestStream(t *testing.T) {
	ticks := newClock()
	s := open(t, Options{tick: ticks.at})
	s.stock("12", "a/b", 4, 1)
	c := s.watch("store=12&product=z&product=a%2Fb&product=z")
	if h := c.expect("signal", `{"store_id":"12","product_id":"a/b","stock":{"on_hand":4,`); h.id != "" {
		t.Errorf("an event that is not the last of its frame has the id %s", h.id)
	}
	first := c.expect("signal", `{"store_id":"12","product_id":"z","stock":null,"velocity":null,"badges":[]}`)
	ticks.tick(t, readEvery) // nothing has changed
	s.velocity("12", "z", 5)
	ticks.tick(t, readEvery)
	if h := c.expect("signal", `"units_sold":5,`); h.id == first.id || h.id == "" {
		t.Errorf("the id of a change is %s after %s", h.id, first.id)
	}
	ticks.tick(t, keepAliveEvery)
	if h := c.next(); h.data != ": keep-alive" {
		t.Errorf("the stream has %v", h)
	}
	s.stock("12", "a/b", 3, 2)
	ticks.tick(t, readEvery)
	c.expect("signal", `"on_hand":3,`)
	// A stream of another list, of which one product is watched already.
	d := s.watch("store=12&product=z&product=new")
	d.expect("signal", `"product_id":"new"`)
	d.expect("signal", `"units_sold":5,`)
	for _, query := range []string{"", "product=", "product=x&store=1&store=2", "product=x&store=", "product=%zz",
		"product=x&store=global", "product=x%0A", "store=1", many(201)} {
		if a := s.do(http.MethodGet, "/v1/stream?"+query, ""); a.status != http.StatusBadRequest || !a.isProblem() {
			t.Errorf("%.80s: %d %s", query, a.status, a.body)
		}
	}
	if a := s.do(http.MethodHead, "/v1/stream?"+many(200), ""); a.status != http.StatusOK {
		t.Errorf("200 products: %d", a.status)
	}
}

// many returns a query with n products of the greatest length.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "&product=%s%02x", strings.Repeat("%E2%82%AC", 42), i)
	}
	return b.String()
}

// TestResume checks that a client that comes back, to this server or to another one, gets only what
// differs from what it has.
func TestResume(t *testing.T) {
	s := open(t, Options{tick: newClock().at})
	s.stock("", "a", 1, 1)
	s.stock("", "b", 1, 1)
	c := s.watch("product=a&product=b&product=none")
	c.expect("signal", `"product_id":"a"`)
	c.expect("signal", `"product_id":"b"`)
	id := c.expect("signal", `"product_id":"none"`).id
	other := s.watch("product=a&product=b&product=nothing")
	other.expect("signal", `"product_id":"a"`)
	other.expect("signal", `"product_id":"b"`)
	otherID := other.expect("signal", `"product_id":"nothing"`).id
	s.stock("", "b", 2, 2)
	fresh := *s
	fresh.api = New(s.api.options)
	fresh.Server = httptest.NewServer(fresh.api)
	defer fresh.Server.Close()
	defer fresh.api.Close()
	for _, c := range []*client{fresh.watch("product=b&product=a&product=none", "Last-Event-ID", id),
		fresh.watch("product=a&product=b&product=none&last_event_id=" + id)} {
		if h := c.expect("signal", `"product_id":"b","stock":{"on_hand":2`); h.id == "" || h.id == id {
			t.Errorf("the id is %q after %q", h.id, id)
		}
	}
	c = fresh.watch("product=a&product=b&product=none", "Last-Event-ID", otherID)
	c.expect("signal", `"product_id":"b"`)
	c.expect("signal", `"product_id":"none"`)
	for _, id := range []string{"", "0123456789abcdef-1", id[1:], id + "0", "x"} {
		c := fresh.watch("product=a&product=b&product=none", "Last-Event-ID", id)
		for _, product := range []string{"a", "b", "none"} {
			c.expect("signal", `"product_id":"`+product+`"`)
		}
	}
}

// awaitStreams waits until there are n streams.
func (s *shop) awaitStreams(n int) {
	s.t.Helper()
	await(s.t, "the number of streams", func() bool {
		s.api.hub.mu.Lock()
		defer s.api.hub.mu.Unlock()
		return s.api.hub.subscribers == n
	})
}

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// TestStreamOutage checks the events of an outage of Redis.
func TestStreamOutage(t *testing.T) {
	ticks := newClock()
	s := open(t, Options{tick: ticks.at})
	s.stock("", "a", 1, 1)
	c := s.watch("product=a")
	c.expect("signal", `"on_hand":1`)
	s.redis.Stop()
	for range 3 {
		ticks.tick(t, readEvery)
	}
	const detail = `{"detail":"the signals cannot be read from Redis now","status":503,`
	c.expect("problem", detail)
	d := s.watch("product=a&product=b") // begins in the outage
	d.expect("problem", detail)
	d.expect("signal", `"product_id":"a","stock":{"on_hand":1`) // the last that was read
	s.redis.Restart()
	s.stock("", "a", 2, 2)
	ticks.tick(t, readEvery)
	for _, c := range []*client{c, d} {
		c.expect("recovered", "{}")
		c.expect("signal", `"product_id":"a","stock":{"on_hand":2`)
	}
	d.expect("signal", `"product_id":"b"`)
}

// TestUnreadableKey checks that a key that cannot be read affects only the streams that watch it,
// and that these get their other products.
func TestUnreadableKey(t *testing.T) {
	ticks := newClock()
	s := open(t, Options{tick: ticks.at})
	rdb := s.redis.Client()
	s.stock("", "good", 1, 1)
	damage := func() {
		t.Helper()
		if err := rdb.Set(t.Context(), "velocity:global:bad:1hr", "no JSON", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	damage()
	bad := s.watch("product=good&product=bad")
	bad.expect("problem", "")
	bad.expect("signal", `"product_id":"good"`)
	good := s.watch("product=good")
	good.expect("signal", `"on_hand":1`)
	ticks.tick(t, readEvery)
	if err := rdb.Del(t.Context(), "velocity:global:bad:1hr").Err(); err != nil {
		t.Fatal(err)
	}
	ticks.tick(t, readEvery)
	bad.expect("recovered", "")
	bad.expect("signal", `"product_id":"bad"`)
	damage()
	s.stock("", "good", 2, 2)
	ticks.tick(t, readEvery)
	bad.expect("problem", "")
	for _, c := range []*client{bad, good} {
		c.expect("signal", `"product_id":"good","stock":{"on_hand":2`)
	}
}

// TestShutdown checks that the end of the server ends all streams, and that it refuses new ones.
func TestShutdown(t *testing.T) {
	s := open(t, Options{tick: newClock().at, MaxStreams: 1})
	c := s.watch("product=a")
	c.expect("signal", "")
	if a := s.do(http.MethodGet, "/v1/stream?product=a", ""); a.status != 503 || !a.isProblem() ||
		!strings.Contains(a.body, "there are 1 streams, which is the limit") || a.header.Get("Retry-After") == "" {
		t.Errorf("a stream too many is answered with %d %s", a.status, a.body)
	}
	s.api.Close()
	c.expect("end", `{"reason":"shutdown"}`)
	if h := c.next(); h != (happening{}) || c.lines.Err() != nil {
		t.Errorf("after the end comes %v, %v", h, c.lines.Err())
	}
	if a := s.do(http.MethodGet, "/v1/stream?product=a", ""); a.status != 503 || !a.isProblem() {
		t.Errorf("a stream after the end is answered with %d %s", a.status, a.body)
	}
}

// pipes is a listener whose connections have no buffer: a write waits for its reader.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error { close(p); return nil }
func (pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// TestSlowClient checks that a client that does not read is dropped, and that another one on the
// same list is not affected.
func TestSlowClient(t *testing.T) {
	ticks := newClock()
	s := open(t, Options{tick: ticks.at})
	listener := make(pipes)
	server := http.Server{Handler: s.api, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	slowOne := s.dial(&http.Transport{DisableCompression: true, ReadBufferSize: 16,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			listener <- theirs
			return ours, nil
		}}, "product=a")
	slowOne.next()
	c := s.watch("product=a")
	c.expect("signal", "")
	dropped := func() bool {
		return strings.Contains(s.do(http.MethodGet, "/metrics", "").body,
			"\nstreamlytics_api_streams_dropped_total{reason=\"slow\"} 1\n")
	}
	for version := int64(1); !dropped(); version++ {
		if version > 10*maxQueue {
			t.Fatal("the client is not dropped")
		}
		s.stock("", "a", version, version)
		ticks.tick(t, readEvery)
		c.expect("signal", "")
	}
	s.awaitStreams(1)
	for h := slowOne.next(); h.event != "end"; h = slowOne.next() {
		if h == (happening{}) {
			t.Fatalf("the stream ends without its reason: %v", slowOne.lines.Err())
		}
	}
	if h := slowOne.next(); h != (happening{}) {
		t.Errorf("after the end comes %v", h)
	}
}
