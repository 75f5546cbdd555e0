package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/test/truth"
)

// TestAgainstTruth drives the pipeline over Pub/Sub with a shuffled, repeated, late and partly
// invalid history in all formats, and compares Redis, the dead letters and the counts with the
// truth.
func TestAgainstTruth(t *testing.T) {
	for _, groups := range []int{64, 1, 0} {
		t.Run(fmt.Sprintf("key_groups=%d", groups), func(t *testing.T) {
			h := newHarness(t)
			h.options.KeyGroups = groups
			tr := newTrace(uint64(groups)+1, 6000, time.Now().Add(-time.Second))
			refused := map[string]int64{}
			for _, m := range tr.messages {
				h.publish(m.topic, []byte(m.data), m.attributes)
				for _, r := range m.refused {
					refused[string(r)]++
				}
			}
			summary := h.process()
			h.check(tr.events)
			if !maps.Equal(summary.Refused, refused) {
				t.Errorf("refused %v, want %v", summary.Refused, refused)
			}
			letters := map[string]int64{}
			for _, l := range h.deadLetters() {
				letters[string(l.Reason)]++
			}
			if !maps.Equal(letters, refused) {
				t.Errorf("dead letters %v, want %v", letters, refused)
			}
			if summary.Acked != h.published {
				t.Errorf("acked %d of %d", summary.Acked, h.published)
			}
			h.checkSummaryFile(summary.Acked)
		})
	}
}

// check compares all of Redis with the truth.
func (h *harness) check(events []truth.Event) {
	h.t.Helper()
	report, err := truth.NewLedger(events...).Check(context.Background(), h.redis, time.Now().UnixMilli())
	if err != nil || !report.OK() || report.Velocity.Keys == 0 {
		h.t.Errorf("%v %v %v", report, report.Total().Samples, err)
	}
}

func (h *harness) velocity(store, product string) (v truth.VelocitySignal, ok bool) {
	h.t.Helper()
	s, ok := h.get("velocity:" + store + ":" + product + ":1hr")
	if !ok {
		return v, false
	}
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		h.t.Fatalf("%s: %v", s, err)
	}
	return v, true
}

func (h *harness) checkSummaryFile(acked int64) {
	h.t.Helper()
	b, err := os.ReadFile(h.options.SummaryFile)
	if err != nil {
		h.t.Fatal(err)
	}
	var s map[string]any
	if err := json.Unmarshal(b, &s); err != nil {
		h.t.Fatal(err)
	}
	if s["acked"] != float64(acked) {
		h.t.Errorf("the summary file says acked %v, want %d", s["acked"], acked)
	}
}

// TestFilesAndPubSub reads gzip, CSV and JSON lines and a subscription at once, with the same
// events in both.
func TestFilesAndPubSub(t *testing.T) {
	h := newHarness(t)
	dir := t.TempDir()
	at := time.Now().Add(-time.Hour)
	var events []truth.Event
	var lines, csv strings.Builder
	csv.WriteString("event_id,store_id,sku,count,timestamp,type,counted_at\n")
	for i := range 300 {
		e := truth.Event{ID: fmt.Sprint("s", i), Type: "SALE", Store: "1", Product: fmt.Sprint(1 + i%7), Quantity: 1,
			OccurredAt: at.UnixMilli() + int64(i)}
		line := fmt.Sprintf(`{"event_id":%q,"type":"SALE","store_id":"1","product_id":%q,"quantity":1,`+
			`"occurred_at":%d}`, e.ID, e.Product, e.OccurredAt)
		lines.WriteString(line + "\n")
		if i%2 == 0 {
			h.publish("pos", []byte(line), nil)
		}
		c := truth.Event{ID: fmt.Sprint("c", i), Type: "RESET", Store: "1", Product: fmt.Sprint(1 + i%7),
			Quantity: int64(i), OccurredAt: e.OccurredAt}
		fmt.Fprintf(&csv, "%s,1,%s,%d,,RESET,%s\n", c.ID, c.Product, c.Quantity,
			time.UnixMilli(c.OccurredAt).UTC().Format(time.RFC3339Nano))
		events = append(events, e, c)
	}
	csv.WriteString("bad,1,1,many,2026-11-23T10:00:00Z,,\n")
	write(t, filepath.Join(dir, "events.jsonl.gz"), gzipped(t, lines.String()))
	write(t, filepath.Join(dir, "counts.csv"), csv.String())
	h.options.EventsFiles = filepath.Join(dir, "*.jsonl.gz")
	h.options.WMSFiles = filepath.Join(dir, "*.csv")
	r := h.start()
	until(t, "all is read", func() bool { return r.Summary().Acked == h.published+601 })
	s := r.stop()
	h.check(events)
	if s.Duplicates != 150 || s.Refused["BAD_FIELD"] != 1 {
		t.Errorf("summary %+v", s)
	}
	letters := h.deadLetters()
	if len(letters) != 1 || letters[0].Source != "FILE" || !strings.Contains(letters[0].Detail, "counts.csv:302") ||
		letters[0].MessageID != nil {
		t.Errorf("dead letters %+v", letters)
	}
}

