package pipeline

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/test/fakes/fakebigquery"
	"github.com/beamlytics/streamlytics/test/redistest"
)

// fault breaks one thing, and names the lines that fail with what they state.
type fault struct {
	name   string
	change func(t *testing.T, h *harness)
	failed map[string]string
}

func do(t *testing.T, rdb *redis.Client, command string) {
	t.Helper()
	var args []any
	for _, word := range strings.Fields(command) {
		args = append(args, word)
	}
	if err := rdb.Do(t.Context(), args...).Err(); err != nil {
		t.Fatalf("%s: %v", command, err)
	}
}

var faults = []fault{
	{"a right", func(t *testing.T, h *harness) { do(t, h.redis, "acl setuser default -rpush") },
		map[string]string{"Redis rights": "rpush streamlytics:{log/0} (docs/SECURITY.md"}},
	{"the eviction policy", func(t *testing.T, h *harness) {
		do(t, h.redis, "config set maxmemory-policy allkeys-lru")
		do(t, h.redis, "config set maxmemory 100mb")
	}, map[string]string{"Redis eviction": "set maxmemory-policy to noeviction"}},
	{"a part of the state", func(t *testing.T, h *harness) {
		do(t, h.redis, "hset streamlytics:layout format 2 log/7 1")
		do(t, h.redis, "hset streamlytics:epochs last 1")
	}, map[string]string{"Redis state": "{log/7} is gone: restore Redis from a backup"}},
	{"other key groups", func(t *testing.T, h *harness) {
		do(t, h.redis, "hset streamlytics:layout format 2 key_groups 8")
	}, map[string]string{"Redis state": "was kept with --key_groups=8, not 64"}},
	{"no Redis", func(t *testing.T, h *harness) {
		server := redistest.Start(t)
		server.Stop()
		h.options.Redis.Addrs = server.Addr
	}, map[string]string{"Redis": "does Redis listen there?"}},
	{"the password", func(t *testing.T, h *harness) { do(t, h.redis, "acl setuser default resetpass >secret") },
		map[string]string{"Redis": "check the user name and the password's secret"}},
	{"a subscription", func(t *testing.T, h *harness) { h.options.ECOMSubscription = "none" },
		map[string]string{"--ecom_subscription": "streamlytics pubsub setup creates"}},
	{"a column", func(t *testing.T, h *harness) {
		schema := strings.Replace(string(rows.Events.Schema()), `"price", "type": "NUMERIC"`,
			`"price", "type": "BYTES"`, 1)
		path := fakebigquery.TablePath("p", "retail", "events")
		if err := h.bigQuery().CreateTable(path, []byte(schema)); err != nil {
			t.Fatal(err)
		}
	}, map[string]string{"BigQuery events": "column price is BYTES, not NUMERIC"}},
	{"a table", func(t *testing.T, h *harness) {
		h.bigQuery().DropTable(fakebigquery.TablePath("p", "retail", "dead_letters"))
	}, map[string]string{"BigQuery dead_letters": "sql/tables.sql creates the tables"}},
	{"a file", func(t *testing.T, h *harness) {
		h.options.WMSFiles = filepath.Join(t.TempDir(), "counts.csv")
		write(t, h.options.WMSFiles, "PK\x03\x04")
	}, map[string]string{"--wms_files": "counts.csv: the file is a zip archive"}},
	{"a folder of the warehouse", func(t *testing.T, h *harness) {
		write(t, filepath.Join(h.options.WarehouseDir, "events"), "")
	}, map[string]string{"--warehouse_dir": "events: open"}},
	{"an address", func(_ *testing.T, h *harness) {
		h.options.MetricsAddr = "192.0.2.1:0" // of no machine: TEST-NET-1
	}, map[string]string{"--metrics_addr": "cannot assign requested address"}},
}

// TestCheckNamesTheFault breaks one thing after the other.
func TestCheckNamesTheFault(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t)
			f.change(t, h)
			c, err := h.connect(false)
			want := fmt.Sprintf("%d of %d checks failed", len(f.failed), len(c.lines))
			if err == nil || err.Error() != want {
				t.Errorf("%v, want %s", err, want)
			}
			for what, want := range f.failed {
				if what == "Redis" {
					what += " " + h.options.Redis.Addrs
				}
				if got := c.lines[what]; got[0] != "failed" || !strings.Contains(got[1], want) {
					t.Errorf("%s: %q, want %q:\n%s", what, got, want, c.text)
				}
			}
			_, away := f.failed["Redis"]
			for _, what := range []string{"Redis rights", "Redis eviction", "Redis state"} {
				if away && c.lines[what] != [2]string{"unknown", "Redis is not reached"} {
					t.Errorf("%s: %q", what, c.lines[what])
				}
			}
		})
	}
}
