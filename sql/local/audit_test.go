package local

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/test/truth"
)

func decodeVelocity(t *testing.T, s string) (v truth.VelocitySignal) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return v
}

// plant puts false rows into a table, for a test.
func (w *Warehouse) plant(t *testing.T, statement string) {
	t.Helper()
	if _, err := w.db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func verdicts(rows table) map[string]int {
	counts := map[string]int{}
	for _, r := range rows {
		counts[r["verdict"].(string)]++
	}
	return counts
}

// checkHighDemandAudit proves every badge of the day, and then finds each kind of false one. The clock comes from the rows alone.
func (d *day) checkHighDemandAudit(t *testing.T, _ *Warehouse) {
	w, err := Open(t.Context(), d.dir, clock.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.writeAgain(t)
	rows := d.run(t, w, "high_demand_audit", d.from, d.to)
	counts := verdicts(rows)
	t.Logf("HIGH_DEMAND: %v, with %v in flight", counts, d.inFlight)
	kinds := map[string]int{}
	for _, r := range rows {
		if v := r["verdict"]; v != "PROVEN" && v != "IN_FLIGHT" {
			t.Errorf("not proven: %v", r)
		}
		scope := r["scope"].(string)
		if r["is_on"] == true {
			kinds["on "+scope]++
		} else {
			kinds["off "+scope]++
		}
	}
	if len(kinds) != 4 || counts["PROVEN"] == 0 {
		t.Fatalf("changes %v, verdicts %v: the day is too quiet to prove anything", kinds, counts)
	}
	for _, lie := range []struct{ verdict, change string }{
		{"EVIDENCE", "REPLACE (views + 1000 AS views, score + 1000 AS score)"},
		{"EVIDENCE", "REPLACE (cart_adds + 1000 AS cart_adds, score + 5000 AS score)"},
		{"EVIDENCE", "REPLACE (units + 1000 AS units, score + 10000 AS score)"},
		{"SCORE", "REPLACE (score + 1 AS score)"},
		{"THRESHOLD", `REPLACE (score + 1 AS "enter", score // 2 + 1 AS "exit")`},
		{"THRESHOLD", `REPLACE ("exit" - 1 AS "exit")`},
		{"NO_CLOCK", "REPLACE (NULL AS clock_origin, NULL AS clock_started, NULL AS clock_speed)"},
		{"EVIDENCE", "REPLACE (clock_started - INTERVAL 1 DAY AS clock_started)"},
	} {
		t.Run(lie.verdict+" "+lie.change, func(t *testing.T) {
			w.plant(t, "CREATE TEMP TABLE kept AS SELECT * FROM badge_changes")
			defer w.plant(t, "DROP TABLE kept")
			w.plant(t, "DELETE FROM badge_changes")
			w.plant(t, "INSERT INTO badge_changes SELECT * "+lie.change+" FROM kept WHERE badge = 'HIGH_DEMAND' AND is_on")
			defer w.plant(t, "INSERT INTO badge_changes SELECT * FROM kept")
			defer w.plant(t, "DELETE FROM badge_changes")
			found := verdicts(d.run(t, w, "high_demand_audit", d.from, d.to))
			if len(found) != 1 || found[lie.verdict] == 0 {
				t.Errorf("verdicts %v", found)
			}
		})
	}
	t.Run("EVIDENCE event taken away", func(t *testing.T) {
		w.plant(t, "CREATE TEMP TABLE kept AS SELECT * FROM events")
		defer w.plant(t, "DROP TABLE kept")
		w.plant(t, "DELETE FROM events WHERE type = 'VIEW'")
		defer w.plant(t, "INSERT INTO events SELECT * FROM kept")
		defer w.plant(t, "DELETE FROM events")
		if found := verdicts(d.run(t, w, "high_demand_audit", d.from, d.to)); found["EVIDENCE"] == 0 {
			t.Errorf("verdicts %v", found)
		}
	})
}

// TestHighDemandAuditUsesTheClockOfEachRow puts runs with three clocks into one warehouse. Eleven units are sold, in three
// products, 30 s of wall time before the badge; one more sale is ingested behind it.
func TestHighDemandAuditUsesTheClockOfEachRow(t *testing.T) {
	event := func(id, product, occurred, ingested string, quantity int) string {
		return fmt.Sprintf(`{"event_id":%q,"type":"SALE","store_id":"12","product_id":%q,"quantity":%d,"occurred_at":"2026-11-27T%sZ",`+
			`"source":"POS","ingested_at":"2026-11-27T%sZ"}`, id, product, quantity, occurred, ingested)
	}
	badge := func(product, changed, clock string) string {
		return fmt.Sprintf(`{"scope":"store","store_id":"12","product_id":%q,"badge":"HIGH_DEMAND","is_on":true,"changed_at":"2026-11-27T%sZ",`+
			`"score":110,"views":0,"cart_adds":0,"units":11,"enter":100,"exit":50%s}`, product, changed, clock)
	}
	const fast = `,"clock_origin":"2026-11-27T10:00:00.000Z","clock_started":"2026-11-27T03:00:00.000Z","clock_speed":60`
	const slow = `,"clock_origin":"2026-11-27T10:00:00.000Z","clock_started":"2026-11-27T20:00:00.000Z","clock_speed":0.5`
	dir := archive(t, "events",
		event("a", "fast", "10:25:00.000", "03:00:30.000", 11), event("b", "fast", "10:31:00.000", "03:01:00.001", 1),
		event("a", "slow", "09:59:00.000", "20:00:30.000", 11), event("b", "slow", "10:00:00.000", "20:01:00.002", 1),
		event("a", "wall", "10:59:00.000", "10:59:30.000", 11), event("b", "wall", "11:00:00.000", "11:00:00.001", 1),
		event("a", "none", "10:59:00.000", "10:59:30.000", 11))
	archiveIn(t, dir, "badge_changes",
		badge("fast", "11:00:00.000", fast), badge("slow", "10:00:30.000", slow), badge("wall", "11:00:00.000", `,"clock_speed":1`),
		badge("none", "11:00:00.000", ""))
	var out, problems strings.Builder
	code := Command(t.Context(), []string{"--warehouse_dir=" + dir, "high_demand_audit", "from=2026-11-27T00:00:00Z", "to=2026-11-28T00:00:00Z"}, &out, &problems)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, problems.String())
	}
	for product, verdict := range map[string]string{"fast": "PROVEN", "slow": "PROVEN", "wall": "PROVEN", "none": "NO_CLOCK"} {
		if row := regexp.MustCompile(`(?m)^(\w+) +store +12 +` + product + ` .*$`).FindStringSubmatch(out.String()); row == nil || row[1] != verdict {
			t.Errorf("product %s is not %s:\n%s", product, verdict, out.String())
		}
	}
}

