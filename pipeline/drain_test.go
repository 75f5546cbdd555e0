package pipeline

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sources/files"
	"github.com/beamlytics/streamlytics/test/rig"
)

// saleLines returns n unified sales.
func saleLines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"event_id":"%d","type":"SALE","store_id":"1","product_id":"1","quantity":1,`+
			`"occurred_at":%d}`+"\n", i, time.Now().UnixMilli())
	}
	return b.String()
}

// TestFilesBesideSubscriptions checks that the summary is complete when the files are done, while
// the pipeline goes on with its subscriptions.
func TestFilesBesideSubscriptions(t *testing.T) {
	h := newHarness(t)
	h.options.EventsFiles = filepath.Join(t.TempDir(), "events.jsonl")
	write(t, h.options.EventsFiles, saleLines(20_000))
	r := h.start()
	if r.Summary().Complete {
		t.Error("the summary is complete before the files are read")
	}
	until(t, "the files are done", func() bool {
		complete, acked := r.Summary().Complete, r.env.Tracker.Acked()
		if complete && acked < 20_000 {
			t.Fatalf("the summary is complete with %d lines done", acked)
		}
		return complete
	})
	if !r.stop().Complete {
		t.Error("the summary is not complete after the drain")
	}
}

// TestProgressNotices checks that a run over files writes lines of progress to Notices when there
// is no terminal.
func TestProgressNotices(t *testing.T) {
	h := newHarness(t)
	h.options.POSSubscription, h.options.ECOMSubscription, h.options.WMSSubscription = "", "", ""
	h.options.EventsFiles = filepath.Join(t.TempDir(), "events.jsonl")
	write(t, h.options.EventsFiles, saleLines(30_000))
	h.options.OutstandingEvents = 2000
	slow := rig.StartProxy(t, h.options.RedisAddrs) // so that seconds are left
	slow.Delay(100*time.Millisecond, 100*time.Millisecond)
	h.options.RedisAddrs = slow.Addr
	p, err := New(t.Context(), h.options)
	if err != nil {
		t.Fatal(err)
	}
	said := &rig.LogBuffer{}
	p.Notices, p.noticeEvery = said, 5*time.Millisecond
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.String(), "% of ") || !strings.Contains(said.String(), " events/s, ") ||
		!strings.Contains(said.String(), " left\n") {
		t.Errorf("it said\n%s", said)
	}
	if !strings.Contains(p.Closing(), "100% of ") {
		t.Errorf("it closes with %s", p.Closing())
	}
}

func TestHowFar(t *testing.T) {
	p := register(t)
	p.progress = files.ProgressOf(p.env)
	p.plan.files = []files.File{{Path: "a.jsonl", Format: event.FormatUnified, Size: 2500}}
	if got := p.howFar(); got != "0 B read (0 of 1 files)" {
		t.Errorf("before the size is known: %s", got)
	}
	p.progress.Measure(p.plan.files)
	if got := p.howFar(); got != "0% of 2.5 kB read (0 of 1 files)" {
		t.Errorf("with its size: %s", got)
	}
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 1_234_567: "1.2 MB",
		5_000_000_000: "5.0 GB", 7_000_000_000_000: "7.0 TB"} {
		if got := bytesOf(n); got != want {
			t.Errorf("%d bytes are %s, want %s", n, got, want)
		}
	}
}

// TestDrain stops a pipeline in the middle of a backlog, and checks that every message is either
// finished or given back.
func TestDrain(t *testing.T) {
	h := newHarness(t)
	now := time.Now().UnixMilli()
	for i := range 40_000 {
		h.publish("pos", fmt.Appendf(nil,
			`{"event_id":"%d","type":"SALE","store_id":"%d","product_id":"p","quantity":1,"occurred_at":%d}`, i, i%50,
			now), nil)
	}
	r := h.start()
	until(t, "some is acknowledged", func() bool { acked, _ := h.settled(); return acked > 0 })
	s := r.stop()
	stats, err := h.server.Stats("projects/p/subscriptions/pos")
	if err != nil {
		t.Fatal(err)
	}
	if stats.Acked != s.Acked || stats.Leased > 1000 { // one pull may have been answered while it was cancelled
		t.Errorf("stats %+v, the pipeline finished %d", stats, s.Acked)
	}
	var sum int64
	for i := range 50 {
		v, _ := h.get(fmt.Sprintf("stock:%d:p", i))
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil && v != "" {
			t.Fatal(err)
		}
		sum -= n
	}
	if sum != s.Acked {
		t.Errorf("Redis holds %d sales, acknowledged are %d", sum, s.Acked)
	}
}

// TestMissingSubscription checks that the error names the subscription.
func TestMissingSubscription(t *testing.T) {
	h := newHarness(t)
	h.options.POSSubscription = "nothere"
	err := h.start().wait()
	if err == nil || !strings.Contains(err.Error(), "projects/p/subscriptions/nothere") ||
		!strings.Contains(err.Error(), "NotFound") {
		t.Errorf("error %v", err)
	}
}

// TestNoRedis checks that the start fails at once.
func TestNoRedis(t *testing.T) {
	h := newHarness(t)
	h.options.RedisAddrs = "127.0.0.1:1"
	if err := h.start().wait(); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("error %v", err)
	}
}
