package transforms

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/internal/codec"
	"github.com/beamlytics/streamlytics/transforms/keyed"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/batch"
)

// emitted is one batch as it left the DoFn.
type emitted struct {
	at     beam.EventTime
	tokens []int64
	moves  []move
	bytes  int
}

// grouping runs a KeyByStoreProductFn.
type grouping struct {
	t   *testing.T
	fn  *KeyByStoreProductFn
	out map[string][]emitted
}

func newGrouping(t *testing.T, groups keyed.KeyGroups) *grouping {
	g := &grouping{t: t, fn: &KeyByStoreProductFn{PipelineID: t.Name(), Groups: groups}, out: map[string][]emitted{}}
	g.fn.Setup()
	return g
}

func (g *grouping) emit(at beam.EventTime, key string, encoded []byte) {
	r := codec.Reader{B: encoded}
	tokens := slices.Clone(tokensOf(&r))
	g.out[key] = append(g.out[key], emitted{at, tokens, movesOf(g.t, encoded), len(encoded)})
}

func (g *grouping) bundle(at beam.EventTime, events ...event.UnifiedInventoryEvent) {
	g.t.Helper()
	g.fn.StartBundle(g.t.Context(), g.emit)
	for rest := events; len(rest) > 0; { // a batch for each ack token
		token := rest[0].Message.Token
		n := 1
		for n < len(rest) && rest[n].Message.Token == token {
			n++
		}
		if err := g.fn.ProcessElement(at, batch.Events{Events: rest[:n], Token: token}, g.emit); err != nil {
			g.t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := g.fn.FinishBundle(g.t.Context(), g.emit); err != nil {
		g.t.Fatal(err)
	}
}

func TestGroupingByKeyGroup(t *testing.T) {
	newEnv(t, nil)
	g := newGrouping(t, 8)
	trade := newTrade(1)
	trade.draw(500, 1_750_000_000_000)
	g.bundle(7, trade.taken...)
	count := 0
	of := map[string]string{}
	for key, batches := range g.out {
		if len(batches) != 1 || batches[0].at != 7 {
			t.Errorf("group %s has %d batches, the first at %d", key, len(batches), batches[0].at)
		}
		for _, m := range batches[0].moves {
			count++
			pair := fmt.Sprintf("%q %q", m.store, m.product)
			if of[pair] == "" {
				of[pair] = key
			}
			if of[pair] != key {
				t.Errorf("%s is in groups %s and %s", pair, of[pair], key)
			}
		}
	}
	if count != len(trade.taken) || len(g.out) != 8 {
		t.Errorf("%d events in %d groups, want %d in 8", count, len(g.out), len(trade.taken))
	}
	clear(g.out)
	if g.bundle(8, trade.taken[0]); len(g.out) != 1 {
		t.Errorf("the next bundle of one event gave %d batches", len(g.out))
	}
}

func TestGroupingByKey(t *testing.T) {
	newEnv(t, nil)
	g := newGrouping(t, 0)
	g.bundle(7, ev(event.Sale, "1", "a", "x", 1, 5), ev(event.Sale, "1", "b", "y", 1, 5),
		ev(event.Sale, "1", "a", "z", 1, 5))
	if len(g.out) != 2 || len(g.out["1:a"]) != 1 || len(g.out["1:a"][0].moves) != 2 || len(g.out["1:b"]) != 1 {
		t.Errorf("batches: %v", g.out)
	}
	clear(g.out)
	if g.bundle(8, ev(event.Sale, "1", "b", "w", 1, 5)); len(g.out) != 1 || len(g.out["1:b"][0].moves) != 1 {
		t.Errorf("batches of the next bundle: %v", g.out)
	}
}

// TestLiteralKeys: with a Beam key for each store:product, its ids are percent-encoded, so that no
// two pairs share one.
func TestLiteralKeys(t *testing.T) {
	newEnv(t, nil)
	g := newGrouping(t, 0)
	g.bundle(7, ev(event.Sale, "c", "a:b", "x", 1, 5), ev(event.Sale, "c:a", "b", "x", 1, 5),
		ev(event.Sale, "Köln", "{50% off}", "x", 1, 5))
	want := []string{"K%C3%B6ln:%7B50%25%20off%7D", "c%3Aa:b", "c:a%3Ab"}
	if got := slices.Sorted(maps.Keys(g.out)); !slices.Equal(got, want) {
		t.Errorf("keys %q, want %q", got, want)
	}
}

// TestGroupingKeepsOrder: what is in one batch stays in the order in which it came.
func TestGroupingKeepsOrder(t *testing.T) {
	newEnv(t, nil)
	g := newGrouping(t, 1)
	var events []event.UnifiedInventoryEvent
	for i := range 100 {
		events = append(events, ev(event.Sale, "1", fmt.Sprint(i%3), "x", int64(i), 5))
	}
	g.bundle(0, events...)
	for i, m := range g.out["0"][0].moves {
		if m.Quantity != int64(i) {
			t.Fatalf("event %d stands at %d", m.Quantity, i)
		}
	}
}

// TestGroupingHoldsTokens: a message is outstanding as long as a batch is that may hold it, and no
// longer.
func TestGroupingHoldsTokens(t *testing.T) {
	tracker := acks.New(100)
	newEnv(t, tracker)
	g := newGrouping(t, 64)
	done := 0
	var events []event.UnifiedInventoryEvent
	var tokens []int64
	for range 3 {
		messages := make([]event.Message, 10)
		token := tracker.Open(messages, func() { done++ })
		tokens = append(tokens, token)
		for i := range messages {
			e := ev(event.Sale, "1", fmt.Sprint(len(events)), "x", 1, 5)
			e.Message = &messages[i]
			events = append(events, e)
		}
	}
	g.bundle(0, events...)
	tracker.Release(tokens) // the source's own holds
	if done != 0 {
		t.Fatalf("%d batches of messages are done while their events are on the way", done)
	}
	batches := 0
	for _, out := range g.out {
		for _, b := range out {
			batches++
			if !slices.Equal(b.tokens, tokens) {
				t.Errorf("a batch goes under tokens %v, want %v", b.tokens, tokens)
			}
			for _, m := range b.moves {
				if m.inline != nil {
					t.Error("a message came along that the tracker holds")
				}
			}
		}
	}
	for _, out := range g.out {
		for _, b := range out {
			if done != 0 {
				t.Fatalf("done with %d batches left", batches)
			}
			batches--
			tracker.Release(b.tokens)
		}
	}
	if done != 3 || tracker.Outstanding() != 0 {
		t.Errorf("%d of 3 are done, %d messages outstanding", done, tracker.Outstanding())
	}
}

// TestGroupingOfNothing: a bundle without events leaves no hold behind.
func TestGroupingOfNothing(t *testing.T) {
	newEnv(t, acks.New(1))
	for _, groups := range []keyed.KeyGroups{0, 64} {
		g := newGrouping(t, groups)
		if g.bundle(0); len(g.out) != 0 {
			t.Errorf("%d key groups: %d batches of nothing", groups, len(g.out))
		}
	}
}

func TestGroupingBoundsBatches(t *testing.T) {
	newEnv(t, nil)
	g := newGrouping(t, 1)
	var events []event.UnifiedInventoryEvent
	for i := range 40 {
		e := ev(event.Sale, "1", "a", "x", int64(i), 5)
		e.Message = &event.Message{Data: []byte(strings.Repeat("x", 256<<10))}
		events = append(events, e)
	}
	g.bundle(0, events...)
	if len(g.out["0"]) < 3 {
		t.Errorf("%d batches of more than 10 MB", len(g.out["0"]))
	}
	next := int64(0)
	for _, b := range g.out["0"] {
		if b.bytes > maxBatchBytes+512<<10 {
			t.Errorf("a batch has %d bytes", b.bytes)
		}
		for _, m := range b.moves {
			if m.Quantity != next {
				t.Fatalf("event %d follows %d", m.Quantity, next-1)
			}
			next++
		}
	}
	if next != 40 {
		t.Errorf("%d of 40 events", next)
	}
}
