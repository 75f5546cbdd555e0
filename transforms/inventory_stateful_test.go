package transforms

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/internal/codec"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/batch"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/signal"
)

func TestInventorySignals(t *testing.T) {
	env := newEnv(t, nil)
	s := newStockStage(t, testKeyed(t))
	counted, at := recent(2*time.Hour), recent(time.Minute)
	out := s.commit("0", ev(event.Sale, "12", "555", "s1", 4, at))
	if len(out.signals) != 1 || len(out.signals[0].Stocks) != 1 {
		t.Fatalf("a sale says %+v", out.signals)
	}
	first := out.signals[0].Stocks[0]
	if first.OnHand != -4 || first.Known || first.Barrier != 0 || first.Badge != "" ||
		first.StoreID != "12" || first.ProductID != "555" {
		t.Errorf("stock without a count: %+v", first)
	}
	reset := ev(event.Reset, "12", "555", "r1", 9, counted)
	reset.Message.PublishedAt = 777
	out = s.commit("0", reset, ev(event.View, "12", "999", "v1", 1, at))
	if len(out.signals) != 1 || len(out.signals[0].Stocks) != 1 {
		t.Fatalf("a count and a look say %+v", out.signals)
	}
	second := out.signals[0].Stocks[0]
	if second.OnHand != 5 || !second.Known || second.Barrier != counted || second.Badge != signal.LowStock ||
		second.Version <= first.Version {
		t.Errorf("stock after the count: %+v, before it %+v", second, first)
	}
	if got := out.signals[0].PublishedAt; !slices.Equal(got, []int64{777}) {
		t.Errorf("published at %v", got)
	}
	if b := out.signals[0].Badges; len(b) != 1 || b[0].Badge != signal.LowStock || !b[0].On || b[0].OnHand != 5 ||
		b[0].Enter != 5 || b[0].Exit != 8 {
		t.Errorf("badges: %+v", b)
	}
	if env.Metrics.Count(metrics.Recomputed) != 1 {
		t.Errorf("%d recomputed, want 1", env.Metrics.Count(metrics.Recomputed))
	}
}

// TestInventoryAnswersARepetition: the first answer may be lost, so a repetition gets the same
// again, under the same version.
func TestInventoryAnswersARepetition(t *testing.T) {
	env := newEnv(t, nil)
	s := newStockStage(t, testKeyed(t))
	sale := ev(event.Sale, "12", "555", "s1", 4, recent(time.Minute))
	first := s.commit("0", sale).signals[0].Stocks[0]
	out := s.commit("0", sale)
	if len(out.signals) != 1 || len(out.signals[0].Stocks) != 1 {
		t.Fatalf("a repetition says %+v", out.signals)
	}
	again := out.signals[0].Stocks[0]
	if again.AsOf = first.AsOf; again != first {
		t.Errorf("first %+v, then %+v", first, again)
	}
	if len(out.changes) != 0 {
		t.Errorf("velocity hears of a repetition: %v", out.changes)
	}
	if env.Metrics.Count(metrics.Duplicates) != 1 {
		t.Errorf("%d duplicates, want 1", env.Metrics.Count(metrics.Duplicates))
	}
}

