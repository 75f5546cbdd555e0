package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/test/fakes/fakebigquery"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// randomHistory returns a random history of stores that reaches back over a day, repetitions included. In
// front of it stand messages that are refused, counted by reason, and one that is ignored.
func randomHistory(seed uint64, events int) (trace *rig.Trace, refused map[string]int64) {
	trace = rig.NewTrace(rig.TraceOptions{Seed: seed, Events: events, Duplicates: 0.1,
		Until: time.Now().Add(-time.Second), Span: 30 * time.Hour})
	refused = map[string]int64{}
	at := trace.Options.Until.UnixMilli()
	var bad []rig.Message
	for reason, m := range map[event.Reason]rig.Message{
		event.BadJSON: {Channel: "pos", Data: []byte(`{"event_id":"cut"`)},
		event.BadID: {Channel: "wms", Data: fmt.Appendf(nil,
			`{"event_id":"b","store_id":"global","product_id":"p","count":1,"timestamp":%d}`, at)},
		event.UnknownType: {Channel: "wms", Data: fmt.Appendf(nil,
			`{"event_id":"u","type":"GIFT","store_id":"1","product_id":"p","count":1,"timestamp":%d}`, at)},
		event.MissingField: {Channel: "pos", Data: fmt.Appendf(nil, `{"event_id":"m","order_number":7,"store_id":"1",`+
			`"timestamp":%d,"items":[{"product_id":"items","quantity":1},{"product_id":"x"},`+
			`{"product_id":"items","quantity":2}]}`, at)},
	} {
		refused[string(reason)]++
		bad = append(bad, m)
	}
	bad = append(bad, rig.Message{Channel: "ecom", Data: fmt.Appendf(nil, `{"event":"scroll","timestamp":%d}`, at)})
	trace.Messages = append(bad, trace.Messages...)
	for i, quantity := range []int64{1, 2} { // of the message without a quantity
		trace.Events = append(trace.Events, truth.Event{ID: fmt.Sprint("m#", i), Type: "SALE", Store: "1",
			Product: "items", Quantity: quantity, OccurredAt: at})
	}
	return trace, refused
}

// withBigQuery gives the harness a BigQuery with the tables of the schema files.
func (h *harness) withBigQuery() *fakebigquery.Server {
	h.t.Helper()
	server := fakebigquery.StartWithTables(h.t, "p", "shop", "../sinks/rows/schema")
	h.options.BigQueryDataset, h.options.BigQueryEmulator = "shop", server.Addr()
	return server
}

// TestAgainstTruth runs a shuffled, repeated, late and partly invalid history over Pub/Sub into both
// warehouses, with failed requests and events that BigQuery refuses. It compares Redis with the
// truth, the counts with the dead letters, and the rows of one warehouse with those of the other.
func TestAgainstTruth(t *testing.T) {
	for _, groups := range []int{64, 0} {
		t.Run(fmt.Sprintf("key_groups=%d", groups), func(t *testing.T) {
			h := newHarness(t)
			h.options.KeyGroups = groups
			server := h.withBigQuery()
			server.Inject(func(f *fakebigquery.Faults) {
				f.FailAppends, f.Code, f.BreakBefore, f.BreakAfter = 3, codes.Unavailable, 2, 2
				f.RefuseRow = func(table string, row []byte) string {
					if strings.HasSuffix(table, "/events") && bytes.Contains(row, []byte(`"quantity":7,`)) {
						return "seven is a bad number"
					}
					return ""
				}
			})
			trace, refused := randomHistory(uint64(groups)+1, 5000)
			h.publishAll(trace.Messages...)
			r := h.start()
			h.settle(r)
			summary := r.stop()
			h.check(trace.Events)
			letters := h.compareWarehouses(server)
			if letters == 0 {
				t.Error("no row was refused")
			}
			refused["BAD_FIELD"] += letters
			if !maps.Equal(summary.Refused, refused) {
				t.Errorf("refused %v, want %v", summary.Refused, refused)
			}
			if summary.Acked != h.published || summary.Ignored != 1 {
				t.Errorf("acked %d of %d, ignored %d", summary.Acked, h.published, summary.Ignored)
			}
			h.checkSummaryFile(summary.Acked)
			runtime := r.env.Metrics.Runtime()
			if runtime.BigQueryRefusals != letters || runtime.BigQueryRetries < 7 ||
				runtime.BigQueryRows < int64(len(trace.Events))-letters {
				t.Errorf("counted %d rows, %d refusals of %d, %d retries", runtime.BigQueryRows,
					runtime.BigQueryRefusals, letters, runtime.BigQueryRetries)
			}
		})
	}
}

