package soak

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// The defaults are the short form, which is part of the tests; `make soak` gives the long one.
var (
	duration = flag.Duration("soak.duration", 88*time.Second, "how long to publish, all rounds together")
	round    = flag.Duration("soak.round", 8*time.Second, "how long a round is: publish, one fault in the midst, wait, check")
	rate     = flag.Float64("soak.rate", 1000, "events a second")
	seed     = flag.Uint64("soak.seed", 1, "decides the events and the faults")
	race     = flag.Bool("soak.race", true, "build the program with the race detector")
	maxRSS   = flag.Int64("soak.rss", 2500, "resident memory of the program that must not be exceeded, MB; the race detector takes the most of it")
	table    = flag.String("soak.table", "", "file to write the table to as well")
	// By default a day of the program's clock passes in ten minutes. Ids are kept for a day of it at the least, however short the
	// horizon, so the memory of a program that lives in real time grows for a day; here it has reached what it stays at after ten
	// minutes.
	speed = flag.Float64("soak.speed", 144, "speed of the program's clock")
)

// patience bounds what must come to pass: far more than anything takes, and less than an hour of the program's clock.
const patience = 3 * time.Minute

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// soak is one run.
type soak struct {
	t       *testing.T
	random  *rand.Rand
	clock   clock.Clock
	world   *World
	pubsub  *rig.PubSub
	redis   *redistest.Server
	link    *rig.Proxy // between the program and Redis
	rdb     *redis.Client
	dir     string
	process *rig.Process

	versions *rig.Versions
	rows     []row
}

// TestSoak runs the program under load while faults come and go. At the end of each round publishing rests until all is
// acknowledged: then every key must be right, and memory, goroutines and open files must not have grown.
func TestSoak(t *testing.T) {
	now := time.Now()
	s := &soak{
		t: t, random: rand.New(rand.NewPCG(*seed, 1)), clock: clock.New(now, now, *speed), dir: t.TempDir(),
		world:  NewWorld(Shape{Seed: *seed, Stores: 40, Products: 50, Duplicates: 0.05}),
		pubsub: rig.StartPubSub(t),
		// It saves when it is told to end, and at no other time.
		redis: redistest.Start(t, "--save", "86400 1000000000"),
	}
	s.link, s.rdb = rig.StartProxy(t, s.redis.Addr), s.redis.Client()
	s.versions = rig.NewVersions(s.rdb)
	t.Logf("-soak.seed=%d -soak.rate=%v -soak.duration=%v -soak.round=%v -soak.race=%v -soak.speed=%v", *seed, *rate, *duration, *round, *race, *speed)
	s.start()
	s.print(header)
	for i, f := range schedule(s.random, max(int(*duration / *round), 1)) {
		r := s.round(i, f)
		s.rows = append(s.rows, r)
		s.print(r.String())
		if !r.report.OK() {
			t.Fatalf("round %d: %v\n%s", i+1, r.report, s.process.Log())
		}
	}
	s.must(s.process.Stop(rig30s))
	s.ended()
	s.judgeGrowth()
}

// round publishes for the most of a round, with a fault in the midst, rests until all is acknowledged, and checks.
func (s *soak) round(i int, f fault) row {
	began, before := time.Now(), s.pubsub.Stats()
	events := int(*rate * round.Seconds())
	published := make(chan error, 1)
	go func() { published <- s.publish(events, *round*5/6) }()
	time.Sleep(*round/10 + s.upTo(*round/4)) // somewhere in the flow
	f.strike(s)
	s.must(<-published)
	rate := float64(events) / time.Since(began).Seconds()
	ended := time.Now()
	if err := s.process.Await("all is acknowledged", patience, s.pubsub.Settled); err != nil {
		s.t.Fatalf("round %d, %s: %v\npublished %d, %+v", i+1, f.name, err, s.pubsub.Published(), s.pubsub.Stats())
	}
	r := row{
		round: i + 1, fault: f.name, rate: rate, published: s.pubsub.Published(), acked: s.pubsub.Stats().Acked,
		redelivered: s.pubsub.Stats().Redelivered + s.pubsub.Stats().Duplicated - before.Redelivered - before.Duplicated,
	}
	r.report = s.await()
	r.recovery = time.Since(ended)
	// A new summary costs some seconds, which a short round has not.
	s.must(r.measure(s.process, *round >= time.Minute || i%4 == 1))
	if rest := *round - time.Since(began); rest > 0 && *round >= time.Minute {
		time.Sleep(rest) // a minute is a minute
	}
	return r
}

