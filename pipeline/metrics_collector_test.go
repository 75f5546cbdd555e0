package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
)

// register returns a pipeline that does not run.
func register(t *testing.T) *Pipeline {
	t.Helper()
	env, err := process.Register(t.Name(), acks.New(10))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = env.Close() })
	return &Pipeline{env: env}
}

func gather(t *testing.T, p *Pipeline) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry() // holds what is collected against what is described
	registry.MustRegister(newCollector(p.env, p.notReady))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		if strings.HasSuffix(problem.Metric, "_ms") && strings.Contains(problem.Text, "abbreviated units") {
			continue // the units of the summary and of the Beam metrics, whose names these are
		}
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
	values := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := strings.TrimPrefix(f.GetName(), "streamlytics_")
			for _, l := range m.GetLabel() {
				name += "_" + strings.ToLower(l.GetValue())
			}
			values[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
			for _, b := range m.GetHistogram().GetBucket() {
				values[fmt.Sprintf("%s up to %g", name, b.GetUpperBound())] = float64(b.GetCumulativeCount())
			}
		}
	}
	return values
}

// TestCounters checks that every counter is exposed by its family and labels, with its value.
func TestCounters(t *testing.T) {
	p := register(t)
	for _, c := range metrics.Counters() {
		p.env.Metrics.Add(c, 100+int64(c))
	}
	values := gather(t, p)
	for _, c := range metrics.Counters() {
		s := c.Series()
		name := s.Family + "_total" + strings.TrimPrefix(c.String(), s.Family)
		if values[name] != float64(100+int64(c)) {
			t.Errorf("%s is %v, want %d", name, values[name], 100+int64(c))
		}
	}
}

func TestGaugesAndHistograms(t *testing.T) {
	p := register(t)
	m := p.env.Metrics
	for _, ms := range []int64{15, 16, 600, 600, 1 << 30} {
		m.StockLatency.Add(ms)
	}
	m.VelocityLatency.Add(2000)
	m.Lag.Store(7)
	m.VelocityPending.Store(3)
	m.LargestSnapshot.Store(70 << 20)
	m.RedisAway.Store(true)
	p.env.BeginRestore(5)
	p.env.Tracker.Open(make([]event.Message, 10), func() {})
	values := gather(t, p)
	for name, want := range map[string]float64{
		"stock_latency_ms up to 15": 1, "stock_latency_ms up to 23": 2, "stock_latency_ms up to 511": 2,
		"stock_latency_ms up to 767": 4, "stock_latency_ms up to 131071": 4,
		"velocity_latency_ms up to 1535": 0, "velocity_latency_ms up to 2047": 1,
		"lag_ms": 7, "velocity_pending": 3, "redis_up": 0, "restoring_keys": 5, "ready": 0,
		"outstanding_messages": 10, "backpressure": 1, "largest_snapshot_bytes": 70 << 20,
	} {
		if got, ok := values[name]; !ok || got != want {
			t.Errorf("%s is %v (%v), want %v", name, got, ok, want)
		}
	}
}
