package monitoring

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"testing"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"

	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/test/rig"
)

// TestThreeWaysToCount holds what the endpoint exposes, what the summary file says and what Beam's metrics have against each other
// and against what was published. Prism forgets what a bundle counted if another brings the same count for the first time just then
// (docs/RUNNERS.md), so a run of which it has counted too little, and only that, is made again, up to twice.
func TestThreeWaysToCount(t *testing.T) {
	const runs = 3
	for run := 1; ; run++ {
		prism, summary := countTwoWays(t)
		missing := missingInBeam(t, prism, summary)
		if len(missing) == 0 || t.Failed() {
			return
		}
		if run == runs {
			t.Fatalf("in each of %d runs, Beam's metrics lack something; in the last: %q", runs, missing)
		}
		t.Logf("run %d: Beam's metrics lack something: %q", run, missing)
	}
}

// countTwoWays has a program trade, lose Redis for a while, and end. It holds the endpoint against the summary and what was published.
func countTwoWays(t *testing.T) (*rig.Prism, metrics.Summary) {
	t.Helper()
	prism := rig.StartPrism(t)
	s := open(t, prism.Flag())
	s.trade()
	s.outage(func() bool { return scrape(t, s.url).value(t, "streamlytics_redis_retries_total") > 2 })
	s.await("velocity is written", func() bool {
		e := scrape(t, s.url)
		return e.value(t, "streamlytics_velocity_pending") == 0 && e.value(t, "streamlytics_velocity_latency_ms") > 0
	})
	s.await("acknowledgements are noted", func() bool {
		return scrape(t, s.url).value(t, "streamlytics_subscription_leased_messages") == 0
	})
	e := scrape(t, s.url)
	if err := s.program.Stop(patience); err != nil {
		t.Fatal(err)
	}
	summary, err := s.program.Summary()
	if err != nil {
		t.Fatal(err)
	}

	for _, c := range []struct {
		name    string
		labels  []string
		summary int64
		want    int64
	}{
		{"streamlytics_events_total", []string{"channel=POS", "type=SALE"}, summary.Events["POS"]["SALE"], 67},
		{"streamlytics_events_total", []string{"channel=ECOM", "type=VIEW"}, summary.Events["ECOM"]["VIEW"], 7},
		{"streamlytics_events_total", []string{"channel=WMS", "type=RESET"}, summary.Events["WMS"]["RESET"], 1},
		{"streamlytics_events_total", []string{"channel=FILE"}, 0, 0},
		{"streamlytics_ignored_total", nil, summary.Ignored, 2},
		{"streamlytics_refused_total", []string{"reason=BAD_JSON"}, summary.Refused["BAD_JSON"], 1},
		{"streamlytics_refused_total", []string{"reason=BAD_ID"}, summary.Refused["BAD_ID"], 1},
		{"streamlytics_refused_total", []string{"reason=UNKNOWN_TYPE"}, summary.Refused["UNKNOWN_TYPE"], 1},
		{"streamlytics_refused_total", []string{"reason=ID_REUSED"}, summary.Refused["ID_REUSED"], 1},
		{"streamlytics_refused_total", nil, 4, 4},
		{"streamlytics_duplicates_total", nil, summary.Duplicates, 20},
		{"streamlytics_dropped_by_barrier_total", nil, summary.DroppedByBarrier, 5},
		{"streamlytics_recomputed_total", nil, summary.Recomputed, 1},
		{"streamlytics_sales_never_counted_total", nil, summary.SalesNeverCounted, 41},
		{"streamlytics_redis_retries_total", nil, summary.RedisRetries, -1},
		{"streamlytics_acked_total", nil, summary.Acked, s.pubsub.Published()},
		{"streamlytics_subscription_acked_total", nil, summary.Acked, s.pubsub.Published()},
		{"streamlytics_subscription_pulled_total", []string{"channel=POS", "subscription=" + rig.Subscription("pos")}, 69, 69},
		{"streamlytics_outstanding_messages", nil, 0, 0},
		{"streamlytics_outstanding_bytes", nil, 0, 0},
		{"streamlytics_subscription_oldest_message_age_ms", nil, 0, 0},
		{"streamlytics_subscription_up", nil, 3, 3},
		{"streamlytics_subscription_errors_total", nil, 0, 0},
		{"streamlytics_restoring_keys", nil, 0, 0},
		{"streamlytics_backpressure", nil, 0, 0},
		{"streamlytics_redis_up", nil, 1, 1},
		{"streamlytics_ready", nil, 1, 1},
	} {
		got := int64(e.value(t, c.name, c.labels...))
		if got != c.summary || c.want >= 0 && got != c.want {
			t.Errorf("%s%v is %d; the summary says %d, and it should be %d", c.name, c.labels, got, c.summary, c.want)
		}
	}
	if writes := int64(e.value(t, "streamlytics_redis_writes_total")); writes == 0 || writes > summary.RedisWrites {
		t.Errorf("streamlytics_redis_writes_total is %d; at the end the summary says %d", writes, summary.RedisWrites)
	}
	if sum := e["streamlytics_stock_latency_ms"].GetMetric()[0].GetHistogram().GetSampleSum(); sum < float64(summary.LatencyMs.Max) {
		t.Errorf("all latencies are %v ms together, but the longest is %d ms", sum, summary.LatencyMs.Max)
	}
	return prism, summary
}

