package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/test/fakes/fakebigquery"
)

// withBigQuery gives the harness a BigQuery with the tables of the schema files.
func (h *harness) withBigQuery() *fakebigquery.Server {
	h.t.Helper()
	server := fakebigquery.StartWithTables(h.t, "p", "shop", "../sinks/rows/schema")
	h.options.BigQueryDataset, h.options.BigQueryEmulator = "shop", server.Addr()
	return server
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

// TestBigQueryMatchesFolder runs a trace into both warehouses, with failed requests and events that
// BigQuery refuses, and compares the rows of all tables.
func TestBigQueryMatchesFolder(t *testing.T) {
	h := newHarness(t)
	server := h.withBigQuery()
	refusedRow := func(row []byte) bool { return bytes.Contains(row, []byte(`"quantity":7,`)) }
	server.Inject(func(f *fakebigquery.Faults) {
		f.FailAppends, f.Code, f.BreakBefore, f.BreakAfter = 3, codes.Unavailable, 2, 2
		f.RefuseRow = func(table string, row []byte) string {
			if strings.HasSuffix(table, "/events") && refusedRow(row) {
				return "seven is a bad number"
			}
			return ""
		}
	})
	tr := newTrace(11, 4000, time.Now().Add(-time.Second))
	refused := map[string]int64{}
	for _, m := range tr.messages {
		h.publish(m.topic, []byte(m.data), m.attributes)
		for _, r := range m.refused {
			refused[string(r)]++
		}
	}
	r := h.start()
	until(t, "all is acknowledged", func() bool { acked, open := h.settled(); return acked == h.published && !open })
	summary := r.stop()
	h.check(tr.events)

	folder := map[rows.Table]map[string]bool{}
	stored := map[rows.Table]map[string]bool{}
	for _, table := range rows.Tables {
		folder[table] = rowSet(t, folderLines(t, h.options.WarehouseDir, table))
		stored[table] = rowSet(t, server.Rows(fakebigquery.TablePath("p", "shop", string(table))))
		if len(folder[table]) == 0 {
			t.Errorf("there are no rows of %s", table)
		}
	}
	letters := 0
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
	if letters == 0 {
		t.Error("no row was refused")
	}
	for _, table := range rows.Tables {
		if !maps.Equal(folder[table], stored[table]) {
			t.Errorf("%s: %d rows in the folder, %d in BigQuery; such as %v", table,
				len(folder[table]), len(stored[table]),
				difference(folder[table], stored[table]))
		}
	}
	refused["BAD_FIELD"] += int64(letters)
	if !maps.Equal(summary.Refused, refused) {
		t.Errorf("refused %v, want %v", summary.Refused, refused)
	}
	runtime := r.env.Metrics.Runtime()
	if runtime.BigQueryRefusals != int64(letters) || runtime.BigQueryRetries < 7 ||
		runtime.BigQueryRows < int64(len(stored[rows.Events])) {
		t.Errorf("counted %d rows, %d refusals of %d, %d retries", runtime.BigQueryRows, runtime.BigQueryRefusals,
			letters, runtime.BigQueryRetries)
	}
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

// TestBigQueryAlone checks that only dead letters are kept elsewhere.
func TestBigQueryAlone(t *testing.T) {
	h := newHarness(t)
	server := h.withBigQuery()
	t.Chdir(t.TempDir())
	h.options.WarehouseDir = ""
	now := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	h.publish("pos", []byte(`{"event_id":"1","type":"RESET","store_id":"1","product_id":"p","quantity":3,`+
		`"occurred_at":"`+now+`"}`), nil)
	h.publish("pos", []byte(`{"event_id":"2"}`), nil)
	h.process()
	for table, want := range map[rows.Table]int{rows.Events: 1, rows.DeadLetters: 1} {
		if n := len(server.Rows(fakebigquery.TablePath("p", "shop", string(table)))); n != want {
			t.Errorf("%d rows of %s, want %d", n, table, want)
		}
	}
	if n := countRows(t, ".", rows.DeadLetters); n != 1 {
		t.Errorf("%d local dead letters", n)
	}
	if n := countRows(t, ".", rows.Events); n != 0 {
		t.Errorf("%d local events", n)
	}
}

// TestBigQueryAway checks that nothing is acknowledged while BigQuery is unreachable, and
// everything afterwards.
func TestBigQueryAway(t *testing.T) {
	h := newHarness(t)
	server := h.withBigQuery()
	r := h.start()
	now := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	sell := func(id string) {
		h.publish("pos", []byte(`{"event_id":"`+id+`","type":"SALE","store_id":"1","product_id":"p","quantity":1,`+
			`"occurred_at":"`+now+`"}`), nil)
	}
	sell("1")
	until(t, "the first is acknowledged", func() bool { acked, _ := h.settled(); return acked == 1 })
	server.Stop()
	sell("2")
	until(t, "a row is tried again", func() bool { return r.env.Metrics.Runtime().BigQueryRetries >= 3 })
	if acked, _ := h.settled(); acked != 1 {
		t.Errorf("%d messages are acknowledged, of which one has no row", acked)
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	until(t, "the second is acknowledged", func() bool { acked, _ := h.settled(); return acked == 2 })
	r.stop()
	if n := len(server.Rows(fakebigquery.TablePath("p", "shop", "events"))); n < 2 {
		t.Errorf("%d events are stored", n)
	}
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
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

func TestBigQueryDataset(t *testing.T) {
	for _, c := range []struct{ dataset, project, want, says string }{
		{"shop", "p", "p shop", ""},
		{"other-project.shop_2", "p", "other-project shop_2", ""},
		{"example.com:old.shop", "", "example.com:old shop", ""},
		{"", "", " ", ""},
		{"shop", "", "", "--project"},
		{"sh-op", "p", "", "letters, digits and underscores"},
		{"p:shop", "p", "", "letters, digits and underscores"},
		{"p.", "p", "", "project.dataset"},
		{".shop", "p", "", "in no project"},
		{"Bad Project.shop", "p", "", "Bad Project"},
		{"a/b.shop", "", "", "a/b"},
	} {
		o := DefaultOptions()
		o.BigQueryDataset, o.Project, o.POSSubscription = c.dataset, c.project, "projects/p/subscriptions/s"
		got, err := o.bigQuery()
		_, invalid := o.validate(context.Background(), time.Now())
		if c.says == "" {
			if err != nil || invalid != nil || got.Project+" "+got.Dataset != c.want && c.dataset != "" {
				t.Errorf("%q in %q is %+v, %v, %v", c.dataset, c.project, got, err, invalid)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.says) || invalid == nil ||
			!strings.Contains(invalid.Error(), "--bigquery_dataset: ") {
			t.Errorf("%q in %q: %v, %v", c.dataset, c.project, err, invalid)
		}
	}
}
