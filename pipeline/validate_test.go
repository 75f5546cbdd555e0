package pipeline

import (
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// problems parses and validates a command line, and returns what is wrong with it.
func problems(t *testing.T, args ...string) string {
	t.Helper()
	defer restoreBeamFlags(t)()
	o, err := ParseFlags(args)
	if err != nil {
		return err.Error()
	}
	if _, err := o.validate(t.Context(), time.Now()); err != nil {
		return err.Error()
	}
	return ""
}

// restoreBeamFlags returns a function that restores the flags of Beam, which belong to the process.
func restoreBeamFlags(t *testing.T) (restore func()) {
	t.Helper()
	before := map[*flag.Flag]string{}
	flag.VisitAll(func(f *flag.Flag) {
		if !strings.HasPrefix(f.Name, "test.") {
			before[f] = f.Value.String()
		}
	})
	return func() {
		for f, value := range before {
			if f.Value.String() == value {
				continue
			}
			if err := f.Value.Set(value); err != nil {
				t.Errorf("--%s: %v", f.Name, err)
			}
		}
	}
}

// onPrism returns a valid command line with more flags.
func onPrism(_ *testing.T, more ...string) []string {
	return append([]string{"--pos_subscription=projects/p/subscriptions/s"}, more...)
}

// onDataflow returns the command line of a valid job with more flags.
func onDataflow(t *testing.T, more ...string) []string {
	t.Helper()
	worker := filepath.Join(t.TempDir(), "worker")
	write(t, worker, staticProgram)
	return append([]string{"--runner=DataflowRunner", "--project=shop", "--region=europe-west1",
		"--staging_location=gs://shop/staging",
		"--bigquery_dataset=retail", "--pos_subscription=pos", "--worker_binary=" + worker}, more...)
}

// staticProgram is the head of a program for Linux on amd64 that needs no library.
var staticProgram = "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00\x3e\x00\x01" +
	strings.Repeat("\x00", 31) +
	"\x40\x00\x38\x00\x00\x00\x40\x00\x00\x00\x00\x00"

// TestRangesOfFlags checks that a value out of its flag's range is refused by the flag's name.
func TestRangesOfFlags(t *testing.T) {
	for _, c := range []struct {
		flag        string
		good, wrong []string
	}{
		{"key_groups", []string{"0", "32768"}, []string{"-1", "32769"}},
		{"image_cache_mb", []string{"1", "1048576"}, []string{"0", "1048577"}},
		{"ledger_horizon", []string{"1ms", "87840h"}, []string{"0", "87841h", "-1h"}},
		{"outstanding_events", []string{"1", "10000000"}, []string{"0", "10000001"}},
		{"low_stock_exit", []string{"5"}, []string{"4"}},
		{"dense_minutes", []string{"1"}, []string{"0"}},
		{"dense_units", []string{"1"}, []string{"0"}},
		{"weight_views", []string{"0", "1000000"}, []string{"-1", "1000001"}},
		{"weight_cart_adds", []string{"0", "1000000"}, []string{"-1", "1000001"}},
		{"weight_units", []string{"0", "1000000"}, []string{"-1", "1000001"}},
		{"high_demand_enter", []string{"1"}, []string{"0"}},
		{"high_demand_dwell", []string{"0"}, []string{"-1s"}},
		{"clock_speed", []string{"0.001", "1000000"}, []string{"0", "-1", "1000001", "NaN", "Inf"}},
		{"clock_origin", []string{"2000-01-01T00:00:00Z"}, []string{"1999-12-31T23:59:59Z", "yesterday"}},
		{"online_store", []string{strings.Repeat("s", 128), "a:b c"},
			[]string{"", strings.Repeat("s", 129), " a", "a\u200b", "global"}},
		{"log_format", []string{"auto", "text", "json"}, []string{"", "JSON"}},
		{"ecom_refunds", []string{"ignore", "return"}, []string{"", "Return", "sale"}},
		{"pos_map", []string{"", ".", `.x[] | {type: "SALE"}`},
			[]string{".x |", "now", "missing.jq", "gs://shop", "s3://shop/map.jq"}},
		{"wms_map", []string{""}, []string{"."}}, // for want of --wms_subscription
		{"late_events", []string{"refuse", "count"}, []string{"", "Count", "drop"}},
		{"log_level", []string{"debug", "INFO", "Warn", "ERROR"}, nil},
		{"wms_files_poll", nil, []string{"1ms", "-1s", "1s"}}, // the last for want of --wms_files
		// the last for want of --wms_files_poll
		{"wms_files_settle", []string{"10s"}, []string{"1ms", "-1s", "25h", "20s"}},
		{"redis_addrs", []string{"a:1,b:2"}, []string{"", "a", ":1", "a:1,b"}},
		{"metrics_addr", []string{"", ":9464", "127.0.0.1:0", "[::1]:9464"}, []string{"9464", "localhost",
			"::1:9464", "localhost:", "localhost:http", "localhost:65536"}},
		{"ui_addr", []string{"", "8088", ":8088", "127.0.0.1:0", "[::1]:0", "0.0.0.0:80"},
			[]string{"http", "localhost:", "localhost:http", "::1:80", "65536"}},
		{"ui_history_mb", []string{"1", "4096"}, []string{"0", "4097", "-1"}},
		{"environment_type", []string{"LOOPBACK"}, []string{"DOCKER", "external"}},
		{"runner", []string{"direct"}, []string{"flink", "universal"}},
		// The first wrong one is for want of --project.
		{"bigquery_dataset", []string{"", "other-project.shop_2", "example.com:old.shop"},
			[]string{"shop", "p:shop", "p.", ".shop", "Bad Project.shop", "a/b.shop"}},
	} {
		for _, value := range append(c.good, c.wrong...) {
			problem := problems(t, onPrism(t, "--"+c.flag+"="+value)...)
			bad := slices.Contains(c.wrong, value)
			if bad && !strings.Contains(problem, "--"+c.flag+": ") || !bad && problem != "" {
				t.Errorf("--%s=%s: %q", c.flag, value, problem)
			}
		}
	}
}

// TestOptionMessages checks what the error states about an invalid option.
func TestOptionMessages(t *testing.T) {
	for _, c := range []struct {
		line      func(*testing.T, ...string) []string
		arg, want string
	}{
		{onPrism, "--metrics_addr=9464", `--metrics_addr: "9464" is neither host:port nor :port`},
		{onPrism, "--metrics_addr=a:http", `"a:http": the port "http" is not a number between 0 and 65535`},
		{onPrism, "--ui_addr=http", `--ui_addr: "http" is neither host:port nor a port: "http" is not a port`},
		{onPrism, "--ui_history_mb=0", "--ui_history_mb: 0 is not between 1 and 4096"},
		{onDataflow, "--ui_addr=8088", "--ui_addr: has no use on Dataflow"},
		{onPrism, "--endpoint=localhost:8073", "--endpoint: has no use"},
		{onPrism, "--environment_type=DOCKER", `--environment_type: "DOCKER" is not LOOPBACK`},
		{onPrism, "--environment_config=localhost:50000", "--environment_config: has no use"},
		{onPrism, "--async", "--async: has no use"},
		{onPrism, "--runner=flink", `--runner: "flink" is not one of prism, direct and dataflow`},
		{onPrism, "--streaming=maybe", `--streaming: "maybe" is not true or false`},
		{onPrism, "--pos_map=.x |\n  |", `--pos_map: line 2, column 3: unexpected token "|"`},
		{onPrism, "--pos_map=now, env", "--pos_map: now cannot be used in a program: it reads the clock; env cannot"},
		{onPrism, "--ecom_map=.", "--ecom_map: needs --ecom_subscription"},
		{onPrism, "--bigquery_dataset=shop", "--project"},
		{onPrism, "--bigquery_dataset=p.sh-op", "letters, digits and underscores"},
		{onPrism, "--bigquery_dataset=p.", "project.dataset"},
		{onPrism, "--bigquery_dataset=.shop", "in no project"},
		// The message about an address does not repeat a password in it.
		{onPrism, "--redis_addrs=redis://user:hunter2@redis:6379", "--redis_addrs: an address has an @"},
		{onPrism, "--redis_addrs=hunter2@redis:6379", "--redis_addrs: an address has an @"},
		{onPrism, "--redis_username=reader", "--redis_username: needs a password"},
		{onPrism, "--redis_addrs=a:1,:hunter2@b:2", "--redis_addrs: an address has an @"},
		{onDataflow, `--labels={"a":1}`, `--labels: "{\"a\":1}" is not a JSON object of texts`},
		{onDataflow, "--transform_name_mapping=a=b", `--transform_name_mapping: "a=b" is not`},
		{onDataflow, "--staging_location=shop/staging", `--staging_location: "shop/staging" is not gs://bucket/path`},
		{onDataflow, "--job_name=Shop", `--job_name: "Shop" is not a name for a job`},
		{onDataflow, "--restore=redis", "--restore: redis is not for Dataflow, where the runner keeps the state"},
		{onDataflow, "--warehouse_dir=rows", "--warehouse_dir: has no use on Dataflow"},
		{onDataflow, "--wms_files=rows.csv", `--wms_files: "rows.csv" is a file of this machine`},
	} {
		if got := problems(t, c.line(t, c.arg)...); !strings.Contains(got, c.want) || strings.Contains(got, "hunter2") {
			t.Errorf("%s: %q does not state %q", c.arg, got, c.want)
		}
	}
}

// TestDaysInHours checks that a duration in days is one error with the hours, and that another
// invalid duration is one error.
func TestDaysInHours(t *testing.T) {
	for value, hours := range map[string]string{"7d": "168h", "1w": "168h", "1w2d3h": "219h", "1.5d": "36h",
		"0.01d": "14m24s", "1d30m": "24h30m0s",
		"5": "", "d": "", "7 days": "", "": ""} {
		for _, flag := range []string{"ledger_horizon", "high_demand_dwell", "wms_files_poll"} {
			o, err := ParseFlags(onPrism(t, "--"+flag+"="+value))
			want := fmt.Sprintf("--%s: %q is not a duration such as 30s or 168h", flag, value)
			if hours != "" {
				want += ": there is no unit for days or weeks; write " + hours
			}
			if err == nil || err.Error() != want {
				t.Errorf("%v, want %s", err, want)
			}
			if _, err := o.validate(t.Context(), time.Now()); err != nil {
				t.Errorf("--%s=%s is reported twice: %v", flag, value, err)
			}
		}
	}
}

// TestBigQueryDataset checks in which project a dataset is.
func TestBigQueryDataset(t *testing.T) {
	for dataset, want := range map[string]string{"shop": "p shop", "other-project.shop_2": "other-project shop_2",
		"example.com:old.shop": "example.com:old shop"} {
		o := DefaultOptions()
		o.BigQueryDataset, o.Project = dataset, "p"
		if got, err := o.bigQuery(); err != nil || got.Project+" "+got.Dataset != want {
			t.Errorf("%q is %+v, %v", dataset, got, err)
		}
	}
}