// TestBoundedInput reads only files, and checks that the job ends with the velocity of the last
// event in Redis.
func TestBoundedInput(t *testing.T) {
	h := newHarness(t)
	h.options.POSSubscription, h.options.ECOMSubscription, h.options.WMSSubscription = "", "", ""
	tr := newTrace(5, 3000, time.Now().Add(-time.Second))
	var b strings.Builder
	for _, e := range tr.events {
		fmt.Fprintf(&b, `{"event_id":%q,"type":%q,"store_id":%q,"product_id":%q,"quantity":%d,"occurred_at":%d}`+"\n",
			e.ID, e.Type, e.Store, e.Product, e.Quantity, e.OccurredAt)
	}
	path := filepath.Join(t.TempDir(), "events.jsonl")
	write(t, path, b.String())
	h.options.EventsFiles = path
	if err := h.start().wait(); err != nil {
		t.Fatal(err)
	}
	h.check(tr.events)
	for _, table := range []rows.Table{rows.Events, rows.StockChanges, rows.VelocitySignals} {
		if countRows(t, h.options.WarehouseDir, table) == 0 {
			t.Errorf("no rows in %s", table)
		}
	}
	if n := countRows(t, h.options.WarehouseDir, rows.Events); n != len(tr.events) {
		t.Errorf("%d events in the warehouse, want %d", n, len(tr.events))
	}
}

// TestNewFiles writes a file into a folder that is watched.
func TestNewFiles(t *testing.T) {
	h := newHarness(t)
	dir := t.TempDir()
	h.options.WMSFiles, h.options.WMSFilesPoll = filepath.Join(dir, "*.csv"), 20*time.Millisecond
	r := h.start()
	const header = "event_id,store_id,product_id,count,timestamp\n"
	write(t, filepath.Join(dir, "a.csv"), header+"r1,1,p,5,2026-11-23T10:00:00Z\n")
	until(t, "the first file is in Redis", func() bool { v, _ := h.get("stock:1:p"); return v == "5" })
	write(t, filepath.Join(dir, "b.csv"), header+"r1,1,p,5,2026-11-23T10:00:00Z\nr2,1,p,2,2026-11-23T10:00:00Z\n")
	until(t, "the second file is in Redis", func() bool { v, _ := h.get("stock:1:p"); return v == "7" })
	r.stop()
}

