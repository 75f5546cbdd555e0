// Package api serves signals over HTTP: single products, lists, and streams of changes. It only
// reads.
package api

import (
	_ "embed"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/beamlytics/streamlytics/serving"
)

// The limits of requests.
const (
	// MaxHeaderBytes is what the http.Server should take as its limit: a stream of maxPairs ids of
	// the greatest length, percent-encoded, takes 80 KB of the header.
	MaxHeaderBytes = 96 << 10

	maxPairs    = 200
	maxBody     = 64 << 10
	readTimeout = 2 * time.Second // of one read of Redis
	logEvery    = 5 * time.Second
	retryAfter  = "1" // seconds, while Redis cannot be read
)

// Options configure a Server.
type Options struct {
	Client     *serving.Client
	Origins    []string // the origins that browsers may read from, as https://shop.example, or *
	MaxStreams int      // streams at once
	// Ticker returns a channel that gets a value each d, and a function that stops it. Nil is
	// time.NewTicker.
	Ticker func(d time.Duration) (ticks <-chan time.Time, stop func())
}

// Server answers requests for signals. It is an http.Handler, safe for concurrent use.
type Server struct {
	options Options
	handler http.Handler
	metrics *metrics
	hub     *hub
	closing atomic.Bool

	failures failures
}

// New returns a server. It starts nothing: Redis is read while requests are answered and while
// there are streams.
func New(o Options) *Server {
	if o.Ticker == nil {
		o.Ticker = func(d time.Duration) (<-chan time.Time, func()) {
			t := time.NewTicker(d)
			return t.C, t.Stop
		}
	}
	s := &Server{options: o, metrics: newMetrics()}
	s.hub = newHub(s.read, o.Ticker, o.MaxStreams, s.metrics)
	s.handler = s.cors(s.routes())
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Close ends all streams, with the reason shutdown, and refuses new ones. Requests are still
// answered, and /readyz with 503. The caller then stops its http.Server. Another call does nothing.
func (s *Server) Close() {
	s.closing.Store(true)
	s.hub.close()
}

// Counts returns how many requests were answered, and how many events were sent in streams.
func (s *Server) Counts() (requests, events int64) {
	return s.metrics.answered.Load(), s.metrics.sent.Load()
}

// route is an endpoint. Its pattern has no method: each is reached by its method alone, a GET also
// by HEAD.
type route struct {
	method, pattern string
	handle          http.HandlerFunc
}

func (s *Server) list() []route {
	return []route{
		{http.MethodGet, "/v1/products/{product}", s.product},
		{http.MethodGet, "/v1/stores/{store}/products/{product}", s.product},
		{http.MethodPost, "/v1/signals", s.signals},
		{http.MethodGet, streamPattern, s.stream},
		{http.MethodGet, "/openapi.json", openAPI},
		{http.MethodGet, "/healthz", Answer("ok", func() string { return "" })},
		{http.MethodGet, "/readyz", Answer("ready", s.notReady)},
		{http.MethodGet, "/metrics", Metrics(s.metrics.registry).ServeHTTP},
	}
}

// routes returns a handler that finds the endpoint of a request, and answers with a problem if
// there is none.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.list() {
		mux.Handle(r.method+" "+r.pattern, s.metrics.observe(r.pattern, r.handle))
	}
	missing := s.metrics.observe("other", func(w http.ResponseWriter, r *http.Request) { noRoute(w, r, mux) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if _, pattern := mux.Handler(r); pattern == "" || !isPlain(r.URL.EscapedPath()) {
			missing.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// isPlain reports whether a path has neither an empty segment nor a dot segment. The mux redirects
// from one that has to another path, which would be that of another product.
func isPlain(path string) bool {
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

// noRoute answers a request for a path or method that mux does not have.
func noRoute(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) {
	unsent := discard{header: http.Header{}}
	if isPlain(r.URL.EscapedPath()) {
		mux.ServeHTTP(&unsent, r)
	}
	if unsent.status == http.StatusMethodNotAllowed {
		allow := unsent.header.Get("Allow")
		w.Header().Set("Allow", allow)
		Problem(w, http.StatusMethodNotAllowed, r.Method+" is not one of the methods of this path: "+allow)
		return
	}
	Problem(w, http.StatusNotFound, "there is nothing at this path; /openapi.json describes those that there are")
}

// discard keeps the header and the status of an answer that is not sent.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }

//go:embed openapi.json
var openAPIDocument []byte

func openAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(openAPIDocument) // an error means that the client is gone
}
