package local

import (
	"encoding/json"
	"testing"

	"github.com/beamlytics/streamlytics/internal/oracle"
)

func decodeVelocity(t *testing.T, s string) (v oracle.VelocitySignal) {
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

// checkHighDemandAudit proves every badge of the day, and then finds each kind of false one.
func (d *day) checkHighDemandAudit(t *testing.T, w *Warehouse) {
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
