package local

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/pipeline"
	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/truth"
)

// TestRebuildAPipeline archives random histories with a pipeline, rebuilds its state from the
// warehouse folder in a pipeline with an empty Redis, and compares all stock keys of the two. Then
// both take events of before the rebuild again, and new ones.
func TestRebuildAPipeline(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	dir := t.TempDir()
	var before, after []arrival
	model := map[truth.Key]truth.Result{}
	for i := range 300 {
		h, k := newHistory(i, now.UnixMilli(), true), &keeper{}
		before = append(before, h.before...)
		for _, a := range h.before {
			a.at = now.UnixMilli()
			k.take(a)
		}
		maps.Copy(model, truth.Stock(k.accepted))
		for _, a := range h.after {
			if a.event.OccurredAt <= now.UnixMilli() { // the decoder refuses what lies in the future
				after = append(after, a)
			}
		}
		for _, a := range h.before {
			if h.counted || a.event.OccurredAt >= h.foldAt() {
				after = append(after, a)
			}
		}
	}
	history, later := writeLines(t, dir, "history", before), writeLines(t, dir, "later", after)
	warehouseDir := filepath.Join(dir, "warehouse")

	first := redistest.Start(t)
	refused := readFiles(t, first, warehouseDir, history).Refused
	if refused["TOO_LATE"] == 0 || refused["RESET_TOO_OLD"] == 0 {
		t.Errorf("refused: %v; the histories prove nothing about letters of files", refused)
	}
	if report, err := truth.CheckStock(t.Context(), first.Client(), model, true); err != nil || !report.OK() {
		t.Fatalf("the first pipeline: %v (%v)", report, err)
	}
	events := exportEvents(t, dir, warehouseDir, now)

	second := redistest.Start(t)
	readFiles(t, second, filepath.Join(dir, "warehouse2"), events)
	sameStock(t, "rebuilt", first, second)

	readFiles(t, first, warehouseDir, later)
	readFiles(t, second, filepath.Join(dir, "warehouse2"), later)
	sameStock(t, "with later events", first, second)

	third := redistest.Start(t)
	readFiles(t, third, filepath.Join(dir, "warehouse3"), later+","+asBigQueryExports(t, events))
	sameStock(t, "with later events before the rebuilt ones", first, third)
}

// writeLines writes the events in the order of arrival as a file of unified events.
func writeLines(t *testing.T, dir, name string, arrivals []arrival) (path string) {
	t.Helper()
	slices.SortStableFunc(arrivals, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	var lines bytes.Buffer
	for _, a := range arrivals {
		e := a.event
		fmt.Fprintf(&lines, `{"event_id":%q,"type":%q,"store_id":%q,"product_id":%q,"quantity":%d,"occurred_at":%d}`+"\n",
			e.ID, e.Type, e.Store, e.Product, e.Quantity, e.OccurredAt)
	}
	path = filepath.Join(dir, name+".jsonl")
	if err := os.WriteFile(path, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// readFiles runs the pipeline over files to their end, and returns its summary.
func readFiles(t *testing.T, server *redistest.Server, warehouseDir, files string) metrics.Summary {
	t.Helper()
	o := pipeline.DefaultOptions()
	o.EventsFiles, o.Redis.Addrs, o.WarehouseDir, o.LedgerHorizon = files, server.Addr, warehouseDir, rebuildHorizon
	line, err := pipeline.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := line.Run(t.Context()); err != nil {
		t.Fatalf("the pipeline over %s: %v", files, err)
	}
	return line.Summary()
}

// exportEvents writes the events that Rebuild makes of a warehouse folder to a file.
func exportEvents(t *testing.T, dir, warehouseDir string, at time.Time) (path string) {
	t.Helper()
	path = filepath.Join(dir, "rebuilt.jsonl")
	if err := os.WriteFile(path, rebuiltLines(t, warehouseDir, at), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// asBigQueryExports copies a file of events with the quantities as text, as BigQuery writes INT64 into JSON.
func asBigQueryExports(t *testing.T, events string) (path string) {
	t.Helper()
	lines, err := os.ReadFile(events)
	if err != nil {
		t.Fatal(err)
	}
	path = strings.TrimSuffix(events, ".jsonl") + "-exported.jsonl"
	lines = regexp.MustCompile(`"quantity":(-?[0-9]+)`).ReplaceAll(lines, []byte(`"quantity":"$1"`))
	if err := os.WriteFile(path, lines, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// sameStock compares all stock keys of two Redis servers, and whether each is known.
func sameStock(t *testing.T, when string, first, second *redistest.Server) {
	t.Helper()
	a, b := stockOf(t, first.Client()), stockOf(t, second.Client())
	if maps.Equal(a, b) {
		return
	}
	shown := 0
	for name := range a {
		if a[name] != b[name] && shown < 10 {
			shown++
			t.Errorf("%s: %s is %v, rebuilt %v", when, name, a[name], b[name])
		}
	}
	t.Fatalf("%s: of %d keys and %d rebuilt ones some differ", when, len(a), len(b))
}

// stockOf reads every stock key, of stores and over all stores, with known of its meta hash.
func stockOf(t *testing.T, rdb *redis.Client) map[string][2]string {
	t.Helper()
	names, err := truth.ScanKeys(t.Context(), rdb, "stock:*")
	if err != nil {
		t.Fatal(err)
	}
	stock := map[string][2]string{}
	for _, name := range names {
		value, err := rdb.Get(t.Context(), name).Result()
		if err != nil {
			t.Fatal(err)
		}
		known, err := rdb.HGet(t.Context(), "{"+name+"}:meta", "known").Result()
		if err != nil {
			t.Fatal(err)
		}
		stock[name] = [2]string{value, known}
	}
	return stock
}