// missingInBeam holds the Beam metrics of a job that has ended against its summary, and returns what they have less of.
func missingInBeam(t *testing.T, prism *rig.Prism, summary metrics.Summary) (missing []string) {
	t.Helper()
	beam := beamMetrics(t, prism)
	want := map[string]int64{
		"ignored": summary.Ignored, "unreadable_prices": summary.UnreadablePrices, "duplicates": summary.Duplicates, "dropped_by_barrier": summary.DroppedByBarrier,
		"recomputed": summary.Recomputed, "redis_writes": summary.RedisWrites, "redis_retries": summary.RedisRetries,
		"redis_evicted_keys": summary.Runtime.RedisEvictedKeys, "sales_never_counted": summary.SalesNeverCounted,
		"image_misses": summary.Runtime.ImageMisses, "source_bundles": summary.Runtime.SourceBundles, "state_calls": summary.Runtime.StateCalls,
		"bigquery_rows": summary.Runtime.BigQueryRows, "bigquery_refusals": summary.Runtime.BigQueryRefusals, "bigquery_retries": summary.Runtime.BigQueryRetries,
	}
	for _, c := range metrics.Counters() {
		s := c.Series()
		switch s.Family {
		case "events":
			want[c.String()] = summary.Events[s.Labels[0].Value][s.Labels[1].Value]
		case "refused":
			want[c.String()] = summary.Refused[s.Labels[0].Value]
		}
		n, ok := want[c.String()]
		if !ok {
			t.Errorf("the summary has no %s", c)
		}
		switch got := beam[c.String()].count; {
		case got > n:
			t.Errorf("the Beam metric %s is %d, the summary says %d", c, got, n)
		case got < n:
			missing = append(missing, fmt.Sprintf("%s is %d, the summary says %d", c, got, n))
		}
	}
	for name, longest := range map[string]int64{metrics.StockLatencyMs: summary.LatencyMs.Max, metrics.VelocityLatencyMs: summary.Runtime.VelocityLatency.Max} {
		// The longest is of the outage, when Prism knows the metric.
		if d := beam[name]; d.count == 0 || d.longest != longest {
			t.Errorf("the Beam metric %s has %d values up to %d ms, the summary says %d ms", name, d.count, d.longest, longest)
		}
	}
	if _, ok := beam[metrics.LagMs]; !ok {
		t.Errorf("there is no Beam metric %s", metrics.LagMs)
	}
	return missing
}

// TestHealth asks a program that starts, loses Redis, gets it back and ends.
func TestHealth(t *testing.T) {
	s := open(t)
	answers := func(path string, status int, body string) func() bool {
		return func() bool {
			gotStatus, got, err := get(s.url + path)
			return err == nil && gotStatus == status && got == body+"\n"
		}
	}
	s.await("it is ready", answers("/readyz", http.StatusOK, "ready"))
	s.outage(answers("/readyz", http.StatusServiceUnavailable, "Redis does not answer"))
	if !answers("/healthz", http.StatusOK, "ok")() {
		t.Error("a program that waits for Redis is alive")
	}
	s.await("it is ready again", answers("/readyz", http.StatusOK, "ready"))
	if err := s.program.Stop(patience); err != nil {
		t.Fatal(err)
	}
	if status, body, err := get(s.url + "/healthz"); err == nil {
		t.Errorf("after its end the program answers %d %s", status, body)
	}
}

// beamMetric is a counter or a distribution, over all transforms.
type beamMetric struct{ count, longest int64 }

// beamMetrics asks a Prism for the metrics of its only job.
func beamMetrics(t *testing.T, prism *rig.Prism) map[string]beamMetric {
	t.Helper()
	jobs, job := prism.Job(t)
	answer, err := jobs.GetJobMetrics(t.Context(), &jobpb.GetJobMetricsRequest{JobId: job.GetJobId()})
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

// varints reads Beam's encoding of numbers, one after the other.
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
