package lifecycle

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// run is one run of the program over many lives, on one Redis and one Pub/Sub.
type run struct {
	t      *testing.T
	pubsub *rig.PubSub
	redis  *redistest.Server // nil: a cluster
	addrs  string
	rdb    redis.UniversalClient
	dir    string
	flags  []string

	versions *rig.Versions
	kills    map[phase]int
}

// patience bounds what must come to pass: it is far more than anything takes on a machine that is busy.
const patience = 90 * time.Second

func newRun(t *testing.T, flags ...string) *run {
	t.Helper()
	server := redistest.Start(t)
	return (&run{t: t, redis: server, addrs: server.Addr, rdb: server.Client(), flags: flags}).prepare()
}

func (r *run) prepare() *run {
	r.t.Helper()
	r.dir, r.kills = r.t.TempDir(), map[phase]int{}
	r.pubsub = rig.StartPubSub(r.t)
	r.versions = rig.NewVersions(r.rdb)
	return r
}

func (r *run) launch(redisAddrs string) *rig.Process {
	r.t.Helper()
	flags := append(append(r.pubsub.Flags(), "--redis_addrs="+redisAddrs), r.flags...)
	return rig.Start(r.t, rig.Launch{Dir: r.dir, Env: r.pubsub.Env(), Flags: flags})
}

// live starts the program, lets events flow, and kills it at a moment. It returns the phase that the kill has provably hit, or
// "" when all was done before the moment came; the program is killed then too.
func (r *run) live(m moment, messages []rig.Message) (hit phase) {
	t := r.t
	t.Helper()
	ctx := context.Background()
	logs, err := r.logs()
	if err != nil {
		t.Fatal(err)
	}
	k := newKiller(m)
	tap := redistest.StartTap(t, r.redis, k.watch)
	defer tap.Close()
	waiting := 20
	if m.phase == restore || m.phase == rewriting {
		waiting = len(messages)
	}
	if err := r.pubsub.Publish(messages[:waiting]...); err != nil {
		t.Fatal(err)
	}
	messages = messages[waiting:]
	before := r.pubsub.Stats().Acked
	p := r.launch(tap.Addr)
	k.process <- p
	published := make(chan error, 1)
	go func() {
		if m.phase == compaction || m.phase == logging { // a log grows by several writes, so not all may wait when it begins
			_ = rig.Until("it has begun", patience, func() bool { return r.pubsub.Stats().Acked > before || k.has() })
		}
		published <- r.pubsub.PublishAt(ctx, 2_500, messages...)
	}()
	done := func() bool { return len(published) == 1 && r.pubsub.Settled() }
	due := func() bool {
		return k.has() || m.phase == anyTime && time.Since(p.Started()) >= time.Duration(m.n)*time.Millisecond
	}
	if err := p.Await(fmt.Sprintf("the kill %v", m), patience, func() bool { return due() || done() }); err != nil {
		t.Fatalf("%v\npublished %d, %+v", err, r.pubsub.Published(), r.pubsub.Stats())
	}
	hit = m.phase
	if !due() && m.phase != anyTime {
		hit = ""
	}
	if !k.has() {
		p.Kill()
	}
	if _, err := p.Wait(patience); err != nil { // the killer may linger
		t.Fatal(err)
	}
	if !tap.Settle(patience) {
		t.Fatal("the program is gone, and its connections to Redis are not")
	}
	if m.phase == restore && k.count(claim) >= len(logs) {
		hit = "" // the last key was being read when it died
	}
	if err := <-published; err != nil {
		t.Fatal(err)
	}
	r.pubsub.Expire(t)
	if err := r.versions.Look(ctx, true); err != nil {
		t.Errorf("after a kill %v: %v", m, err)
	}
	r.kills[hit]++
	return hit
}

// finish lets the program take the rest in peace and holds everything against the truth.
func (r *run) finish(ledger *truth.Ledger) {
	t := r.t
	t.Helper()
	p := r.launch(r.addrs)
	if err := p.Await("all is acknowledged", patience, r.pubsub.Settled); err != nil {
		t.Fatalf("%v\npublished %d, %+v", err, r.pubsub.Published(), r.pubsub.Stats())
	}
	if err := p.Stop(30 * time.Second); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	r.check(ledger)
	if err := r.versions.Look(ctx, true); err != nil {
		t.Errorf("at the end: %v", err)
	}
	letters, err := filepath.Glob(filepath.Join(r.dir, "dead_letters", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range letters {
		if b, err := os.ReadFile(name); err != nil || len(b) > 0 {
			t.Errorf("%s, where nothing was to be refused: %.500s %v", name, b, err)
		}
	}
	t.Logf("%d kills: %v; %+v; %d looks at the versions", r.total(), r.kills, r.pubsub.Stats(), r.versions.Looks())
}

// check holds everything against the truth.
func (r *run) check(ledger *truth.Ledger) {
	r.t.Helper()
	report, err := ledger.Check(context.Background(), r.rdb, rig.Now())
	if err != nil || !report.OK() {
		r.t.Errorf("%v %v", report, err)
		return
	}
	r.t.Log(report)
}

// total is how often the program was killed.
func (r *run) total() (n int) {
	for _, k := range r.kills {
		n += k
	}
	return n
}

// logs lists the logs that the state is kept in.
func (r *run) logs() ([]string, error) {
	return truth.ScanKeys(context.Background(), r.rdb, logPrefix+"*}")
}
