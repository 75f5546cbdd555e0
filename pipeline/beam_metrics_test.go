package pipeline

import (
	"encoding/binary"
	"fmt"
	"testing"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"

	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/test/rig"
)

// TestBeamMetrics compares the Beam metrics of a job with its summary. Prism loses what a bundle
// counted when another one brings the same metric for the first time in the same millisecond
// (docs/DESIGN.md), so a run whose metrics are too small is repeated, up to twice.
func TestBeamMetrics(t *testing.T) {
	const runs = 3
	for run := 1; ; run++ {
		summary, beam := beamRun(t)
		missing := missingInBeam(t, summary, beam)
		if len(missing) == 0 || t.Failed() {
			return
		}
		if run == runs {
			t.Fatalf("in each of %d runs, Beam's metrics are too small; in the last: %q", runs, missing)
		}
		t.Logf("run %d: Beam's metrics are too small: %q", run, missing)
	}
}

// beamRun runs a pipeline through an outage of Redis and returns its counts, twice.
func beamRun(t *testing.T) (metrics.Summary, map[string]beamMetric) {
	t.Helper()
	h := newHarness(t)
	proxy := rig.StartProxy(t, h.options.Redis.Addrs)
	h.options.Redis.Addrs = proxy.Addr
	r := h.start()
	trace, _ := randomHistory(1, 2000)
	h.publishAll(trace.Part(0, 2)...)
	h.settle(r)
	proxy.Cut()
	h.publishAll(trace.Part(1, 2)...)
	until(t, "writing is tried again", func() bool { return r.Summary().RedisRetries > 2 })
	if err := proxy.Mend(); err != nil {
		t.Fatal(err)
	}
	h.settle(r)
	until(t, "velocity is written", func() bool {
		return r.env.Metrics.VelocityPending.Load() == 0 && r.env.Metrics.VelocityLatency.Latency().Max > 0
	})
	summary := r.stop()
	summary.Runtime = r.env.Metrics.Runtime()
	return summary, newestJob(t)
}

// missingInBeam returns what Beam's metrics have less of than the summary. More is an error.
func missingInBeam(t *testing.T, summary metrics.Summary, beam map[string]beamMetric) (missing []string) {
	t.Helper()
	s, run := summary, summary.Runtime
	want := map[string]int64{
		"ignored": s.Ignored, "unreadable_prices": s.UnreadablePrices, "duplicates": s.Duplicates,
		"dropped_by_barrier": s.DroppedByBarrier, "recomputed": s.Recomputed, "redis_writes": s.RedisWrites,
		"redis_retries": s.RedisRetries, "redis_evicted_keys": run.RedisEvictedKeys,
		"sales_never_counted": s.SalesNeverCounted, "image_misses": run.ImageMisses,
		"state_calls": run.StateCalls, "bigquery_rows": run.BigQueryRows,
		"bigquery_refusals": run.BigQueryRefusals, "bigquery_retries": run.BigQueryRetries,
	}
	for _, c := range metrics.Counters() {
		series := c.Series()
		switch series.Family {
		case "events":
			want[c.String()] = s.Events[series.Labels[0].Value][series.Labels[1].Value]
		case "refused":
			want[c.String()] = s.Refused[series.Labels[0].Value]
		}
		n, ok := want[c.String()]
		if !ok {
			t.Errorf("the summary has no %s", c)
		}
		switch got := beam[c.String()].count; {
		case got > n:
			t.Errorf("the Beam metric %s is %d, in the summary it is %d", c, got, n)
		case got < n:
			missing = append(missing, fmt.Sprintf("%s is %d, in the summary it is %d", c, got, n))
		}
	}
	for name, longest := range map[string]int64{
		metrics.StockLatencyMs: s.LatencyMs.Max, metrics.VelocityLatencyMs: run.VelocityLatency.Max,
	} {
		// The longest is of the outage, when Prism has the metric already.
		if d := beam[name]; d.count == 0 || d.longest != longest {
			t.Errorf("the Beam metric %s has %d values up to %d ms, the summary has %d ms", name,
				d.count, d.longest, longest)
		}
	}
	if _, ok := beam[metrics.LagMs]; !ok {
		t.Errorf("there is no Beam metric %s", metrics.LagMs)
	}
	return missing
}

// beamMetric is a counter or a distribution, over all transforms.
type beamMetric struct{ count, longest int64 }

// newestJob returns the metrics of the newest job of this process's Prism.
func newestJob(t *testing.T) map[string]beamMetric {
	t.Helper()
	jobs, err := prismJobs()
	if err != nil {
		t.Fatal(err)
	}
	all, err := jobs.GetJobs(t.Context(), &jobpb.GetJobsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	newest := ""
	for _, job := range all.GetJobInfo() {
		newest = max(newest, job.GetJobId()) // job-001[...
	}
	answer, err := jobs.GetJobMetrics(t.Context(), &jobpb.GetJobMetricsRequest{JobId: newest})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]beamMetric{}
	for _, info := range answer.GetMetrics().GetCommitted() {
		if info.GetLabels()["NAMESPACE"] != metrics.Namespace {
			continue
		}
		name := info.GetLabels()["NAME"]
		m := found[name]
		numbers := varints(t, info.GetPayload())
		switch info.GetUrn() {
		case "beam:metric:user:sum_int64:v1":
			m.count += numbers[0]
		case "beam:metric:user:distribution_int64:v1": // count, sum, least, greatest
			m.count += numbers[0]
			m.longest = max(m.longest, numbers[3])
		case "beam:metric:user:latest_int64:v1":
		default:
			t.Errorf("%s is a %s", name, info.GetUrn())
		}
		found[name] = m
	}
	return found
}

// varints decodes Beam's encoding of numbers, one after the other.
func varints(t *testing.T, b []byte) (numbers []int64) {
	t.Helper()
	for len(b) > 0 {
		n, size := binary.Uvarint(b)
		if size <= 0 {
			t.Fatalf("%x begins with no number", b)
		}
		numbers, b = append(numbers, int64(n)), b[size:]
	}
	return numbers
}
