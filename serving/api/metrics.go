package api

import (
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
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
	requests *prometheus.CounterVec   // by route and code
	seconds  *prometheus.HistogramVec // by route
	streams  prometheus.Gauge
	dropped  *prometheus.CounterVec // by reason
	events   prometheus.Counter
	reads    prometheus.Histogram
	errors   prometheus.Counter

	answered, sent atomic.Int64 // requests and events, for Counts
}

func newMetrics() *metrics {
	const namespace = "streamlytics_api"
	buckets := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: "requests_total",
			Help: "Requests answered, by route and status code. A stream counts when it ends."},
			[]string{"route", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: "request_seconds",
			Help: "Time to answer a request, by route, without streams.", Buckets: buckets}, []string{"route"}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "streams",
			Help: "Open streams."}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: "streams_dropped_total",
			Help: "Streams that the server ended, by reason: slow or shutdown."}, []string{"reason"}),
		events: prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: "stream_events_total",
			Help: "Events written to streams."}),
		reads: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: "redis_read_seconds",
			Help: "Time of a read of Redis, of up to 200 products.", Buckets: buckets}),
		errors: prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: "redis_read_errors_total",
			Help: "Reads of Redis that failed."}),
	}
	m.dropped.WithLabelValues(slow)
	m.dropped.WithLabelValues(shutdown)
	m.registry.MustRegister(m.requests, m.seconds, m.streams, m.dropped, m.events, m.reads, m.errors,
		collectors.NewGoCollector(), collectors.NewBuildInfoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// read counts a read of Redis.
func (m *metrics) read(took time.Duration, err error) {
	m.reads.Observe(took.Seconds())
	if err != nil {
		m.errors.Inc()
	}
}

// send counts events written to a stream.
func (m *metrics) send(events int) {
	m.events.Add(float64(events))
	m.sent.Add(int64(events))
}

// observe returns a handler that counts the requests of a route.
func (m *metrics) observe(route string, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, answer := time.Now(), statusWriter{w, http.StatusOK}
		next(&answer, r)
		m.answered.Add(1)
		m.requests.WithLabelValues(route, strconv.Itoa(answer.status)).Inc()
		if route != streamPattern {
			m.seconds.WithLabelValues(route).Observe(time.Since(began).Seconds())
		}
	})
}

// statusWriter keeps the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the methods of the server's writer.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
