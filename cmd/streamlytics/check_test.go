package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/test/redistest"
)

// TestCheck checks the lines and exit codes of check, and that it starts nothing.
func TestCheck(t *testing.T) {
	file := sales(t, 3)
	code, text := output(t, nil, "check", "--events_files="+file, "--redis_addrs="+redistest.Start(t).Addr)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	requireAll(t, text, "ok       Redis 127.0.0.1:", "ok       Redis rights ", "ok       Redis state ",
		"ok       --events_files ")
	code, text = output(t, nil, "check", "--events_files="+file, "--redis_addrs="+nobody(t))
	if code != failed || !strings.HasSuffix(text, "streamlytics: 1 of 6 checks failed\n") {
		t.Errorf("exit code %d", code)
	}
	requireAll(t, text, "failed   Redis 127.0.0.1:", "unknown  Redis rights ")
	code, text = output(t, nil, "check", "--sample=-", "--format=pos", "--pos_map=.[", "--clock_speed=0", "--foo")
	if code != failed || !strings.HasPrefix(text, "streamlytics: invalid options:\n") {
		t.Errorf("exit code %d", code)
	}
	requireAll(t, text, "--foo: unknown flag", "--pos_map: line 1", "--clock_speed: 0")
	code, text = output(t, nil, "check", "--key_groups=x", "--format=pos")
	if code != failed {
		t.Errorf("exit code %d", code)
	}
	requireAll(t, text, `--key_groups: "x" is not an integer`, "no input", "--format: needs --sample")
}

// TestCheckSample checks the lines of a sample through a map, and that a refusal is an exit code.
func TestCheckSample(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sample.jsonl")
	text := `{"sku":"7","n":2,"at":"2026-11-27T11:05:10Z"}` + "\n" +
		`{"sku":"7","n":"two","at":"2026-11-27T11:05:10Z"}` + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"check", "--sample=" + file, "--format=pos",
		`--pos_map={type: "SALE", store_id: "1", product_id: .sku, quantity: .n, occurred_at: .at, event_id: "e"}`}
	code, text := output(t, nil, args...)
	if code != failed {
		t.Errorf("exit code %d", code)
	}
	requireAll(t, text, `{"line":1,"event":{"event_id":"e","type":"SALE","store_id":"1","product_id":"7","quantity":2,`,
		`{"line":2,"reason":"BAD_FIELD","detail":"quantity: `,
		"lines: 2, events: 1, refused: 1 (BAD_FIELD: 1), ignored: 0\n",
		"streamlytics: "+file+": some lines are refused\n")
}

// TestPrintConfig checks that what is printed is a file that gives the same, and that the options
// are validated.
func TestPrintConfig(t *testing.T) {
	env := []string{"STREAMLYTICS_LOW_STOCK_ENTER=3"}
	code, first := output(t, env, "check", "--print_config", "--events_files="+sales(t, 3), "--runner=Prism")
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	requireAll(t, first, "\nlow_stock_enter: 3 # environment\n", "runner: Prism # command line\n",
		"\nredis_addrs: 127.0.0.1:6379 # default\n")
	file := filepath.Join(t.TempDir(), "streamlytics.yaml")
	if err := os.WriteFile(file, []byte(first), 0o600); err != nil {
		t.Fatal(err)
	}
	code, second := output(t, nil, "check", "--print_config", "--config="+file)
	if code != 0 {
		t.Errorf("exit code %d:\n%s", code, second)
	}
	requireAll(t, second, "\nlow_stock_enter: 3 # "+file+":")
	code, text := output(t, nil, "check", "--print_config", "--redis_password_secret=hunter2")
	if code != failed || strings.Contains(text, "hunter2") {
		t.Errorf("exit code %d:\n%s", code, text)
	}
	requireAll(t, text, "redis_password_secret: '********' # command line", "--redis_password_secret: ")
}
