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

	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// TestRunsGoOnWithOneWorld stops the simulator at random moments and starts it again on its state.
// It checks that the topics have received exactly what the world publishes without an interruption.
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

// TestAWorldThatWasCutOffRepeats checks that after a crash the last moments are published again.
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
	s.Published = s.Published.Add(-10 * time.Minute) // as if it had been killed before it saved
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

// TestConnectionsThatBreakLoseNothing cuts the connection several times while the world advances.
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
		err := rig.Until("it publishes", time.Minute, func() bool { return b.backlog() > before+50 })
		if err != nil {
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

// TestTopicsThatAreMissing checks that a missing topic is an error that names it.
func TestTopicsThatAreMissing(t *testing.T) {
	b := newBus(t)
	out, err := b.run(t.Context(), "--wms_topic=elsewhere", "--duration=1m")
	if err == nil || !strings.Contains(err.Error(), "projects/p/topics/elsewhere") {
		t.Errorf("%v\n%s", err, out)
	}
}

var reportLine = regexp.MustCompile(
	`^(\d+) messages published, \d+/s; the world is at 2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ, \S+ behind$`)

// TestTruthIsHeldAgainstRedis writes the truth, fills a Redis from it, and spoils one key after the
// other.
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
		t.Errorf("the last line is %q, the truth has %d", lines[len(lines)-1], stated.Messages)
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
		o := parse(t, "--check_truth="+file, "--check_redis="+server.Addr(), "--check_timeout=1ms")
		err := Run(t.Context(), o, &out)
		return out.String(), err
	}
	keys := len(stated.Stock) + len(global)
	want := fmt.Sprintf("stock keys checked against the truth: %d, wrong: 0, missing: 0\n", keys)
	if out, err := check(); err != nil || out != want {
		t.Errorf("%v\n%s", err, out)
	}
	one, two := stated.Stock[0], stated.Stock[1]
	server.Set(truth.Key{Store: one.Store, Product: one.Product}.StockName(), strconv.FormatInt(one.OnHand+1, 10))
	server.Del(truth.Key{Store: two.Store, Product: two.Product}.StockName())
	want = fmt.Sprintf("truth: %d, wrong: 1, missing: 1\n", keys)
	if out, err := check(); !errors.Is(err, ErrWrongStock) || !strings.HasSuffix(out, want) {
		t.Errorf("%v\n%s", err, out)
	}
}