// compareWarehouses compares all rows of BigQuery and of the folder. The rows that BigQuery refused
// are dead letters, of which it returns the number.
func (h *harness) compareWarehouses(server *fakebigquery.Server) (letters int64) {
	h.t.Helper()
	t := h.t
	folder, stored := map[rows.Table]map[string]bool{}, map[rows.Table]map[string]bool{}
	for _, table := range rows.Tables {
		folder[table] = rowSet(t, folderLines(t, h.options.WarehouseDir, table))
		stored[table] = rowSet(t, server.Rows(fakebigquery.TablePath("p", "shop", string(table))))
		if len(folder[table]) == 0 {
			t.Errorf("there are no rows of %s", table)
		}
	}
	for _, l := range h.deadLetters() {
		if l.Stage != event.StageWarehouse {
			continue
		}
		letters++
		if l.Reason != event.BadField || !strings.Contains(l.Detail, "seven is a bad number") ||
			l.MessageID == nil || l.Source == "UNKNOWN" {
			t.Errorf("letter %+v", l)
		}
		row := canonical(t, l.Raw)
		if stored[rows.Events][row] {
			t.Errorf("a refused row is stored: %s", row)
		}
		stored[rows.Events][row] = true
	}
	for _, table := range rows.Tables {
		if !maps.Equal(folder[table], stored[table]) {
			t.Errorf("%s: %d rows in the folder, %d in BigQuery; such as %v", table,
				len(folder[table]), len(stored[table]), difference(folder[table], stored[table]))
		}
	}
	return letters
}

// rowSet returns a set of rows. Each row has its names in order, without those that have no value,
// and its numbers as they are written.
func rowSet(t *testing.T, lines [][]byte) map[string]bool {
	t.Helper()
	set := map[string]bool{}
	for _, line := range lines {
		set[canonical(t, line)] = true
	}
	return set
}

func canonical(t *testing.T, line []byte) string {
	t.Helper()
	var row map[string]any
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&row); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	maps.DeleteFunc(row, func(_ string, value any) bool { return value == nil })
	if rate, ok := row["rate_per_hour"].(json.Number); ok { // a FLOAT64: its text is of no matter
		row["rate_per_hour"], _ = rate.Float64()
	}
	b, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// difference returns up to two rows that only one of the sets has.