func TestInventoryRefuses(t *testing.T) {
	env := newEnv(t, nil)
	s := newStockStage(t, testKeyed(t))
	at := recent(time.Minute)
	sale, look := ev(event.Sale, "12", "555", "s1", 4, at), ev(event.View, "12", "555", "v1", 1, at)
	s.commit("0", sale, look)
	sale.Quantity, sale.Item = 5, 3
	look.Quantity = 2
	old := ev(event.Reset, "12", "555", "r1", 9, recent(8*24*time.Hour))
	old.Message = &event.Message{Channel: event.FILE, File: "counts.csv", Line: 17, Data: []byte("the line")}
	out := s.commit("0", sale, look, old)
	if len(out.signals) != 0 || len(out.changes) != 0 {
		t.Errorf("refused events say %+v and change %v", out.signals, out.changes)
	}
	if len(out.letters) != 3 {
		t.Fatalf("dead letters: %+v", out.letters)
	}
	if l := out.letters[0]; l.Reason != event.IDReused || l.Stage != event.StageStock || l.Item != 3 ||
		l.Message.ID != "m-s1" || !strings.Contains(l.Detail, "12:555") {
		t.Errorf("the sale: %+v", l)
	}
	if l := out.letters[1]; l.Reason != event.IDReused || l.Stage != event.StageVelocity || l.Message.ID != "m-v1" {
		t.Errorf("the look: %+v", l)
	}
	if l := out.letters[2]; l.Reason != event.ResetTooOld || string(l.Message.Data) != "the line" ||
		!strings.HasSuffix(l.Detail, "(counts.csv:17)") || l.FailedAt == 0 {
		t.Errorf("the count: %+v", l)
	}
	if env.Metrics.RefusedTotal() != 3 {
		t.Errorf("%d counted as refused, want 3", env.Metrics.RefusedTotal())
	}
}

// TestInventoryLetterFromTracker: where the ack tracker holds the message, the letter has it from
// there.
func TestInventoryLetterFromTracker(t *testing.T) {
	tracker := acks.New(10)
	newEnv(t, tracker)
	s := newStockStage(t, testKeyed(t))
	messages := []event.Message{{ID: "first"}, {ID: "second", Data: []byte("as it came")}}
	token := tracker.Open(messages, func() {})
	a, b := ev(event.Sale, "12", "555", "s1", 4, recent(time.Minute)),
		ev(event.Sale, "12", "555", "s1", 5, recent(time.Minute))
	a.Message, b.Message = &messages[0], &messages[1]
	out := s.bundle("0", batchOf(t, []int64{token}, a, b))
	if len(out.letters) != 1 || out.letters[0].Message.ID != "second" ||
		string(out.letters[0].Message.Data) != "as it came" {
		t.Errorf("dead letters: %+v", out.letters)
	}
}

// TestInventoryTokens: each batch that a bundle emits holds the tokens once, and a bundle that emits
// nothing holds none.
func TestInventoryTokens(t *testing.T) {
	tracker := acks.New(10)
	newEnv(t, tracker)
	s := newStockStage(t, testKeyed(t))
	done := 0
	open := func() int64 { return tracker.Open(make([]event.Message, 1), func() { done++ }) }
	at := recent(time.Minute)

	token := open() // its one hold is now the batch's
	out := s.bundle("0", batchOf(t, []int64{token}, ev(event.Reset, "1", "a", "r1", 9, at),
		ev(event.Reset, "1", "b", "r2", 9, at), ev(event.Reset, "1", "c", "r3", 9, at)))
	if done != 0 || len(out.signals) != 1 || len(out.changes) < 2 {
		t.Fatalf("done %d; %d batches of signals, %d of changes", done, len(out.signals), len(out.changes))
	}
	for _, change := range out.changes {
		if done != 0 {
			t.Error("done before the last piece")
		}
		r := codec.Reader{B: change[0]}
		tracker.Release(tokensOf(&r))
	}
	if tracker.Release(out.signals[0].Tokens); done != 1 {
		t.Errorf("done %d times with all pieces released", done)
	}

	token = open()
	out = s.bundle("0", batchOf(t, []int64{token}))
	if done != 2 || len(out.signals)+len(out.changes) != 0 {
		t.Errorf("nothing to say: done %d, %+v", done, out)
	}
}

func TestInventoryBrokenBatch(t *testing.T) {
	newEnv(t, nil)
	s := newStockStage(t, testKeyed(t))
	encoded := batchOf(t, nil, ev(event.Sale, "12", "555", "s1", 4, recent(time.Minute)))
	nothing := func(beam.EventTime, batch.Signals) {}
	s.fn.StartBundle(t.Context(), nothing, nil, nil)
	err := s.fn.ProcessElement(t.Context(), 5, nil, "7", encoded[:len(encoded)-1], nothing, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "key 7") {
		t.Errorf("a batch that was cut off: %v", err)
	}
}
