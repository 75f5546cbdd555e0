package lifecycle

import (
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// replyDelay is added to each reply of a slow Redis.
const replyDelay = 200 * time.Millisecond

// TestFilesToTheirEnd runs the program over one trace as files of this machine and of Cloud Storage,
// each time on an empty Redis. The runs end by themselves, and leave the truth.
func TestFilesToTheirEnd(t *testing.T) {
	t.Parallel()
	trace := rig.NewTrace(rig.TraceOptions{Seed: 31, Events: 4000, Span: 40 * time.Minute})
	ledger := truth.NewLedger(trace.Events...)
	for how, place := range map[string]place{"folder": folder(t.TempDir()), "gs://": newBucket(t)} {
		t.Run(how, func(t *testing.T) {
			lay(t, place, trace)
			server := redistest.Start(t)
			slow := rig.StartProxy(t, server.Addr) // so that the input ends before all is written
			slow.Delay(replyDelay, replyDelay)
			p := rig.Start(t, rig.Launch{Env: place.env(), Flags: []string{"--redis_addrs=" + slow.Addr,
				"--events_files=" + place.path("sales-*.jsonl") + "," + place.path("clicks.jsonl.gz"),
				"--wms_files=" + place.path("warehouse*")}})
			exit, err := p.Wait(patience)
			if err != nil || exit != (rig.Exit{}) {
				t.Fatalf("%v, %v\n%s", exit, err, p.Log())
			}
			if report, err := ledger.Check(t.Context(), server.Client(), rig.Now()); err != nil || !report.OK() {
				t.Errorf("%v, %v", report, err)
			}
			summary, err := p.Summary()
			if err != nil || summary.Acked != int64(len(trace.Events)) || summary.Duplicates != 0 {
				t.Errorf("read %d lines, %d twice, of %d; %v", summary.Acked, summary.Duplicates, len(trace.Events), err)
			}
		})
	}
}

// lay writes a trace as files: two of sales, one of clicks in gzip, one of the warehouse's.
func lay(t *testing.T, p place, trace *rig.Trace) {
	t.Helper()
	files := map[string]*strings.Builder{"sales-1.jsonl": {}, "sales-2.jsonl": {}, "clicks.jsonl": {}, "warehouse.jsonl": {}}
	for i, e := range trace.Events {
		switch e.Type {
		case "RECEIPT", "RESET":
			files["warehouse.jsonl"].WriteString(warehouseLine(e))
		case "SALE":
			files[[]string{"sales-1.jsonl", "sales-2.jsonl"}[i%2]].Write(append(rig.Unified(e).Data, '\n'))
		default:
			files["clicks.jsonl"].Write(append(rig.Unified(e).Data, '\n'))
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

// warehouseLine returns a receipt or a count in the WMS format.
func warehouseLine(e truth.Event) string {
	_, m := rig.Native(e)
	return string(m.Data) + "\n"
}
