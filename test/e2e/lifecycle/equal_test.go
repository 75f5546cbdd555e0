package lifecycle

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// replyDelay is added to each reply of a slow Redis.
const replyDelay = 200 * time.Millisecond

// TestFilesLeaveWhatPubSubLeaves runs the program over one trace three times, each time on an empty Redis: over Pub/Sub, with
// repetitions and disorder; from files of this machine; and from files of Cloud Storage. The runs over files end by themselves.
// The truth must be in Redis each time, and the same keys with the same stock.
func TestFilesLeaveWhatPubSubLeaves(t *testing.T) {
	t.Parallel()
	trace := rig.NewTrace(rig.TraceOptions{Seed: 31, Events: 4000, Duplicates: 0.1, Span: 40 * time.Minute})
	ledger := truth.NewLedger(trace.Events...)
	said := map[string]map[string]string{}
	check := func(how string, server *redistest.Server) {
		t.Helper()
		report, err := ledger.Check(t.Context(), server.Client(), rig.Now())
		if err != nil || !report.OK() {
			t.Errorf("%s: %v, %v", how, report, err)
		}
		t.Logf("%s: %v", how, report)
		said[how] = saidBy(t, server.Client())
	}

	t.Run("Pub/Sub", func(t *testing.T) {
		server, pubsub := redistest.Start(t), rig.StartPubSub(t, rig.PubSubOptions{})
		if err := pubsub.Publish(trace.Messages...); err != nil {
			t.Fatal(err)
		}
		p := rig.Start(t, rig.Launch{Env: pubsub.Env(), Flags: append(pubsub.Flags(), "--redis_addrs="+server.Addr)})
		if err := p.Await("everything is acknowledged", patience, pubsub.Settled); err != nil {
			t.Fatal(err)
		}
		if err := p.Stop(patience); err != nil {
			t.Fatal(err)
		}
		check("Pub/Sub", server)
	})
	for how, place := range map[string]place{"folder": folder(t.TempDir()), "gs://": newBucket(t)} {
		t.Run(how, func(t *testing.T) {
			lay(t, place, trace)
			server := redistest.Start(t)
			slow := rig.StartProxy(t, server.Addr) // so that the input ends before all is written
			slow.Delay(replyDelay, replyDelay)
			p := rig.Start(t, rig.Launch{Env: place.env(), Flags: []string{"--redis_addrs=" + slow.Addr,
				"--events_files=" + place.path("sales-*.jsonl") + "," + place.path("clicks.jsonl.gz"), "--wms_files=" + place.path("warehouse*")}})
			exit, err := p.Wait(patience)
			if err != nil || exit != (rig.Exit{}) {
				t.Fatalf("%v, %v\n%s", exit, err, p.Log())
			}
			check(how, server)
			summary, err := p.Summary()
			if err != nil || summary.Acked != int64(len(trace.Events)) || summary.Duplicates != 0 {
				t.Errorf("read %d lines, %d twice, of %d; %v", summary.Acked, summary.Duplicates, len(trace.Events), err)
			}
		})
	}

	if len(said["Pub/Sub"]) == 0 {
		t.Fatal("nothing was said over Pub/Sub")
	}
	for how, keys := range said {
		for key, value := range said["Pub/Sub"] {
			if got, found := keys[key]; !found || got != value {
				t.Errorf("%s: %s is %q (%v), over Pub/Sub %q", how, key, got, found, value)
			}
		}
		for key := range keys {
			if _, found := said["Pub/Sub"][key]; !found {
				t.Errorf("%s: there is %s, which Pub/Sub does not leave", how, key)
			}
		}
	}
}

// lay writes a trace as files: two of sales, one of clicks in gzip, one of the warehouse's.
func lay(t *testing.T, p place, trace *rig.Trace) {
	t.Helper()
	files := map[string]*strings.Builder{"sales-1.jsonl": {}, "sales-2.jsonl": {}, "clicks.jsonl": {}, "warehouse.jsonl": {}}
	for i, e := range trace.Events {
		switch {
		case fromWarehouse(e):
			files["warehouse.jsonl"].WriteString(warehouseLine(e))
		case e.Type != "SALE":
			files["clicks.jsonl"].WriteString(unifiedLine(e))
		default:
			files[[]string{"sales-1.jsonl", "sales-2.jsonl"}[i%2]].WriteString(unifiedLine(e))
		}
	}
	for name, text := range files {
		data := []byte(text.String())
		if name == "clicks.jsonl" {
			name, data = name+".gz", gzipped(t, data)
		}
		p.put(t, name, data)
	}
}

// saidBy is every key that shops read, with the value of those that do not depend on when they are written: the stock, and what
// is known of it. Of velocity it is the key alone; its numbers are the truth's to check.
func saidBy(t *testing.T, rdb *redis.Client) map[string]string {
	t.Helper()
	keys, err := rdb.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, key := range keys {
		switch {
		case strings.HasPrefix(key, "streamlytics:"): // the program's own
		case strings.HasSuffix(key, ":meta"):
			fields, err := rdb.HMGet(t.Context(), key, "known", "barrier").Result()
			if err != nil {
				t.Fatal(err)
			}
			var text []string
			for _, f := range fields {
				s, _ := f.(string)
				text = append(text, s)
			}
			said[key] = strings.Join(text, " ")
		case strings.HasPrefix(key, "stock:"):
			value, err := rdb.Get(t.Context(), key).Result()
			if err != nil {
				t.Fatal(err)
			}
			said[key] = value
		default:
			said[key] = ""
		}
	}
	return said
}
