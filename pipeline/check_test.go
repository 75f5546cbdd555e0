package pipeline

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/fakes/fakebigquery"
	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
)

// checked is what a check printed: the status and the text of each line, by what it is about.
type checked struct {
	text  string
	lines map[string][2]string
}

// connect runs the checks of the options on Prism, or those of a job on Dataflow with the same options.
func (h *harness) connect(dataflow bool) (checked, error) {
	h.t.Helper()
	p, err := New(h.t.Context(), h.options)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	if dataflow {
		p.options.Runner, p.options.Restore = "dataflow", "none" // validation needs Google's Pub/Sub
	}
	var out strings.Builder
	err = p.Check(h.t.Context(), &out)
	c := checked{out.String(), map[string][2]string{}}
	for line := range strings.Lines(c.text) {
		columns := regexp.MustCompile(`^(ok|failed|unknown) +(\S+(?: \S+)*)  +(.+)\n$`).FindStringSubmatch(line)
		if columns == nil {
			h.t.Fatalf("line %q", line)
		}
		c.lines[columns[2]] = [2]string{columns[1], columns[3]}
	}
	return c, err
}

// bigQuery adds a dataset with the tables of the archive.
func (h *harness) bigQuery() *fakebigquery.Server {
	h.t.Helper()
	server := fakebigquery.StartWithTables(h.t, "p", "retail", "../sinks/rows/schema")
	h.options.BigQueryDataset, h.options.BigQueryEmulator = "retail", server.Addr()
	return server
}

// world returns everything that a check could change: keys of Redis, messages, files.
func (h *harness) world(dirs ...string) map[string]string {
	h.t.Helper()
	all := map[string]string{}
	for _, key := range h.redis.Keys(h.t.Context(), "*").Val() {
		all[key] = h.redis.Dump(h.t.Context(), key).Val()
	}
	for _, id := range rig.Channels {
		s, err := h.server.Stats(localpubsub.SubscriptionName("p", id))
		if err != nil {
			h.t.Fatal(err)
		}
		all[id] = fmt.Sprintf("%+v", s)
	}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			all[path] = ""
			return err
		})
		if err != nil {
			h.t.Fatal(err)
		}
	}
	return all
}

// TestCheck checks a whole set of options: before a run, while one works, and after it.
func TestCheck(t *testing.T) {
	h := newHarness(t)
	h.bigQuery()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "events.jsonl"), "{}\n")
	o := &h.options
	at := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	o.EventsFiles, o.WMSFiles, o.WMSFilesPoll = at("*.jsonl"), at("*.csv"), time.Second
	o.WarehouseDir, o.ProfileDir, o.SummaryFile = at("a", "b"), at("p"), at("s")
	expect := func(state string) {
		t.Helper()
		before := h.world(dir)
		c, err := h.connect(false)
		if err != nil || strings.Count(c.text, "ok  ") != len(c.lines) {
			t.Errorf("%v\n%s", err, c.text)
		}
		if got := c.lines["Redis state"][1]; !strings.Contains(got, state) {
			t.Errorf("state %q, want %q", got, state)
		}
		if after := h.world(dir); !maps.Equal(before, after) {
			t.Errorf("the check has changed %q to %q", before, after)
		}
		names := []string{"Redis " + o.Redis.Addrs, "Redis rights", "Redis eviction", "Redis state",
			"--pos_subscription", "--ecom_subscription", "--wms_subscription", "--events_files", "--wms_files",
			"BigQuery events", "BigQuery stock_changes", "BigQuery velocity_signals", "BigQuery badge_changes",
			"BigQuery dead_letters", "--warehouse_dir", "--summary_file", "--profile_dir",
			"--metrics_addr", "--ui_addr"}
		last := -1
		for _, name := range names {
			i := strings.Index(c.text, "  "+name+"  ")
			if i <= last {
				t.Errorf("%s is not in its place:\n%s", name, c.text)
			}
			last = i
		}
		if len(c.lines) != len(names) {
			t.Errorf("%d lines:\n%s", len(c.lines), c.text)
		}
	}
	h.options.MetricsAddr = "127.0.0.1:0"
	h.options.UIAddr = "0"
	h.publishAll(rig.Message{Channel: "pos", Data: fmt.Appendf(nil, `{"event_id":"e","type":"SALE","store_id":"s",`+
		`"product_id":"p","quantity":1,"occurred_at":%d}`, rig.Now())})
	expect("empty: a start begins from empty state")

	r := h.start()
	h.settle(r)
	c, err := h.connect(false)
	if err != nil || !strings.Contains(c.lines["Redis state"][1], "a start takes epoch 2") {
		t.Errorf("while a pipeline runs: %v\n%s", err, c.text)
	}
	r.stop()
	expect("whole, of format 2 with 64 key groups")
}

// TestCheckOnDataflow checks that nothing of this machine is checked, and that Redis is, with a
// reservation.
func TestCheckOnDataflow(t *testing.T) {
	h := newHarness(t)
	h.bigQuery()
	c, err := h.connect(true)
	if err != nil || len(c.lines) != 11 {
		t.Errorf("%v\n%s", err, c.text)
	}
	line := c.lines["Redis "+h.options.Redis.Addrs][1]
	if !strings.Contains(line, "the network of the workers is not checked") {
		t.Error(line)
	}
}

// TestCheckEnds checks that a Redis that hangs ends the check, and so does the end of the context.
func TestCheckEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 10 s")
	}
	t.Parallel()
	h := newHarness(t)
	server := redistest.Start(t)
	h.options.Redis.Addrs = server.Addr
	server.Pause()
	defer server.Resume()
	begun := time.Now()
	c, err := h.connect(false)
	if err == nil || time.Since(begun) > checkWithin+2*explainWithin || c.lines["Redis "+server.Addr][0] != "failed" {
		t.Errorf("%v after %v\n%s", err, time.Since(begun), c.text)
	}
	p, err := New(t.Context(), h.options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	stopped, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	begun = time.Now()
	if err := p.Check(stopped, &strings.Builder{}); err == nil || time.Since(begun) > checkWithin/2 {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
}
