package api

import (
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// MaxScrapes is how many scrapes are answered at once. Others get 503, because one costs some
// milliseconds of CPU.
const MaxScrapes = 4

// Metrics returns a handler that answers scrapes of a registry.
func Metrics(registry *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(registry,
		promhttp.HandlerOpts{MaxRequestsInFlight: MaxScrapes, ErrorHandling: promhttp.HTTPErrorOnError})
}

// Answer returns a handler for probes. It answers well with status 200, or what is wrong with
// status 503.
func Answer(well string, wrong func() string) http.HandlerFunc {
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

// metrics counts what a server does.
type metrics struct {
	registry *prometheus.Registry
	seconds  *prometheus.HistogramVec // of requests, by route and code
	streams  prometheus.Gauge
	dropped  *prometheus.CounterVec // by reason
	reads    prometheus.Histogram
	failed   prometheus.Counter
}

func newMetrics() *metrics {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewBuildInfoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	buckets := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}
	add := promauto.With(registry)
	m := &metrics{
		registry: registry,
		seconds: add.NewHistogramVec(prometheus.HistogramOpts{Name: "streamlytics_api_request_seconds",
			Help: "Time to answer a request, by route and status code; of a stream when it ends.", Buckets: buckets},
			[]string{"route", "code"}),
		streams: add.NewGauge(prometheus.GaugeOpts{Name: "streamlytics_api_streams", Help: "Open streams."}),
		dropped: add.NewCounterVec(prometheus.CounterOpts{Name: "streamlytics_api_streams_dropped_total",
			Help: "Streams that the server ended, by reason: slow or shutdown."}, []string{"reason"}),
		reads: add.NewHistogram(prometheus.HistogramOpts{Name: "streamlytics_api_redis_read_seconds", Buckets: buckets,
			Help: "Time of a read of Redis, of up to 200 products."}),
		failed: add.NewCounter(prometheus.CounterOpts{Name: "streamlytics_api_redis_read_errors_total",
			Help: "Reads of Redis that failed."}),
	}
	m.dropped.WithLabelValues(slow)
	m.dropped.WithLabelValues(shutdown)
	return m
}
