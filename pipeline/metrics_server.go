package pipeline

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/beamlytics/streamlytics/serving/api"
	"github.com/beamlytics/streamlytics/sources/pubsub"
)

// serveMetrics answers /metrics, /healthz and /readyz at --metrics_addr while the pipeline runs. It
// returns nil when there is no address.
func (p *Pipeline) serveMetrics() (*httpServer, error) {
	if p.options.MetricsAddr == "" {
		return nil, nil
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(newCollector(p.env, p.notReady),
		collectors.NewGoCollector(), collectors.NewBuildInfoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s, err := serveHTTP("metrics_addr", p.options.MetricsAddr, metricsHandler(registry, p.failed, p.notReady))
	if err != nil {
		return nil, err
	}
	slog.Info("serving metrics at http://" + s.addr + "/metrics")
	return s, nil
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
