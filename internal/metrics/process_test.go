package metrics

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
)

// TestSummaryKeys checks the members of the summary file.
func TestSummaryKeys(t *testing.T) {
	b, err := json.Marshal(NewProcess(time.Now()).Summarize(0, time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(b, &object); err != nil {
		t.Fatal(err)
	}
	want := []string{"acked", "complete", "dropped_by_barrier", "duplicates", "events", "ignored", "ignored_by_name",
		"latency_ms", "recomputed", "redis_retries",
		"redis_writes", "refused", "runtime", "sales_never_counted", "unreadable_prices", "uptime_s"}
	if got := slices.Sorted(maps.Keys(object)); !slices.Equal(got, want) {
		t.Errorf("members are %v, want %v", got, want)
	}
	if string(object["events"]) != "{}" || string(object["refused"]) != "{}" {
		t.Errorf("without counts, events and refused are %s and %s, want empty objects", object["events"],
			object["refused"])
	}
	if string(object["latency_ms"]) != `{"p50":0,"p99":0,"max":0}` {
		t.Errorf("latency_ms is %s", object["latency_ms"])
	}
}

func TestSummarize(t *testing.T) {
	start := time.Now()
	p := NewProcess(start)
	p.Add(Events(event.POS, event.Sale), 3)
	p.Add(Events(event.ECOM, event.View), 4)
	p.Add(Events(event.ECOM, event.CartAdd), 5)
	p.Add(Refused(event.BadJSON), 2)
	p.Add(Refused(event.IDReused), 1)
	for i, c := range []Counter{Ignored, DroppedByBarrier, Duplicates, Recomputed, RedisWrites, RedisRetries} {
		p.Add(c, int64(10+i))
	}
	p.StockLatency.Add(7)
	s := p.Summarize(99, start.Add(1500*time.Millisecond))
	if got := s.Events; len(got) != 2 || got["POS"]["SALE"] != 3 || got["ECOM"]["VIEW"] != 4 ||
		got["ECOM"]["CART_ADD"] != 5 {
		t.Errorf("events: %v", got)
	}
	if got := s.Refused; len(got) != 2 || got["BAD_JSON"] != 2 || got["ID_REUSED"] != 1 {
		t.Errorf("refused: %v", got)
	}
	if got := []int64{s.Ignored, s.DroppedByBarrier, s.Duplicates, s.Recomputed, s.RedisWrites,
		s.RedisRetries}; !slices.Equal(got, []int64{10, 11, 12, 13, 14, 15}) {
		t.Errorf("counts: %v", got)
	}
	if s.Acked != 99 || s.UptimeS != 1.5 || s.LatencyMs != (Latency{7, 7, 7}) {
		t.Errorf("acked %d, uptime %v, latency %+v", s.Acked, s.UptimeS, s.LatencyMs)
	}
	if p.Decoded() != 12 || p.RefusedTotal() != 3 {
		t.Errorf("decoded %d, refused %d; want 12, 3", p.Decoded(), p.RefusedTotal())
	}
}

func TestBundleFlush(t *testing.T) {
	p := NewProcess(time.Now())
	var b Bundle
	b.Add(Duplicates, 2)
	b.Add(Duplicates, 3)
	b.Add(Refused(event.BadTime), 1)
	if p.Count(Duplicates) != 0 {
		t.Error("counted before the bundle was over")
	}
	b.Flush(t.Context(), p)
	b.Flush(t.Context(), p) // adds nothing
	if p.Count(Duplicates) != 5 || p.RefusedTotal() != 1 {
		t.Errorf("duplicates %d, refused %d; want 5, 1", p.Count(Duplicates), p.RefusedTotal())
	}
	b.Add(Duplicates, 1)
	if b.Flush(t.Context(), p); p.Count(Duplicates) != 6 {
		t.Errorf("duplicates %d after the next bundle, want 6", p.Count(Duplicates))
	}
}

func TestObserveStock(t *testing.T) {
	p := NewProcess(time.Now())
	ObserveStock(t.Context(), p, []int64{0, 0}, 1000)
	if p.Lag.Load() != 0 || p.StockLatency.Latency() != (Latency{}) {
		t.Errorf("events of unknown age are counted: lag %d, %+v", p.Lag.Load(), p.StockLatency.Latency())
	}
	ObserveStock(t.Context(), p, []int64{990, 0, 970, 995}, 1000)
	if p.Lag.Load() != 30 || p.StockLatency.Latency() != (Latency{P50: 10, P99: 30, Max: 30}) {
		t.Errorf("lag %d, latency %+v", p.Lag.Load(), p.StockLatency.Latency())
	}
}