func (d *day) checkLowStockAudit(t *testing.T, w *Warehouse) {
	counts := verdicts(d.run(t, w, "low_stock_audit", d.from, d.to))
	if len(counts) != 1 || counts["PROVEN"] == 0 {
		t.Errorf("verdicts %v", counts)
	}
	for _, lie := range []struct{ verdict, change string }{
		{"EVIDENCE", "REPLACE (on_hand - 1 AS on_hand)"},
		{"EVIDENCE", "REPLACE (product_id || '?' AS product_id)"},
		{"THRESHOLD", `REPLACE (on_hand - 1 AS "enter")`},
	} {
		w.plant(t, "CREATE TEMP TABLE kept AS SELECT * FROM badge_changes")
		w.plant(t, "DELETE FROM badge_changes")
		w.plant(t, "INSERT INTO badge_changes SELECT * "+lie.change+" FROM kept WHERE badge = 'LOW_STOCK' AND is_on")
		if found := verdicts(d.run(t, w, "low_stock_audit", d.from, d.to)); len(found) != 1 || found[lie.verdict] == 0 {
			t.Errorf("%s: verdicts %v", lie.change, found)
		}
		w.plant(t, "DELETE FROM badge_changes")
		w.plant(t, "INSERT INTO badge_changes SELECT * FROM kept")
		w.plant(t, "DROP TABLE kept")
	}
}
