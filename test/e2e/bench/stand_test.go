package bench

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/e2e/bench/yardstick"
	"github.com/beamlytics/streamlytics/test/redistest"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// patience is how long a measurement may take.
const patience = 10 * time.Minute

// stand is a Redis for one measurement, with a trace and its truth.
type stand struct {
	t      *testing.T
	server *redistest.Server
	client *redis.Client
	trace  trace
	stock  map[truth.Key]truth.Result // of the trace; nil: not made yet
}

func newStand(t *testing.T, tr trace) *stand {
	t.Helper()
	server := redistest.Start(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr, ReadTimeout: time.Minute})
	t.Cleanup(func() { _ = client.Close() })
	return &stand{t: t, server: server, client: client, trace: tr}
}

// files lets the program read the trace from a file, from its start to its end.
func (s *stand) files(what string, flags ...string) row {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "events.jsonl")
	s.write(path)
	before := s.redisCPU()
	p := rig.Start(s.t, rig.Launch{Flags: append([]string{"--events_files=" + path, "--redis_addrs=" + s.server.Addr}, flags...)})
	exit, err := p.Wait(patience)
	whole := time.Since(p.Started())
	if err != nil || exit != (rig.Exit{}) {
		s.t.Fatalf("%v %v\n%s", exit, err, p.Log())
	}
	r := s.finish(what, p, before)
	r.whole = whole
	return r
}

// backlog lets the program work off what has been published before it starts.
func (s *stand) backlog(what string, flags ...string) row {
	s.t.Helper()
	bus := rig.StartPubSub(s.t)
	s.publish(bus, len(s.trace.lines))
	before := s.redisCPU()
	// Past the proxy: it is for faults, and would take its part of the processor.
	p := rig.Start(s.t, rig.Launch{Env: []string{"PUBSUB_EMULATOR_HOST=" + bus.Server.Addr()}, Flags: append(append(bus.Flags(), "--redis_addrs="+s.server.Addr), flags...)})
	var first time.Duration
	s.await(p, "the first pull", func() bool { return bus.Stats().Delivered > 0 })
	first = time.Since(p.Started())
	s.await(p, "all is acknowledged", bus.Settled)
	took := time.Since(p.Started()) - first
	if err := p.Stop(time.Minute); err != nil {
		s.t.Fatal(err)
	}
	r := s.finish(what, p, before)
	r.rate, r.firstAt = float64(r.events)/took.Seconds(), first
	r.summary.LatencyMs.Max = 0 // of a backlog, it is the backlog's age
	r.summary.Runtime.VelocityLatency.Max = 0
	return r
}

// live publishes the trace at a rate while the program runs. look, if it is not nil, runs beside it
// until the program ends.
func (s *stand) live(what string, rate float64, look func(*testing.T, *rig.Process), flags ...string) row {
	s.t.Helper()
	bus := rig.StartPubSub(s.t)
	before := s.redisCPU()
	p := rig.Start(s.t, rig.Launch{Env: []string{"PUBSUB_EMULATOR_HOST=" + bus.Server.Addr()}, Flags: append(append(bus.Flags(), "--redis_addrs="+s.server.Addr), flags...)})
	s.publish(bus, 1)
	s.await(p, "the first message is acknowledged", bus.Settled)
	if look != nil {
		go look(s.t, p)
	}
	start := time.Now()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for n := int(bus.Published()); n < len(s.trace.lines); n = int(bus.Published()) {
		<-tick.C
		s.publish(bus, min(int(time.Since(start).Seconds()*rate)+1, len(s.trace.lines)))
	}
	published := time.Since(start)
	s.await(p, "all is acknowledged", bus.Settled)
	if err := p.Stop(time.Minute); err != nil {
		s.t.Fatal(err)
	}
	r := s.finish(what, p, before)
	r.rate = float64(r.events) / published.Seconds()
	return r
}

func (s *stand) await(p *rig.Process, what string, condition func() bool) {
	s.t.Helper()
	if err := p.Await(what, patience, condition); err != nil {
		s.t.Fatal(err)
	}
}

// publish publishes the trace up to its n-th line.
func (s *stand) publish(bus *rig.PubSub, n int) {
	s.t.Helper()
	for i := int(bus.Published()); i < n; i++ {
		if err := bus.Publish(rig.Message{Channel: rig.Channels[s.trace.channels[i]], Data: s.trace.lines[i]}); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *stand) write(path string) {
	s.t.Helper()
	f, err := os.Create(path)
	if err != nil {
		s.t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	for _, line := range s.trace.lines {
		if _, err := w.Write(line); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		s.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		s.t.Fatal(err)
	}
}

// finish makes the row of a process that has ended, and checks every stock key.
func (s *stand) finish(what string, p *rig.Process, redisBefore float64) row {
	s.t.Helper()
	n := len(s.trace.lines)
	r := row{what: what, events: n}
	r.redisCPU = (s.redisCPU() - redisBefore) / float64(n) * 1e6
	r.commands = s.info("stats", "total_commands_processed") / float64(n)
	var err error
	if r.summary, err = p.Summary(); err != nil {
		s.t.Fatal(err)
	}
	r.cpu = r.summary.Runtime.CPUSeconds / float64(n) * 1e6
	if r.rate = rateOf(p.Log()); r.rate == 0 {
		s.t.Errorf("the program does not say how fast it was:\n%s", p.Log())
	}
	if r.summary.Acked != int64(n) {
		s.t.Errorf("%s: %d of %d are done", what, r.summary.Acked, n)
	}
	s.check(&r, s.client)
	return r
}

// check compares every stock key with the trace.
func (s *stand) check(r *row, rdb *redis.Client) {
	s.t.Helper()
	if s.stock == nil {
		ledger := truth.NewLedger()
		if _, err := yardstick.Decode(s.trace.lines, func(e *event.UnifiedInventoryEvent) {
			if e.Type.MovesStock() {
				ledger.Add(truth.Event{ID: e.ID, Type: e.Type.String(), Store: e.StoreID, Product: e.ProductID,
					Quantity: e.Quantity, OccurredAt: e.OccurredAt})
			}
		}); err != nil {
			s.t.Fatal(err)
		}
		s.stock = ledger.Stock()
	}
	report, err := truth.CheckStock(context.Background(), rdb, s.stock, true)
	if err != nil {
		s.t.Fatal(err)
	}
	all := report.Total()
	if r.checked, r.wrong = all.Keys, all.Count(); r.wrong > 0 {
		s.t.Errorf("%s: %v", r.what, report)
	}
}

// rateOf returns the rate in the last line of the program's log, and 0 without one.
func rateOf(log string) (rate float64) {
	_, value, _ := strings.Cut(log, " messages_per_second=")
	if _, err := fmt.Sscan(value, &rate); err != nil {
		return 0
	}
	return rate
}

// redisCPU is the processor time of redis-server so far, seconds.
func (s *stand) redisCPU() float64 {
	s.t.Helper()
	return s.info("cpu", "used_cpu_user") + s.info("cpu", "used_cpu_sys")
}

func (s *stand) info(section, name string) float64 {
	s.t.Helper()
	text, err := s.client.Info(context.Background(), section).Result()
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return v
		}
	}
	s.t.Fatalf("INFO %s has no %s", section, name)
	return 0
}
