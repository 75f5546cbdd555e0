package lifecycle

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

const (
	poll = 500 * time.Millisecond
	span = 6 * time.Hour
)

// night is a running job that reads Pub/Sub and watches a place for counts, and the truth about it.
type night struct {
	t       *testing.T
	redis   *redistest.Server
	pubsub  *rig.PubSub
	process *rig.Process
	truth   *truth.Ledger
	counts  []truth.Event // of every pair, as of some hours ago
	late    []truth.Event // sales and receipts that come after the counts
	lines   int64         // of the files that have come
}

// TestLateCount has sales and receipts of six hours flow over Pub/Sub, without a count. Then count files arrive whose counts are
// hours old, each pair's of another time: what was sold before a count must not matter any more, what was sold at it and after it
// must. At the end the other half of the six hours comes, on both sides of the counts.
func TestLateCount(t *testing.T) {
	t.Parallel()
	dir := folder(t.TempDir())
	n := newNight(t, dir)
	first, second := n.counts[:len(n.counts)/2], n.counts[len(n.counts)/2:]
	grow(t, dir.path("counts-1.csv"), csvFile(first))
	n.counted("the first file", first)
	dir.put(t, "counts-2.jsonl", jsonFile(second))
	n.counted("the second file", second)
	n.finish()
}

// newNight starts the job and lets half of its sales and receipts flow, up to the truth.
func newNight(t *testing.T, p folder) *night {
	t.Helper()
	n := &night{t: t, redis: redistest.Start(t), truth: truth.NewLedger()}
	n.pubsub = rig.StartPubSub(t)
	trace := rig.NewTrace(rig.TraceOptions{Seed: 37, Events: 4000, Span: span})
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(trace)
		}
	})
	moves := slices.DeleteFunc(trace.Events, func(e truth.Event) bool { return e.Type == "RESET" })
	n.counts, n.late = counts(moves, trace.Options.Until), moves[len(moves)/2:]
	n.process = rig.Start(t, rig.Launch{Env: n.pubsub.Env(), Flags: append(n.pubsub.Flags(), "--redis_addrs="+n.redis.Addr,
		"--wms_files="+p.path("counts-*"), "--wms_files_poll="+poll.String())})
	n.sold("before the counts", moves[:len(moves)/2])
	return n
}

// counts makes one count of every pair. Every second one is of the very millisecond of a movement.
func counts(moves []truth.Event, until time.Time) (all []truth.Event) {
	r := rand.New(rand.NewPCG(37, 5))
	seen := map[truth.Key]bool{}
	for _, e := range moves {
		key := truth.Key{Store: e.Store, Product: e.Product}
		if seen[key] {
			continue
		}
		seen[key] = true
		at := until.Add(-time.Hour - time.Duration(r.Int64N(int64(4*time.Hour)))).UnixMilli()
		if len(all)%2 == 0 {
			at = e.OccurredAt
		}
		all = append(all, truth.Event{ID: fmt.Sprint("count", len(all)), Type: "RESET", Store: e.Store, Product: e.Product,
			Quantity: r.Int64N(100), OccurredAt: at})
	}
	return all
}

func csvFile(counts []truth.Event) []byte {
	var b strings.Builder
	b.WriteString("event_id,type,store_id,sku,count,counted_at\n")
	for _, e := range counts {
		fmt.Fprintf(&b, "%s,RESET,%s,%s,%d,%s\n", e.ID, e.Store, e.Product, e.Quantity,
			time.UnixMilli(e.OccurredAt).UTC().Format(time.RFC3339Nano))
	}
	return []byte(b.String())
}

// grow writes a file bit by bit under its own name, lines cut anywhere, for longer than the program
// takes to find it. The program reads on from where it was.
func grow(t *testing.T, path string, data []byte) {
	t.Helper()
	const pieces = 100
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tick := time.NewTicker(4 * poll / pieces)
	defer tick.Stop()
	for i := range pieces {
		if _, err := f.Write(data[i*len(data)/pieces : (i+1)*len(data)/pieces]); err != nil {
			t.Fatal(err)
		}
		<-tick.C
	}
}

func jsonFile(counts []truth.Event) []byte {
	var b strings.Builder
	for _, e := range counts {
		b.WriteString(warehouseLine(e))
	}
	return []byte(b.String())
}

// sold publishes events and waits for the truth.
func (n *night) sold(when string, events []truth.Event) {
	n.t.Helper()
	for _, e := range events {
		if err := n.pubsub.Publish(rig.Unified(e)); err != nil {
			n.t.Fatal(err)
		}
	}
	if err := n.process.Await("everything is acknowledged", patience, n.pubsub.Settled); err != nil {
		n.t.Fatal(err)
	}
	n.await(when, events)
}

// counted waits for the truth with the counts of a file.
func (n *night) counted(when string, counts []truth.Event) {
	n.t.Helper()
	n.lines += int64(len(counts))
	n.await(when, counts)
}

func (n *night) await(when string, events []truth.Event) {
	n.t.Helper()
	n.truth.Add(events...)
	report, err := n.truth.Await(n.t.Context(), n.redis.Client(), rig.Now, patience)
	if err != nil || !report.OK() {
		n.t.Fatalf("%s: %v, %v\n%s", when, report, err, n.process.Log())
	}
	n.t.Logf("%s: %v", when, report)
}

// finish sends what comes after the counts, drains the job, and requires each line of a file to have
// been read once.
func (n *night) finish() {
	n.t.Helper()
	n.sold("after the counts", n.late)
	if err := n.process.Stop(patience); err != nil {
		n.t.Fatal(err)
	}
	report, err := n.truth.Check(n.t.Context(), n.redis.Client(), rig.Now())
	if err != nil || !report.OK() {
		n.t.Errorf("after the drain: %v, %v", report, err)
	}
	summary, err := n.process.Summary()
	if err != nil {
		n.t.Fatal(err)
	}
	if want := n.pubsub.Published() + n.lines; summary.Acked != want || summary.Duplicates != 0 ||
		len(summary.Refused) != 0 {
		n.t.Errorf("%d messages and lines, want %d; %d twice, refused %v", summary.Acked, want, summary.Duplicates, summary.Refused)
	}
	if summary.DroppedByBarrier == 0 {
		n.t.Error("no late sale was before its count")
	}
}
