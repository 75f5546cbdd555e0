package transforms

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/timers"

	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/test/truth"
	"github.com/beamlytics/streamlytics/transforms/velocity"
)

// logs is a mirror in memory.
type logs struct {
	records map[string][][]byte
	seqs    map[string]int64
	kept    map[string]map[string]string
}

func newLogs() *logs {
	return &logs{records: map[string][][]byte{}, seqs: map[string]int64{}, kept: map[string]map[string]string{}}
}

// write writes the log writes of a bundle, as the mirror in Redis does.
func (l *logs) write(t *testing.T, out stockOut) {
	t.Helper()
	for _, b := range out.signals {
		for _, w := range b.Logs {
			if w.Prev != l.seqs[w.Key] || w.Seq <= w.Prev {
				t.Errorf("write %d of key %s names %d as the one before, want %d", w.Seq, w.Key, w.Prev, l.seqs[w.Key])
			}
			if l.seqs[w.Key] = w.Seq; w.Anew {
				l.records[w.Key] = nil
			}
			l.records[w.Key] = append(l.records[w.Key], slices.Clone(w.Record))
		}
	}
}

func (l *logs) Logs(_ context.Context, each func(string, [][]byte, int64) error) error {
	for key, records := range l.records {
		if err := each(key, records, l.seqs[key]); err != nil {
			return err
		}
	}
	return nil
}

func (l *logs) KeptGroups(context.Context) (map[string]map[string]string, error) { return l.kept, nil }

// restart returns the stages of a new process after Restore.
func restart(t *testing.T, l *logs, k Keyed) (*stockStage, *SmartVelocityFn) {
	t.Helper()
	if err := process.Of(k.PipelineID).Close(); err != nil {
		t.Fatal(err)
	}
	newEnv(t, nil)
	keys := 0
	if err := Restore(t.Context(), k, testConfig(), l, func() { keys++ }); err != nil {
		t.Fatal(err)
	}
	if keys != len(l.records) {
		t.Errorf("%d keys restored of %d", keys, len(l.records))
	}
	f := &SmartVelocityFn{Keyed: k, Options: VelocityOptions{Config: testConfig(), Decay: true, Mirrored: true},
		Timer: timers.InProcessingTime("evaluate")}
	if err := f.Setup(); err != nil {
		t.Fatal(err)
	}
	return newStockStage(t, k), f
}

// evaluateAllGroups hands the control of Start to every product group and returns what they emit.
func evaluateAllGroups(t *testing.T, s *stockStage, f *SmartVelocityFn) (out batch.Signals) {
	t.Helper()
	signals := func(_ beam.EventTime, b batch.Signals) { out.Join(b) }
	for group, changes := range s.bundle(controlKey, appendControl(appendTokens(nil, nil), evaluate)).changes {
		f.StartBundle(t.Context(), signals)
		if err := f.ProcessElement(t.Context(), 5, nil, &timerSink{}, group, changes[0], signals); err != nil {
			t.Fatal(err)
		}
		f.FinishBundle(t.Context(), signals)
	}
	return out
}

// timerSink takes timers that do not fire.
type timerSink struct{}

func (timerSink) Set(timers.TimerMap) {}

// TestRestore: a process that finds nothing but the mirror publishes velocity and the stock over
// all stores as the events make them, and goes on where the last one was, also when its images are
// packed.
func TestRestore(t *testing.T) {
	for _, cacheBytes := range []int{1 << 30, 1} {
		newEnv(t, nil)
		k := testKeyed(t)
		k.State.Mirrored, k.State.CacheBytes = true, cacheBytes
		l, trade, now := newLogs(), newTrade(8), time.Now().UnixMilli()
		before := newStockStage(t, k)
		for range 30 {
			l.write(t, before.commit("0", trade.draw(10, now)...))
		}
		after, products := restart(t, l, k)
		checkRestored(t, evaluateAllGroups(t, after, products), trade, now)
		if again := evaluateAllGroups(t, after, products); len(again.Stocks)+len(again.Velocities) > 0 {
			t.Errorf("evaluated again: %d stock and %d velocity signals", len(again.Stocks), len(again.Velocities))
		}
		got := stocks{}
		for range 10 {
			l.write(t, after.commit("0", trade.draw(10, now)...))
		}
		all := after.commit("0", trade.taken...) // repetitions: every key is published again
		l.write(t, all)
		got.take(t, all.signals[0])
		got.check(t, trade.taken)
		last, _ := restart(t, l, k)
		if out := last.commit("0", trade.taken...); len(out.changes) > 0 {
			t.Errorf("%d batches of changes by events that the mirror holds", len(out.changes))
		}
		if err := process.Of(k.PipelineID).Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// checkRestored compares what the product groups publish after a restore with the truth.
func checkRestored(t *testing.T, out batch.Signals, trade *trade, nowMs int64) {
	t.Helper()
	sums := truth.Global(truth.Stock(oracleEvents(trade.taken)))
	for _, s := range out.Stocks {
		if want, ok := sums[s.ProductID]; !ok || s.OnHand != want || !s.Known || s.Version == 0 {
			t.Errorf("over all stores %+v, want %d", s, want)
		}
		delete(sums, s.ProductID)
	}
	if len(sums) > 0 {
		t.Errorf("not published: %v", sums)
	}
	got := map[truth.Key]signal.Velocity{}
	for _, v := range out.Velocities {
		got[truth.Key{Store: v.StoreID, Product: v.ProductID}] = v
	}
	for key, want := range truth.Velocity(oracleEvents(trade.taken), nowMs) {
		v, ok := got[key]
		if !ok && !want.Must {
			continue
		}
		if !ok || !want.UnitsDay.Contains(v.UnitsDay) || !want.ViewsHour.Contains(v.ViewsHour) ||
			!want.CartsDay.Contains(v.CartsDay) {
			t.Errorf("velocity of %v is %+v, %v; want %+v", key, v, ok, want)
		}
	}
}

// TestRestoreKept: windows and badges begin as they were, and a series whose events are gone is
// deleted.
func TestRestoreKept(t *testing.T) {
	newEnv(t, nil)
	k := testKeyed(t)
	l := newLogs()
	l.kept["0"] = map[string]string{
		velocityField("", "gone"): velocity.Decisions{Dense: true, HighDemand: true,
			ChangedAt: recent(25 * time.Hour)}.String(),
		velocityField("1", "gone"): velocity.Decisions{Dense: true}.String(),
	}
	s, f := restart(t, l, k)
	out := evaluateAllGroups(t, s, f)
	if len(out.Velocities) != 2 || !out.Velocities[0].Gone || !out.Velocities[1].Gone {
		t.Errorf("velocity signals %+v", out.Velocities)
	}
	if len(out.Badges) != 1 || out.Badges[0].On || out.Badges[0].ProductID != "gone" {
		t.Errorf("badge changes %+v", out.Badges)
	}
	for field, value := range map[string]string{"x:p": "y", velocityField("s", "p"): "y"} {
		l.kept["1"] = map[string]string{field: value}
		if err := Restore(t.Context(), k, testConfig(), l, nil); err == nil {
			t.Errorf("%s=%s: no error", field, value)
		}
	}
}