// TestReusedID sends one id with different contents, of the same type and of others, on both
// branches.
func TestReusedID(t *testing.T) {
	h := newHarness(t)
	now := time.Now().UnixMilli()
	send := func(topic, typ string, q int) {
		h.publish(topic, fmt.Appendf(nil,
			`{"event_id":"x","type":%q,"store_id":"1","product_id":"p","quantity":%d,"occurred_at":%d}`, typ, q,
			now-1000), map[string]string{"k": "v"})
	}
	r := h.start()
	send("ecom", "VIEW", 1)
	until(t, "the first event counts", func() bool { v, _ := h.velocity("1", "p"); return v.Views1h == 1 })
	send("pos", "SALE", 3)
	send("wms", "RECEIPT", 3)
	send("ecom", "VIEW", 2)
	send("ecom", "VIEW", 1)
	until(t, "all is acknowledged", func() bool { acked, open := h.settled(); return acked == 5 && !open })
	s := r.stop()
	if s.Refused["ID_REUSED"] != 3 || s.Duplicates != 1 {
		t.Errorf("summary %+v", s)
	}
	if v, ok := h.get("stock:1:p"); ok {
		t.Errorf("a refused event made stock %s", v)
	}
	if v, _ := h.velocity("1", "p"); v.Views1h != 1 || v.Units1h != 0 {
		t.Errorf("velocity %+v", v)
	}
	letters := h.deadLetters()
	if len(letters) != 3 {
		t.Fatalf("%d dead letters", len(letters))
	}
	for _, l := range letters {
		if l.Reason != event.IDReused || l.Attributes["k"] != "v" || l.MessageID == nil ||
			!strings.Contains(string(l.Raw), `"event_id":"x"`) {
			t.Errorf("dead letter %+v", l)
		}
	}
}

// TestDecay checks that a burst leaves the hour without a new event: window, units and badge
// follow.
func TestDecay(t *testing.T) {
	if testing.Short() {
		t.Skip("an hour of the clock takes 12 s")
	}
	t.Parallel()
	h := newHarness(t)
	h.options.ClockOrigin, h.options.ClockSpeed = "2026-11-27T09:00:00Z", 300 // an hour in 12 s
	r := h.start()
	h.sell(r, 12, 0)
	var first truth.VelocitySignal
	until(t, "the burst is seen", func() (ok bool) {
		first, ok = h.velocity("global", "p")
		return ok && first.Units24h == 12
	})
	if first.Units1h != 12 || first.Window != "1h" || first.Badge == nil || *first.Badge != "HIGH_DEMAND" ||
		first.Message != "12 sold in last hour" {
		t.Errorf("burst: %+v", first)
	}
	var later truth.VelocitySignal
	until(t, "the burst leaves the hour", func() (ok bool) {
		later, ok = h.velocity("global", "p")
		return ok && later.Units1h == 0
	})
	if later.Window != "24h" || later.Units24h != 12 || later.Badge != nil ||
		later.Message != "12 sold in last 24 hours" {
		t.Errorf("after the hour: %+v", later)
	}
	r.stop()
	if n := countRows(t, h.options.WarehouseDir, rows.BadgeChanges); n != 4 {
		t.Errorf("%d badge changes archived, want on and off for the store and over all stores", n)
	}
}

// TestExpiry checks that the keys are deleted when the last event is 24 hours old.
func TestExpiry(t *testing.T) {
	if testing.Short() {
		t.Skip("an hour of the clock takes 12 s")
	}
	t.Parallel()
	h := newHarness(t)
	h.options.ClockOrigin, h.options.ClockSpeed = "2026-11-27T09:00:00Z", 300
	r := h.start()
	h.sell(r, 3, 23*time.Hour)
	until(t, "the sales are seen", func() bool { v, _ := h.velocity("global", "p"); return v.Units24h == 3 })
	until(t, "the keys are gone", func() bool {
		_, global := h.velocity("global", "p")
		_, store := h.velocity("1", "p")
		return !global && !store
	})
	if age := r.plan.clock.NowMs() - h.lastSale; age < 24*time.Hour.Milliseconds() {
		t.Errorf("the keys were gone %v after the last sale", time.Duration(age)*time.Millisecond)
	}
	r.stop()
}

// sell publishes n sales, a minute apart, the last of them ago before the pipeline's clock.
func (h *harness) sell(r *running, n int, ago time.Duration) {
	h.t.Helper()
	h.lastSale = r.plan.clock.NowMs() - ago.Milliseconds()
	for i := range n {
		h.publish("pos", fmt.Appendf(nil,
			`{"event_id":"%d","type":"SALE","store_id":"1","product_id":"p","quantity":1,"occurred_at":%d}`, i,
			h.lastSale-int64(i)*60_000), nil)
	}
}
