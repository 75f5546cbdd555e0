package simulate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/beamlytics/streamlytics/config"
	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
	"github.com/beamlytics/streamlytics/tools/pubsub/localpubsub"
	"github.com/beamlytics/streamlytics/tools/retail"
)

// bus is a Pub/Sub server with a topic and a subscription for each channel.
type bus struct {
	t      *testing.T
	server *localpubsub.Server
}

func newBus(t *testing.T) *bus {
	t.Helper()
	server := rig.ServePubSub(t, localpubsub.Options{})
	t.Setenv("PUBSUB_EMULATOR_HOST", server.Addr())
	if err := server.Create("p", "pos:pos,ecom:ecom,wms:wms"); err != nil {
		t.Fatal(err)
	}
	return &bus{t, server}
}

// options are those of a small world on a busy morning, whatever the hour of the test.
func (b *bus) options(args ...string) Options {
	b.t.Helper()
	return parse(b.t, append([]string{"--project=p", "--shops=2", "--products=10", "--clock_speed=600", "--events_per_second=300",
		"--clock_origin=2026-03-02T10:00:00Z"}, args...)...)
}

// run plays with small options, and returns what it prints.
func (b *bus) run(ctx context.Context, args ...string) (string, error) {
	b.t.Helper()
	o := b.options(args...)
	var out bytes.Buffer
	err := Run(ctx, o, &out)
	return out.String(), err
}

// runFor plays like run, and stops when more messages are published.
func (b *bus) runFor(more int64, args ...string) (out string, err error) {
	b.t.Helper()
	ctx, stop := context.WithCancel(b.t.Context())
	defer stop()
	enough := b.backlog() + more
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		out, err = b.run(ctx, args...)
	}()
	waited := rig.Until("it has published", time.Minute, func() bool {
		select {
		case <-ended:
			return true
		default:
			return b.backlog() >= enough
		}
	})
	stop()
	<-ended
	return out, errors.Join(err, waited)
}

// backlog is how many messages are published and not taken.
func (b *bus) backlog() (n int64) {
	b.t.Helper()
	for _, topic := range []string{"pos", "ecom", "wms"} {
		s, err := b.server.Stats(localpubsub.SubscriptionName("p", topic))
		if err != nil {
			b.t.Fatal(err)
		}
		n += s.Backlog
	}
	return n
}

