package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/beamlytics/streamlytics/serving/api"
	"github.com/beamlytics/streamlytics/sources/pubsub"
)

// scrapesEndIn bounds the time of answers in progress when the pipeline ends.
const scrapesEndIn = time.Second

// metricsServer answers /metrics, /healthz and /readyz over HTTP while a pipeline runs.
type metricsServer struct {
	http   http.Server
	addr   string     // where it listens
	served chan error // gets the result of http.Server.Serve
}

// serveMetrics starts the server at --metrics_addr. It returns nil when there is no address.
func (p *Pipeline) serveMetrics() (*metricsServer, error) {
	if p.options.MetricsAddr == "" {
		return nil, nil
	}
	listener, err := net.Listen("tcp", p.options.MetricsAddr)
	if err != nil {
		return nil, fmt.Errorf("--metrics_addr: %w", err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(newCollector(p.env, p.notReady),
		collectors.NewGoCollector(), collectors.NewBuildInfoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s := &metricsServer{addr: listener.Addr().String(), served: make(chan error, 1)}
	s.http = http.Server{
		Handler:           metricsHandler(registry, p.failed, p.notReady),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	go func() { s.served <- s.http.Serve(listener) }()
	slog.Info("serving metrics at http://" + s.addr + "/metrics")
	return s, nil
}

// stop closes the port and waits for answers in progress, up to scrapesEndIn. It does nothing to a
// nil server.
func (s *metricsServer) stop() error {
	if s == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), scrapesEndIn)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close() // cuts off answers that take too long
	}
	if err := <-s.served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve metrics at %s: %w", s.addr, err)
	}
	return nil
}

// metricsHandler answers the three paths. failed and notReady return what is wrong, or nothing.
func metricsHandler(registry *prometheus.Registry, failed, notReady func() string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", api.Metrics(registry))
	mux.HandleFunc("GET /healthz", api.Answer("ok", failed))
	mux.HandleFunc("GET /readyz", api.Answer("ready", notReady))
	return mux
}

// failed returns a text when the pipeline cannot go on, or nothing. The text is for everyone on the
// network, so it does not contain the error.
func (p *Pipeline) failed() string {
	if p.env.Err() != nil {
		return "the pipeline has failed; its log has the error"
	}
	return ""
}

// notReady returns why messages cannot be taken to their end now, one reason a line, or nothing.
// The text is for everyone on the network: it names subscriptions and contains no error of a
// service.
func (p *Pipeline) notReady() string {
	if why := p.failed(); why != "" {
		return why
	}
	if !p.begun.Load() {
		return "starting"
	}
	var why []string
	if p.env.Stopping() {
		why = append(why, "draining")
	}
	if n := p.env.RestoringKeys(); n > 0 {
		why = append(why, fmt.Sprintf("restoring state: %d keys are left", n))
	}
	if p.env.Metrics.RedisAway.Load() {
		why = append(why, "Redis does not answer")
	}
	if !p.env.Stopping() {
		why = append(why, p.unreachable()...)
	}
	return strings.Join(why, "\n")
}

// unreachable returns a line for each subscription that cannot be pulled from now.
func (p *Pipeline) unreachable() (why []string) {
	problems := map[string]string{}
	for _, s := range p.plan.subscriptions {
		problems[s.Name] = "not opened yet"
	}
	for _, f := range pubsub.SubscriptionsOf(p.env).Flows() {
		problems[f.Subscription] = f.Reach.Problem
	}
	for _, s := range p.plan.subscriptions {
		if problem := problems[s.Name]; problem != "" {
			why = append(why, fmt.Sprintf("%s cannot be pulled from: %s", s.Name, problem))
		}
	}
	return why
}
