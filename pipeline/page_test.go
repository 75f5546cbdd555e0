package pipeline

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/serving/page"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// getPage reads JSON of the page of a running pipeline, and reports whether it is there.
func (r *running) getPage(path string, into any) bool {
	r.t.Helper()
	status, body := fetch(r.t, http.MethodGet, "http://"+r.PageAddr()+path)
	if status == http.StatusNotFound {
		return false
	}
	if err := json.Unmarshal([]byte(body), into); status != http.StatusOK || err != nil {
		r.t.Fatalf("%s: %d %v: %s", path, status, err, body)
	}
	return true
}

// productOnPage is a part of /page/product.
type productOnPage struct {
	Stores []struct {
		ID     string
		Points []struct {
			OnHand int64 `json:"on_hand"`
			Known  bool
		}
		Barriers []struct {
			Quantity   int64
			Late       bool
			Recomputed struct{ Sales, Units int64 }
		}
		Dropped []struct{ Quantity int64 }
	}
	Sales []struct{ Units int64 }
}

// changeOnPage is a part of a badge change in /page/badges.
type changeOnPage struct {
	Badge   string
	On      bool
	Verdict page.Verdict
}

// TestPage runs sales, a late count and a sale from before it through a pipeline without a
// warehouse, and compares what the page shows of them.
func TestPage(t *testing.T) {
	h := newHarness(t)
	h.options.UIAddr, h.options.WarehouseDir = "0", ""
	t.Chdir(t.TempDir()) // where dead letters go
	r := h.start()
	until(t, "the page is served", func() bool { return r.PageAddr() != "" })
	now := time.Now().UnixMilli()
	sale := func(id string, quantity, ago int64) rig.Message {
		return rig.Unified(truth.Event{ID: id, Type: "SALE", Store: "12", Product: "<555>", Quantity: quantity,
			OccurredAt: now - ago*60_000})
	}
	steps := [][]rig.Message{
		{sale("a", 2, 10), sale("b", 3, 2), {Channel: "pos", Data: []byte("\xff<script>")}},
		{rig.Unified(truth.Event{ID: "count", Type: "RESET", Store: "12", Product: "<555>", Quantity: 25,
			OccurredAt: now - 5*60_000})},
		{rig.Unified(truth.Event{ID: "low", Type: "RESET", Store: "12", Product: "low", Quantity: 3, OccurredAt: now}),
			rig.Unified(truth.Event{ID: "views", Type: "VIEW", Store: "12", Product: "low", Quantity: 100,
				OccurredAt: now})},
		{sale("c", 4, 6), sale("a", 2, 10)},
	}
	for _, step := range steps {
		h.publishAll(step...)
		h.settle(r)
	}
	var p productOnPage
	until(t, "the stock signals are in memory", func() bool {
		return r.getPage("/page/product?id=%3C555%3E", &p) && len(p.Stores) == 1 && len(p.Stores[0].Points) >= 2
	})
	s := p.Stores[0]
	if len(s.Barriers) != 1 || len(s.Dropped) != 1 || s.Dropped[0].Quantity != 4 {
		t.Fatalf("shown %+v", s)
	}
	if b := s.Barriers[0]; b.Quantity != 25 || !b.Late || b.Recomputed.Sales != 1 || b.Recomputed.Units != 3 {
		t.Errorf("the count is shown as %+v", b)
	}
	if last := s.Points[len(s.Points)-1]; last.OnHand != 22 || !last.Known {
		t.Errorf("the last stock is %+v", last)
	}
	if len(p.Sales) != 3 {
		t.Errorf("sales in %d minutes", len(p.Sales))
	}
	var badges struct{ Changes []changeOnPage }
	until(t, "both badges are on, in the store and in all", func() bool {
		return r.getPage("/page/badges", &badges) && len(badges.Changes) == 4
	})
	for _, c := range badges.Changes {
		result := c.Verdict.Result
		if result != "PROVEN" && (result != "IN_FLIGHT" || c.Badge != signal.HighDemand) || !c.On {
			t.Errorf("the badge change %+v", c)
		}
	}
	var letters struct {
		Total   int64
		Letters []struct {
			Reason string
			Raw    []byte
			Text   *string
		}
	}
	r.getPage("/page/deadletters", &letters)
	if l := letters.Letters; letters.Total != 1 || len(l) != 1 || string(l[0].Raw) != "\xff<script>" ||
		l[0].Text != nil {
		t.Errorf("dead letters %+v", letters)
	}
	var flow page.Flow
	r.getPage("/page/flow", &flow)
	if flow.Events != 7 || flow.DroppedByBarrier != 1 || flow.Recomputed != 1 || flow.Duplicates != 1 ||
		flow.RefusedTotal != 1 || flow.State != "ok" || flow.StockSignals == 0 ||
		flow.BadgeChanges != 4 || flow.ArchiveRows != nil {
		t.Errorf("flow %+v", flow)
	}
	r.stop()
}

// TestRecentLatency checks over which time a latency is measured.
func TestRecentLatency(t *testing.T) {
	var h metrics.Histogram
	var l recentLatency
	start := time.Now()
	at := func(after time.Duration) *page.Latency { return l.at(start.Add(after), h.Snapshot()) }
	h.Add(1000)
	if got := at(0); got != nil {
		t.Errorf("the first look has a latency: %+v", got)
	}
	h.Add(8)
	if got := at(time.Second); got == nil || *got != (page.Latency{P50: 8, P99: 8}) {
		t.Errorf("after a second: %+v", got)
	}
	h.Add(16)
	for s := range 20 {
		got := at(time.Duration(s) * time.Second)
		if s < 5 && (got == nil || got.P99 < 16) || s > 10 && got != nil {
			t.Errorf("%d s after the last event: %+v", s, got)
		}
	}
	h.Add(32)
	if got := at(60 * time.Second); got != nil {
		t.Errorf("the first look after a pause has a latency: %+v", got)
	}
}
