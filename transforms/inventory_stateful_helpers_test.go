package transforms

import (
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/test/truth"
	"github.com/beamlytics/streamlytics/transforms/keyed"
)

// stockStage runs InventoryStatefulFn with its state in the process.
type stockStage struct {
	t  *testing.T
	fn *InventoryStatefulFn
}

// stockOut is what one bundle emitted.
type stockOut struct {
	signals []batch.Signals
	letters []event.DeadLetter
	changes map[string][][]byte
}

// testKeyed are the settings of a keyed stage, with its state in the process.
func testKeyed(t *testing.T) Keyed {
	return Keyed{PipelineID: t.Name(), Limits: testLimits, ProductGroups: 4,
		State: keyed.Config{InProcess: true, CacheBytes: 1 << 30}}
}

func newStockStage(t *testing.T, k Keyed) *stockStage {
	fn := &InventoryStatefulFn{Keyed: k}
	if err := fn.Setup(); err != nil {
		t.Fatal(err)
	}
	return &stockStage{t: t, fn: fn}
}

// bundle processes a batch of one key.
func (s *stockStage) bundle(key string, encoded []byte) stockOut {
	s.t.Helper()
	out := stockOut{changes: map[string][][]byte{}}
	signals := func(_ beam.EventTime, b batch.Signals) { out.signals = append(out.signals, b) }
	letters := func(_ beam.EventTime, l batch.DeadLetters) { out.letters = append(out.letters, l.Letters...) }
	changes := func(_ beam.EventTime, group string, b []byte) { out.changes[group] = append(out.changes[group], b) }
	s.fn.StartBundle(s.t.Context(), signals, letters, changes)
	if err := s.fn.ProcessElement(s.t.Context(), 5, nil, key, encoded, signals, letters, changes); err != nil {
		s.t.Fatal(err)
	}
	s.fn.FinishBundle(s.t.Context(), signals, letters, changes)
	return out
}

// commit processes events of one key.
func (s *stockStage) commit(key string, events ...event.UnifiedInventoryEvent) stockOut {
	s.t.Helper()
	return s.bundle(key, batchOf(s.t, nil, events...))
}

// recent is a time in the last hour of the wall clock, which is the stage's.
func recent(age time.Duration) int64 { return time.Now().Add(-age).UnixMilli() }

// stocks is what a reader of Redis would see: the signals of the greatest version.
type stocks map[truth.Key]signal.Stock

func (s stocks) take(t *testing.T, b batch.Signals) {
	t.Helper()
	for _, x := range b.Stocks {
		key := truth.Key{Store: x.StoreID, Product: x.ProductID}
		if old, ok := s[key]; !ok || x.Version >= old.Version {
			if ok && x.Version == old.Version &&
				(x.OnHand != old.OnHand || x.Known != old.Known || x.Barrier != old.Barrier) {
				t.Errorf("%v has two contents of version %d: %+v and %+v", key, x.Version, old, x)
			}
			s[key] = x
		}
	}
}

// check compares what was published with the truth about the events, sums over all stores too if there
// are any.
func (s stocks) check(t *testing.T, events []event.UnifiedInventoryEvent) {
	t.Helper()
	want := truth.Stock(oracleEvents(events))
	for key, truth := range want {
		got, ok := s[key]
		if !ok {
			t.Errorf("stock of %v is missing, want %+v", key, truth)
		} else if got.OnHand != truth.OnHand || got.Known != truth.Known || got.Barrier != truth.Barrier {
			t.Errorf("stock of %v is %+v, want %+v", key, got, truth)
		}
	}
	for key := range s {
		if _, ok := want[key]; !ok && key.Store != "" {
			t.Errorf("stock of %v should not exist", key)
		}
	}
}