// publish makes up events and publishes them, evenly over a time. What it falls behind it makes good.
func (s *soak) publish(events int, over time.Duration) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	began := time.Now()
	for sent := 0; sent < events; {
		due := min(int(float64(events)*float64(time.Since(began))/float64(over))+1, events)
		for ; sent < due; sent++ {
			if err := s.pubsub.Publish(s.world.Next(s.clock.NowMs())...); err != nil {
				return err
			}
		}
		<-tick.C
	}
	return nil
}

// await checks until all is right, or not within the patience, and returns the last report.
// Velocity may follow by some seconds, and after Redis has lost data it must be written again.
// Versions and dead letters must be right at any time.
func (s *soak) await() truth.Report {
	s.t.Helper()
	ctx := context.Background()
	// What has found nothing to change for a quarter of a minute must have looked since.
	s.world.ledger.FreshMs = int64(15_000 * *speed)
	r, err := s.world.ledger.Await(ctx, s.rdb, s.clock.NowMs, patience)
	s.must(err)
	if r.OK() {
		s.must(s.versions.Look(ctx, true))
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "dead_letters", "*.jsonl"))
	s.must(err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		s.must(err)
		if len(b) > 0 {
			s.t.Fatalf("dead letters, where nothing is to be refused: %.300s", b)
		}
	}
	return r
}

const rig30s = 30 * time.Second

// start starts the program, whose clock shows what the clock of the run shows.
func (s *soak) start() {
	s.t.Helper()
	binary := rig.Binary
	if *race {
		binary = rig.RaceBinary
	}
	path := binary(s.t)
	suppressions, err := filepath.Abs("../../../scripts/race-suppressions.txt")
	s.must(err)
	flags := append(s.pubsub.Flags(), "--redis_addrs="+s.link.Addr, "--ledger_horizon=24h", fmt.Sprintf("--clock_speed=%v", *speed),
		"--clock_origin="+time.UnixMilli(s.clock.NowMs()).UTC().Format(time.RFC3339Nano))
	s.process = rig.Start(s.t, rig.Launch{Binary: path, Dir: s.dir, Flags: flags,
		Env: append(s.pubsub.Env(), "GORACE=suppressions="+suppressions)})
}

// mustDrain waits for the end of a program that was told to drain.
func (s *soak) mustDrain() {
	s.t.Helper()
	exit, err := s.process.Wait(rig30s)
	s.must(err)
	if exit != (rig.Exit{}) {
		s.t.Fatalf("after SIGTERM: %v\n%s", exit, s.process.Log())
	}
	s.ended()
}

// ended looks through the log of a program that has ended.
func (s *soak) ended() {
	s.t.Helper()
	for _, bad := range []string{"DATA RACE", "panic:", "fatal error:"} {
		if strings.Contains(s.process.Log(), bad) {
			s.t.Fatalf("the program's log says %q:\n%s", bad, s.process.Log())
		}
	}
}

// last lets a fault last.
func (s *soak) last() {
	time.Sleep(min(*round/4, 3*time.Second) + s.upTo(min(*round/4, 10*time.Second)))
}

func (s *soak) upTo(d time.Duration) time.Duration { return time.Duration(s.random.Int64N(int64(d))) }

func (s *soak) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}
