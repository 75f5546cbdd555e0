package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	scrapesAtOnce = 4           // more are told to come again: one costs some milliseconds of a processor
	scrapesEndIn  = time.Second // how long answers under way may take when the pipeline ends
)

// scrapeServer answers /metrics, /healthz and /readyz over HTTP while a pipeline runs.
type scrapeServer struct {
	http   http.Server
	addr   string     // where it listens
	served chan error // gets the end of serving
}

// serveMetrics starts the server at --metrics_addr. Without that address there is none, which is nil.
func (p *Pipeline) serveMetrics() (*scrapeServer, error) {
	if p.options.MetricsAddr == "" {
		return nil, nil
	}
	listener, err := net.Listen("tcp", p.options.MetricsAddr)
	if err != nil {
		return nil, fmt.Errorf("--metrics_addr: %w", err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(newCollector(p.env, p.notReady), collectors.NewGoCollector(), collectors.NewBuildInfoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s := &scrapeServer{addr: listener.Addr().String(), served: make(chan error, 1)}
	s.http = http.Server{
		Handler:           scrapeHandler(registry, p.failed, p.notReady),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	go func() { s.served <- s.http.Serve(listener) }()
	p.notice("metrics at http://%s/metrics", s.addr)
	return s, nil
}

// stop closes the port, at once to new connections. Stopping a server that is nil does nothing.
func (s *scrapeServer) stop() error {
	if s == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), scrapesEndIn)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close() // answers that take too long are cut off
	}
	if err := <-s.served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve metrics at %s: %w", s.addr, err)
	}
	return nil
}

// scrapeHandler answers the three paths. failed and notReady say what is wrong, or nothing.
func scrapeHandler(registry *prometheus.Registry, failed, notReady func() string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: scrapesAtOnce, ErrorHandling: promhttp.HTTPErrorOnError}))
	mux.HandleFunc("GET /healthz", answer("ok", failed))
	mux.HandleFunc("GET /readyz", answer("ready", notReady))
	return mux
}

// answer says that all is well (200), or what is wrong (503).
func answer(well string, wrong func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if why := wrong(); why != "" {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, why)
			return
		}
		fmt.Fprintln(w, well)
	}
}