func difference(a, b map[string]bool) (rows []string) {
	for _, x := range []struct{ in, notIn map[string]bool }{{a, b}, {b, a}} {
		for _, row := range slices.Sorted(maps.Keys(x.in)) {
			if !x.notIn[row] && len(rows) < 2 {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// TestBigQueryNotReady checks that the start fails with everything that is wrong.
func TestBigQueryNotReady(t *testing.T) {
	h := newHarness(t)
	server := h.withBigQuery()
	server.DropTable(fakebigquery.TablePath("p", "shop", "events"))
	server.DropTable(fakebigquery.TablePath("p", "shop", "badge_changes"))
	err := h.start().wait()
	for _, want := range []string{"tables/events", "tables/badge_changes", "sql/tables.sql"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not state %q: %v", want, err)
		}
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
		h.t.Errorf("the summary file has acked %v, want %d", s["acked"], acked)
	}
}

// TestFilesAndPubSub reads gzip, CSV and JSON lines and a subscription at once, with the same
// events in both. The summary is complete when the files are done, though the pipeline goes on.
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
		lines.Write(append(rig.Unified(e).Data, '\n'))
		if i%2 == 0 {
			h.publishAll(rig.Unified(e))
		}
		c := truth.Event{ID: fmt.Sprint("c", i), Type: "RESET", Store: "1", Product: fmt.Sprint(1 + i%7),
			Quantity: int64(i), OccurredAt: e.OccurredAt}
		fmt.Fprintf(&csv, "%s,1,%s,%d,,RESET,%s\n", c.ID, c.Product, c.Quantity,
			time.UnixMilli(c.OccurredAt).UTC().Format(time.RFC3339Nano))
		events = append(events, e, c)
	}
	lines.WriteString("{\n")
	csv.WriteString("bad,1,1,many,2026-11-23T10:00:00Z,,\n")
	write(t, filepath.Join(dir, "events.jsonl.gz"), gzipped(t, lines.String()))
	write(t, filepath.Join(dir, "counts.csv"), csv.String())
	h.options.EventsFiles = filepath.Join(dir, "*.jsonl.gz")
	h.options.WMSFiles = filepath.Join(dir, "*.csv")
	r := h.start()
	if r.Summary().Complete {
		t.Error("the summary is complete before the files are read")
	}
	until(t, "the files are done", func() bool {
		complete, acked := r.Summary().Complete, r.env.Tracker.Acked()
		if complete && acked < 602 {
			t.Fatalf("the summary is complete with %d lines done", acked)
		}
		return complete
	})
	h.settle(r)
	s := r.stop()
	h.check(events)
	if s.Acked != h.published+602 || s.Duplicates != 150 || s.Refused["BAD_FIELD"] != 1 || s.Refused["BAD_JSON"] != 1 {
		t.Errorf("summary %+v", s)
	}
	where := map[event.Reason]string{event.BadField: "counts.csv:302", event.BadJSON: "events.jsonl.gz:301"}
	for _, l := range h.deadLetters() {
		if l.Source != "FILE" || !strings.Contains(l.Detail, where[l.Reason]) || l.MessageID != nil {
			t.Errorf("dead letter %+v", l)
		}
		delete(where, l.Reason)
	}
	if len(where) > 0 {
		t.Errorf("no dead letters of %v", where)
	}
}

// TestWatchedFiles replaces a file under its name, appends to one, and leaves two without an end: a
// line, which counts when its file has settled, and a gzip, which is refused then.
func TestWatchedFiles(t *testing.T) {
	h := newHarness(t)
	dir := t.TempDir()
	h.options.WMSFiles, h.options.WMSFilesPoll, h.options.WMSFilesSettle = filepath.Join(dir, "*.csv*"),
		20*time.Millisecond, 50*time.Millisecond
	r := h.start()
	const header = "event_id,store_id,product_id,timestamp,count\n"
	receipt := func(id, product, count string) string {
		return id + ",1," + product + ",2026-11-23T10:00:00Z," + count + "\n"
	}
	stock := func(product, want string) {
		t.Helper()
		until(t, product+" has "+want, func() bool { v, _ := h.get("stock:1:" + product); return v == want })
	}
	put := func(content string) {
		t.Helper()
		write(t, filepath.Join(dir, "new"), content)
		if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "same.csv")); err != nil {
			t.Fatal(err)
		}
	}
	put(header + receipt("n1", "same", "5"))
	stock("same", "5")
	put(header + receipt("n2", "same", "2"))
	stock("same", "7")

	grows := filepath.Join(dir, "grows.csv")
	write(t, grows, header+receipt("u1", "grows", "1"))
	stock("grows", "1")
	f, err := os.OpenFile(grows, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(strings.TrimSuffix(receipt("u2", "grows", "2"), "\n")); err != nil {
		t.Fatal(err)
	}
	stock("grows", "3")

	write(t, filepath.Join(dir, "cut.csv.gz"), gzipped(t, header+receipt("r2", "cut", "6"))[:40])
	until(t, "the gzip is refused", func() bool { return r.Summary().Refused["BAD_JSON"] == 1 })
	if s := r.stop(); s.Duplicates != 0 {
		t.Errorf("%d repetitions", s.Duplicates)
	}
	if letters := h.deadLetters(); len(letters) != 1 || !strings.Contains(letters[0].Detail, "cut.csv.gz") {
		t.Errorf("dead letters: %+v", letters)
	}
}
