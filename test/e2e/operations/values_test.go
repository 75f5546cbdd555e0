package operations

import (
	"net/http"
	"testing"

	"github.com/beamlytics/streamlytics/test/rig"
)

// answers reports whether a path of the program has an answer.
func (s *shop) answers(path string, status int, body string) bool {
	gotStatus, got, err := rig.Get(s.url + path)
	return err == nil && gotStatus == status && got == body+"\n"
}

// TestCounts compares what the endpoint exposes, the summary file and what was published, of a program
// that loses Redis for a while. The program is alive meanwhile, and not ready. All that dashboard, alert
// rules and documents name is exposed.
func TestCounts(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.trade()
	s.outage(func() bool {
		return scrape(t, s.url).value(t, "streamlytics_redis_retries_total") > 2 &&
			s.answers("/readyz", http.StatusServiceUnavailable, "Redis does not answer") && s.answers("/healthz", http.StatusOK, "ok")
	})
	s.await("it is ready again", func() bool { return s.answers("/readyz", http.StatusOK, "ready") })
	s.await("velocity is written", func() bool {
		e := scrape(t, s.url)
		return e.value(t, "streamlytics_velocity_pending") == 0 && e.value(t, "streamlytics_velocity_latency_ms") > 0
	})
	s.await("acknowledgements are noted", func() bool {
		return scrape(t, s.url).value(t, "streamlytics_subscription_leased_messages") == 0
	})
	e := scrape(t, s.url)
	watchedExists(t, e)
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
			t.Errorf("%s%v is %d; in the summary it is %d, and it should be %d", c.name, c.labels, got, c.summary, c.want)
		}
	}
	if writes := int64(e.value(t, "streamlytics_redis_writes_total")); writes == 0 || writes > summary.RedisWrites {
		t.Errorf("streamlytics_redis_writes_total is %d; at the end it is %d in the summary", writes, summary.RedisWrites)
	}
	if sum := e["streamlytics_stock_latency_ms"].GetMetric()[0].GetHistogram().GetSampleSum(); sum < float64(summary.LatencyMs.Max) {
		t.Errorf("all latencies are %v ms together, but the longest is %d ms", sum, summary.LatencyMs.Max)
	}
}