func parse(t *testing.T, args ...string) Options {
	t.Helper()
	o, err := parseOptions(args)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// drain takes all messages, and counts each content.
func (b *bus) drain() map[string]int {
	b.t.Helper()
	got := map[string]int{}
	for _, topic := range []string{"pos", "ecom", "wms"} {
		subscription := localpubsub.SubscriptionName("p", topic)
		s, err := b.server.Stats(subscription)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, m := range rig.Pull(b.t, b.server.Addr(), subscription, int(s.Backlog)) {
			got[content(topic, m.GetData(), m.GetAttributes())]++
		}
	}
	return got
}

func content(topic string, data []byte, attributes map[string]string) string {
	return topic + " " + attributes["event_id"] + " " + string(data)
}

// TestRunsGoOnWithOneWorld stops the simulator at random moments and starts it again on its state. What came to the topics is what
// the world publishes when nobody interrupts it: nothing is missing, and what comes from its restarts besides is a repetition.
func TestRunsGoOnWithOneWorld(t *testing.T) {
	b := newBus(t)
	r := rand.New(rand.NewPCG(3, 1))
	file := filepath.Join(t.TempDir(), "state.json")
	const runs = 4
	for i := range runs {
		out, err := b.runFor(50+r.Int64N(100), "--state_file="+file)
		if err != nil {
			t.Fatalf("run %d: %v\n%s", i, err, out)
		}
	}
	left, err := b.options("--state_file=" + file).resume(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	got, want := b.drain(), map[string]int{}
	for _, p := range small(left).Advance(left.Published.UnixMilli()) {
		want[content(string(p.Topic), p.Data, p.Attributes)]++
	}
	if len(want) < 100 || !maps.Equal(got, want) {
		t.Errorf("got %d different messages, want %d", len(got), len(want))
	}
}

// TestAWorldThatWasCutOffRepeats: after a crash the last moments come again, and nothing is left out.
func TestAWorldThatWasCutOffRepeats(t *testing.T) {
	b := newBus(t)
	file := filepath.Join(t.TempDir(), "state.json")
	if _, err := b.runFor(50, "--state_file="+file); err != nil {
		t.Fatal(err)
	}
	o := b.options("--state_file=" + file)
	s, err := o.resume(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s.Published = s.Published.Add(-10 * time.Minute) // of the world: as if it had been killed before it saved
	if err := s.save(file); err != nil {
		t.Fatal(err)
	}
	first := b.drain()
	if _, err := b.run(t.Context(), "--state_file="+file, "--duration=50ms"); err != nil {
		t.Fatal(err)
	}
	again := 0
	for message := range b.drain() {
		again += min(first[message], 1)
	}
	if again == 0 {
		t.Error("nothing came again")
	}
}

func TestAnotherWorldIsRefused(t *testing.T) {
	b := newBus(t)
	file := filepath.Join(t.TempDir(), "state.json")
	if _, err := b.run(t.Context(), "--state_file="+file, "--duration=1ms"); err != nil {
		t.Fatal(err)
	}
	out, err := b.run(t.Context(), "--state_file="+file, "--duration=1ms", "--seed=2")
	if err == nil || !strings.Contains(err.Error(), "is of another world") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestConnectionsThatBreakLoseNothing cuts the connection again and again while the world goes on.
func TestConnectionsThatBreakLoseNothing(t *testing.T) {
	b := newBus(t)
	proxy := rig.StartProxy(t, b.server.Addr())
	t.Setenv("PUBSUB_EMULATOR_HOST", proxy.Addr)
	file := filepath.Join(t.TempDir(), "state.json")
	ctx, stop := context.WithCancel(t.Context())
	finished := make(chan error, 1)
	go func() {
		_, err := b.run(ctx, "--state_file="+file)
		finished <- err
	}()
	for range 5 {
		before := b.backlog()
		if err := rig.Until("it publishes", time.Minute, func() bool { return b.backlog() > before+50 }); err != nil {
			t.Fatal(err)
		}
		proxy.Cut()
		if err := proxy.Mend(); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if err := <-finished; err != nil {
		t.Fatal(err)
	}
	got, missing := b.drain(), 0
	left, err := b.options("--state_file=" + file).resume(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range small(left).Advance(left.Published.UnixMilli()) {
		if got[content(string(p.Topic), p.Data, p.Attributes)] == 0 {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%d messages are missing", missing)
	}
}

// small is the world of these tests.
func small(s state) *retail.World {
	return retail.New(retail.Config{Seed: 1, Shops: 2, Products: 10, EventsPerSecond: 0.5}, s.ClockOrigin.UnixMilli())
}

// TestTopicsThatAreMissing end it with an error that names one.
func TestTopicsThatAreMissing(t *testing.T) {
	b := newBus(t)
	out, err := b.run(t.Context(), "--wms_topic=elsewhere", "--duration=1m")
	if err == nil || !strings.Contains(err.Error(), "projects/p/topics/elsewhere") {
		t.Errorf("%v\n%s", err, out)
	}
}

var reportLine = regexp.MustCompile(`^(\d+) messages published, \d+/s; the world is at 2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ, \S+ behind$`)

// TestTruthIsHeldAgainstRedis writes the truth, makes a Redis from it, and spoils one key after the other.
func TestTruthIsHeldAgainstRedis(t *testing.T) {
	b := newBus(t)
	file := filepath.Join(t.TempDir(), "truth.json")
	out, err := b.runFor(50, "--truth_file="+file, "--report_every=100ms")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	last := reportLine.FindStringSubmatch(lines[len(lines)-1])
	stated, err := ReadTruth(file)
	if err != nil || len(stated.Stock) == 0 {
		t.Fatalf("the truth is %+v, %v", stated, err)
	}
	if last == nil || last[1] != strconv.FormatInt(stated.Messages, 10) {
		t.Errorf("the last line is %q, the truth says %d", lines[len(lines)-1], stated.Messages)
	}
	server := miniredis.RunT(t)
	global := map[string]int64{}
	for _, s := range stated.Stock {
		key := truth.Key{Store: s.Store, Product: s.Product}
		server.Set(key.StockName(), strconv.FormatInt(s.OnHand, 10))
		known, barrier := "0", ""
		if s.Known {
			known, barrier = "1", strconv.FormatInt(s.Barrier, 10)
			global[s.Product] += s.OnHand
		}
		server.HSet(key.MetaName(), "known", known, "barrier", barrier)
	}
	for product, onHand := range global {
		key := truth.Key{Product: product}
		server.Set(key.StockName(), strconv.FormatInt(onHand, 10))
		server.HSet(key.MetaName(), "known", "1", "barrier", "")
	}
	check := func() (string, error) {
		var out bytes.Buffer
		err := Run(t.Context(), parse(t, "--check_truth="+file, "--check_redis="+server.Addr(), "--check_timeout=1ms"), &out)
		return out.String(), err
	}
	keys := len(stated.Stock) + len(global)
	if out, err := check(); err != nil || out != fmt.Sprintf("stock keys checked against the truth: %d, wrong: 0, missing: 0\n", keys) {
		t.Errorf("%v\n%s", err, out)
	}
	one, two := stated.Stock[0], stated.Stock[1]
	server.Set(truth.Key{Store: one.Store, Product: one.Product}.StockName(), strconv.FormatInt(one.OnHand+1, 10))
	server.Del(truth.Key{Store: two.Store, Product: two.Product}.StockName())
	if out, err := check(); !errors.Is(err, ErrWrongStock) || !strings.HasSuffix(out, fmt.Sprintf("truth: %d, wrong: 1, missing: 1\n", keys)) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestBadOptionsAreNamedAllAtOnce(t *testing.T) {
	for args, wants := range map[string][]string{
		"":                      {"--pos_topic: the topic id \"pos\" needs --project"},
		"--project=p --shops=0": {"--shops: 0"},
		"--project=p --clock_speed=NaN --events_per_second=0 --duration=-1s":   {"--clock_speed: NaN", "--events_per_second: 0", "--duration: -1s"},
		"--project=p --clock_origin=yesterday --products=0 --report_every=1ms": {"--clock_origin: \"yesterday\"", "--products: 0", "--report_every: 1ms"},
		"--project=p --state_file=/nowhere/at/all --online_store=global x":     {"--state_file: ", "--online_store: ", "unexpected argument \"x\""},
		"--project=p --check_redis=here --check_timeout=0s":                    {"--check_redis: ", "--check_timeout: 0s"},
		"--check_truth=x --seed=2":                                             {"--check_truth: needs --check_redis", "--seed: has no meaning"},
	} {
		_, err := parseOptions(strings.Fields(args))
		for _, want := range wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: the error is %v, without %q", args, err, want)
			}
		}
	}
}

// parseOptions returns the options on a command line.
func parseOptions(args []string) (Options, error) {
	o := DefaultOptions()
	err := config.Parse(&o, args, nil)
	return o, err
}
