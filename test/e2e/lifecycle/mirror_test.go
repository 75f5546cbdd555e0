package lifecycle

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// countAll publishes a count of 100 for each of n products of store 7, an hour ago.
func (r *run) countAll(n int) {
	r.t.Helper()
	at := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	for i := range n {
		r.send("wms", `{"event_id":"count-%d","type":"RESET","store_id":7,"sku":"sku-%d","count":100,"counted_at":"%s"}`, i, i, at)
	}
}

func (r *run) send(channel, format string, args ...any) {
	r.t.Helper()
	if err := r.pubsub.Publish(rig.Message{Channel: channel, Data: fmt.Appendf(nil, format, args...)}); err != nil {
		r.t.Fatal(err)
	}
}

// settle waits until everything is acknowledged.
func (r *run) settle(p *rig.Process) {
	r.t.Helper()
	if err := p.Await("everything is acknowledged", patience, r.pubsub.Settled); err != nil {
		r.t.Fatal(err)
	}
}

// stock returns the stock keys of store 7 with what they hold.
func (r *run) stock() map[string]string {
	r.t.Helper()
	ctx := context.Background()
	keys, err := truth.ScanKeys(ctx, r.rdb, "stock:7:*")
	if err != nil {
		r.t.Fatal(err)
	}
	all := map[string]string{}
	for _, key := range keys {
		if all[key], err = r.rdb.Get(ctx, key).Result(); err != nil {
			r.t.Fatal(err)
		}
	}
	return all
}

// holds reports how many stock keys of store 7 hold a value.
func (r *run) holds(value string) (n int) {
	for _, v := range r.stock() {
		if v == value {
			n++
		}
	}
	return n
}

// fails waits for the end of a program that must fail, and returns what it has logged.
func fails(t *testing.T, p *rig.Process) string {
	t.Helper()
	exit, err := p.Wait(patience)
	if err != nil {
		t.Fatal(err)
	}
	if exit != (rig.Exit{Code: 1}) {
		t.Errorf("%v, want exit code 1\n%s", exit, p.Log())
	}
	return p.Log()
}

// TestStartWithoutALog deletes one list while the program is stopped. The next start fails, names the list, and changes nothing.
func TestStartWithoutALog(t *testing.T) {
	t.Parallel()
	const products = 200
	r := newRun(t)
	r.countAll(products)
	p := r.launch(r.addrs)
	r.settle(p)
	if err := p.Stop(patience); err != nil {
		t.Fatal(err)
	}
	if n := r.holds("100"); n != products {
		t.Fatalf("%d stock keys, want %d", n, products)
	}
	logs, err := r.logs()
	if err != nil || len(logs) < 2 {
		t.Fatalf("logs %v, %v", logs, err)
	}
	gone := logs[len(logs)/2]
	if err := r.rdb.Del(context.Background(), gone).Err(); err != nil {
		t.Fatal(err)
	}
	stock, mirror := r.stock(), r.mirror()
	r.send("pos", `{"order_number":"o","store_id":7,"product_id":"sku-1","product_count":1,"timestamp":%d}`, rig.Now())
	log := fails(t, r.launch(r.addrs))
	for _, want := range []string{gone + " is gone", r.addrs, "--restore=none"} {
		if !strings.Contains(log, want) {
			t.Errorf("the start does not name %q:\n%s", want, log)
		}
	}
	if !maps.Equal(stock, r.stock()) || !maps.Equal(mirror, r.mirror()) {
		t.Error("the refused start has changed Redis")
	}
}

// TestStopWithoutALog deletes one list while the program runs and nothing happens. The end notices it.
func TestStopWithoutALog(t *testing.T) {
	t.Parallel()
	r := newRun(t, "--key_groups=1")
	r.countAll(3)
	p := r.launch(r.addrs)
	r.settle(p)
	if n := r.rdb.Del(context.Background(), logPrefix+"0}").Val(); n != 1 {
		t.Fatal("there is no log")
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if log := fails(t, p); !strings.Contains(log, logPrefix+"0} is gone") {
		t.Errorf("the end does not name the log:\n%s", log)
	}
}

// TestClusterLosesAllOfAMaster empties each master of a cluster in turn, while no event comes. All keys come back, and the state too.
func TestClusterLosesAllOfAMaster(t *testing.T) {
	t.Parallel()
	const products = 300
	r, c := newClusterRun(t)
	r.countAll(products)
	p := r.launch(r.addrs)
	r.settle(p)
	for i, master := range c.Masters() {
		if err := p.Await("all keys are there", patience, func() bool { return r.holds("100") == products }); err != nil {
			t.Fatal(err)
		}
		awaitCanary(t, p, master)
		if err := master.Client().FlushAll(context.Background()).Err(); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if n := r.holds("100"); n == products {
			t.Error("the master had no stock key")
		}
		want := i + 1
		if err := p.Await("the loss is noticed", patience, func() bool {
			return strings.Count(p.Log(), "all signals are written again") == want
		}); err != nil {
			t.Fatal(err)
		}
		t.Logf("the loss of master %d was noticed after %v", i, time.Since(begun))
	}
	if err := p.Await("all keys are there", patience, func() bool { return r.holds("100") == products }); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(patience); err != nil {
		t.Fatal(err)
	}
	for i := range products {
		r.send("pos", `{"order_number":"o%d","line":1,"store_id":7,"product_id":"sku-%d","product_count":1,"timestamp":%d}`, i, i, rig.Now())
	}
	p = r.launch(r.addrs)
	r.settle(p)
	if n := r.holds("99"); n != products {
		t.Errorf("%d of %d keys hold 99", n, products)
	}
	if err := p.Stop(patience); err != nil {
		t.Fatal(err)
	}
}

// awaitCanary waits until a master has the key by which its loss is noticed.
func awaitCanary(t *testing.T, p *rig.Process, master *redistest.Server) {
	t.Helper()
	rdb := master.Client()
	if err := p.Await("the master is watched", patience, func() bool {
		keys, err := rdb.Keys(context.Background(), "streamlytics:here*").Result()
		return err == nil && len(keys) > 0
	}); err != nil {
		t.Fatal(err)
	}
}

// TestTakenOverWhileIdle starts the program a second time on the same Redis. The first ends within seconds, though nothing is written.
func TestTakenOverWhileIdle(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.countAll(10)
	first := r.launch(r.addrs)
	r.settle(first)
	r.dir = t.TempDir()
	second := r.launch(r.addrs)
	log := fails(t, first)
	if line := lastLine(log); !strings.Contains(line, "another pipeline has taken over the state in this Redis") || !strings.Contains(line, "stop one of the two") {
		t.Errorf("the last line is %q:\n%s", line, log)
	}
	if !second.Running() {
		t.Errorf("the second has ended:\n%s", second.Log())
	}
	if err := second.Stop(patience); err != nil {
		t.Fatal(err)
	}
}

func lastLine(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return lines[len(lines)-1]
}

// TestRedisThatMayEvict is refused at the start.
func TestRedisThatMayEvict(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	for name, value := range map[string]string{"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"} {
		if err := r.redis.Client().ConfigSet(context.Background(), name, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, restore := range []string{"redis", "none"} {
		r.flags = []string{"--restore=" + restore}
		if line := lastLine(fails(t, r.launch(r.addrs))); !strings.Contains(line, "maxmemory_policy is allkeys-lru") || !strings.Contains(line, "noeviction") {
			t.Errorf("with --restore=%s the last line is %q", restore, line)
		}
	}
}
