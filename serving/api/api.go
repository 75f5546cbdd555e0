// Package api serves signals over HTTP: single products, lists, and streams of changes. It only
// reads.
package api

import (
	"net/http"
	"path"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/beamlytics/streamlytics/serving"
)

// The limits of requests.
const (
	// MaxHeaderBytes is what the http.Server should take as its limit: a stream of maxPairs ids of
	// the greatest length, percent-encoded, takes 80 KB of the header.
	MaxHeaderBytes = 96 << 10

	maxPairs = 200
	maxBody  = 64 << 10
)

// Options configure a Server.
type Options struct {
	Client     *serving.Client
	Origins    []string // the origins that browsers may read from, as https://shop.example, or *
	MaxStreams int      // streams at once

	tick func(time.Duration) <-chan time.Time // nil is time.Tick
}

// Server answers requests for signals. It is an http.Handler, safe for concurrent use.
type Server struct {
	http.Handler
	options Options
	metrics *metrics
	hub     *hub
	logged  atomic.Int64 // when a failure was logged last, in nanoseconds
}

// New returns a server, which the caller closes. Redis is read while requests are answered and
// while there are streams.
func New(o Options) *Server {
	if o.tick == nil {
		o.tick = time.Tick
	}
	s := &Server{options: o, metrics: newMetrics()}
	s.hub = newHub(s.read, o.MaxStreams, s.metrics)
	go s.hub.run(o.tick(readEvery))
	s.Handler = cors(o.Origins, s.routes())
	return s
}

// Close ends all streams, with the reason shutdown, and refuses new ones. Requests are still
// answered, and /readyz with 503. The caller then stops its http.Server. Another call does nothing.
func (s *Server) Close() { s.hub.close() }

// endpoint is a path, which is reached by its method alone, a GET also by HEAD.
type endpoint struct {
	method, path string
	handle       http.HandlerFunc
}

func (s *Server) endpoints() []endpoint {
	return []endpoint{
		{http.MethodGet, "/v1/products/{product}", s.product},
		{http.MethodGet, "/v1/stores/{store}/products/{product}", s.product},
		{http.MethodPost, "/v1/signals", s.signals},
		{http.MethodGet, "/v1/stream", s.stream},
		{http.MethodGet, "/openapi.json", openAPI},
		{http.MethodGet, "/healthz", Answer("ok", func() string { return "" })},
		{http.MethodGet, "/readyz", Answer("ready", s.NotReady)},
		{http.MethodGet, "/metrics", Metrics(s.metrics.registry).ServeHTTP},
	}
}

// routes returns a handler that finds the endpoint of a request, and answers with a problem if
// there is none.
func (s *Server) routes() http.Handler {
	timed := func(route string, handler http.HandlerFunc) http.Handler {
		seconds := s.metrics.seconds.MustCurryWith(prometheus.Labels{"route": route})
		return promhttp.InstrumentHandlerDuration(seconds, handler)
	}
	mux := http.NewServeMux()
	for _, e := range s.endpoints() {
		mux.Handle(e.method+" "+e.path, timed(e.path, e.handle))
		mux.Handle(e.path, timed(e.path, notAllowed(e.method)))
	}
	missing := timed("other", func(w http.ResponseWriter, _ *http.Request) {
		Problem(w, http.StatusNotFound, "there is nothing at this path; /openapi.json describes those that there are")
	})
	mux.Handle("/", missing)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if p := r.URL.EscapedPath(); path.Clean(p) != p { // the mux would redirect to another product
			missing.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// notAllowed returns a handler for the other methods of a path.
func notAllowed(method string) http.HandlerFunc {
	if method == http.MethodGet {
		method = "GET, HEAD"
	}
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", method)
		Problem(w, http.StatusMethodNotAllowed, r.Method+" is not one of the methods of this path: "+method)
	}
}
