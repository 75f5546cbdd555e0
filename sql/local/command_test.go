package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archive writes a warehouse folder of one table.
func archive(t *testing.T, table string, lines ...string) string {
	t.Helper()
	dir := t.TempDir()
	archiveIn(t, dir, table, lines...)
	return dir
}

// archiveIn adds a table to a warehouse folder.
func archiveIn(t *testing.T, dir, table string, lines ...string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, table), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, table, "a.jsonl"), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCommand(t *testing.T) {
	dir := archive(t, "stock_changes",
		`{"scope":"store","store_id":"12","product_id":"555","on_hand":0,"version":1,"known":true,"as_of":"2026-11-27T10:00:00.000Z"}`,
		`{"scope":"store","store_id":"12","product_id":"555","on_hand":0,"version":1,"known":true,"as_of":"2026-11-27T10:15:00.000Z"}`,
		`{"scope":"store","store_id":"12","product_id":"555","on_hand":6,"version":2,"known":true,"as_of":"2026-11-27T10:30:00.000Z"}`)
	counted := archive(t, "events",
		`{"event_id":"c","type":"RESET","store_id":"<12>","product_id":"555","quantity":7,"occurred_at":"2026-01-27T10:00:00.000Z","source":"WMS","ingested_at":"2026-01-27T10:00:00.000Z"}`)
	fast := archive(t, "events",
		`{"event_id":"s","type":"SALE","store_id":"12","product_id":"555","quantity":1,"occurred_at":"2026-11-27T10:10:00.000Z","source":"POS","ingested_at":"2026-11-29T03:00:11.000Z"}`)
	period := []string{"from=2026-11-27T00:00:00Z", "to=2026-11-28T00:00:00Z"}
	for _, tc := range []struct {
		name       string
		args       []string
		code       int
		out, wrong string
	}{
		{"an answer", append([]string{"--warehouse_dir=" + dir, "stock_outs"}, period...), 0, "12        555         2026-11-27T10:00:00Z  2026-11-27T10:30:00Z  false      30           0\n1 rows\n", ""},
		{"an answer by the pipeline's clock", append([]string{"--warehouse_dir=" + fast, "--clock_origin=2026-11-27T10:00:00Z",
			"--clock_started=2026-11-29T03:00:00Z", "--clock_speed=60", "freshness"}, period...), 0, "0                  1                1                  1               1             60            60 ", ""},
		{"help", []string{"--help"}, 0, "", "stock_outs (from, lookback_days, to)\n      what was out of stock, when, and for how long?"},
		{"a rebuild", []string{"--warehouse_dir=" + counted, "rebuild", "at=2026-11-27T12:00:00Z"}, 0,
			`{"event_id":"!rebuild 2026-11-21T12:00:00.000Z","occurred_at":"2026-11-21T12:00:00.000Z","product_id":"555","quantity":7,"store_id":"<12>","type":"RESET"}` + "\n", ""},
		{"a rebuild with a short horizon", []string{"--warehouse_dir=" + counted, "rebuild", "horizon_hours=47"}, 1, "", "a horizon of 47h0m0s is not whole hours, at least 48h0m0s"},
		{"a rebuild of a period", append([]string{"--warehouse_dir=" + counted, "rebuild"}, period...), 1, "", "rebuild takes at=TIME and horizon_hours=INTEGER"},
		{"unknown analysis", []string{"--warehouse_dir=" + dir, "weather"}, 2, "", `there is no analysis "weather"`},
		{"missing parameter", []string{"--warehouse_dir=" + dir, "stock_outs", period[0]}, 1, "", "stock_outs needs the parameter to"},
		{"not a warehouse", append([]string{"--warehouse_dir=" + t.TempDir(), "stock_outs"}, period...), 1, "", "is not a warehouse folder"},
		{"half a clock", append([]string{"--warehouse_dir=" + dir, "--clock_speed=60", "stock_outs"}, period...), 2, "", "--clock_origin"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out, problems strings.Builder
			if code := Command(t.Context(), tc.args, &out, &problems); code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			if !strings.Contains(out.String(), tc.out) || !strings.Contains(problems.String(), tc.wrong) {
				t.Errorf("output\n%s\nproblems\n%s", out.String(), problems.String())
			}
		})
	}
}
