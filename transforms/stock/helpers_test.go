package stock

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// testLimits have a horizon of one second and accept late events.
var testLimits = Limits{HorizonMs: 1_000, LowEnter: 5, LowExit: 8, CountLate: true}

// strictLimits refuse late events.
var strictLimits = Limits{HorizonMs: 1_000, LowEnter: 5, LowExit: 8}

const (
	t0     = int64(1_700_000_000_000)
	farNow = t0 + 1000*DayMs // a clock so late that only the horizon decides what is kept
)

func sale(id string, quantity, ms int64) truth.Event {
	return truth.Event{ID: id, Type: "SALE", Quantity: quantity, OccurredAt: ms}
}

func receipt(id string, quantity, ms int64) truth.Event {
	return truth.Event{ID: id, Type: "RECEIPT", Quantity: quantity, OccurredAt: ms}
}

func reset(id string, quantity, ms int64) truth.Event {
	return truth.Event{ID: id, Type: "RESET", Quantity: quantity, OccurredAt: ms}
}

func view(id string, quantity, ms int64) truth.Event {
	return truth.Event{ID: id, Type: "VIEW", Quantity: quantity, OccurredAt: ms}
}

func cartAdd(id string, quantity, ms int64) truth.Event {
	return truth.Event{ID: id, Type: "CART_ADD", Quantity: quantity, OccurredAt: ms}
}

// adjusted returns the move of an event whose time was replaced on arrival.
func adjusted(e truth.Event) Move {
	m := moveOf(e)
	m.Adjusted = true
	return m
}

func moveOf(e truth.Event) Move {
	t, ok := event.ParseType(e.Type)
	if !ok {
		panic("no such type: " + e.Type)
	}
	m := Move{Type: t, Quantity: e.Quantity, TimeMs: e.OccurredAt, ID: event.IdentityHash(e.ID)}
	if t == event.Reset {
		m.IDText = e.ID
	}
	return m
}

// wantTruth returns an error if r differs from the truth for the events that it accepted.
func wantTruth(r *Record, events []truth.Event) error {
	want, ok := truth.Stock(events)[truth.Key{}]
	if r.HasStock() != ok {
		return fmt.Errorf("has stock: %t, want %t", r.HasStock(), ok)
	}
	if r.OnHand() != want.OnHand || r.Known() != want.Known || r.BarrierMs() != want.Barrier {
		return fmt.Errorf("on-hand %d, known %t, barrier %d; want %+v", r.OnHand(), r.Known(), r.BarrierMs(), want)
	}
	return nil
}

// wantConsistent returns an error if r violates one of its invariants.
func wantConsistent(r *Record) error {
	if err := wantConsistentTimeline(&r.moves); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if err := wantConsistentTimeline(r.views()); err != nil {
		return fmt.Errorf("views: %w", err)
	}
	if got := r.base + r.ledger(); got != r.onHand {
		return fmt.Errorf("base %d and ledger %d make %d, but on-hand is %d", r.base, r.ledger(), got, r.onHand)
	}
	if r.ids == nil || r.ids.index == nil {
		if n := r.liveIDs(); n >= indexFrom {
			return fmt.Errorf("%d ids without an index", n)
		}
		return nil
	}
	x := r.ids.index
	if n := r.liveIDs(); x.n != n || n < indexFrom/2 {
		return fmt.Errorf("the index counts %d ids, %d are live", x.n, n)
	}
	for _, t := range []*timeline{&r.moves, r.views()} {
		for e := range t.all {
			if c, ok := r.lookup(e); !ok || c != e.content() {
				return fmt.Errorf("the index does not find %+v", e)
			}
			if e.id%uint64(8+t.len()/100) != 0 {
				continue // found by a scan
			}
			again := entry{at: e.at + 1<<codeBits, qty: e.qty, id: e.id} // its id reused for another event
			if c, ok := r.lookup(again); !ok || c != e.content() {
				return fmt.Errorf("the index finds %+v only by its time", e)
			}
		}
	}
	for _, l := range r.late() {
		if c, ok := r.lookup(entry{id: l.id}); !ok || c != l.content {
			return fmt.Errorf("the index does not find the late %+v", l)
		}
	}
	return nil
}

// recode returns the record encoded and decoded again.
func recode(r *Record) (*Record, error) {
	b := r.AppendBinary([]byte("before"))
	again, rest, err := DecodeRecord(append(bytes.TrimPrefix(b, []byte("before")), "after"...))
	if err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	if string(rest) != "after" {
		return nil, fmt.Errorf("%q is left after decoding", rest)
	}
	if !bytes.Equal(again.AppendBinary([]byte("before")), b) {
		return nil, fmt.Errorf("the record of %x encodes to %x", b, again.AppendBinary(nil))
	}
	if again.base != r.base || again.Version() != r.Version() || again.LowStock() != r.LowStock() ||
		again.Size() != r.Size() {
		return nil, fmt.Errorf("decoded %+v, want %+v", again, r)
	}
	return again, nil
}

// apply applies one event and fails the test unless it has the verdict and r is consistent.
func apply(t *testing.T, r *Record, m Move, nowMs int64, l Limits, want Verdict) Outcome {
	t.Helper()
	out := r.Apply(m, nowMs, l)
	if out.Verdict != want {
		t.Fatalf("%v of %d at %d: verdict %d, want %d", m.Type, m.Quantity, m.TimeMs-t0, out.Verdict, want)
	}
	if err := wantConsistent(r); err != nil {
		t.Fatalf("after %v of %d at %d: %v", m.Type, m.Quantity, m.TimeMs-t0, err)
	}
	return out
}

// listing formats events, one a line, with times relative to t0.
func listing(events []truth.Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "\n\t%-8s %-6s %4d at %+d", e.Type, e.ID, e.Quantity, e.OccurredAt-t0)
	}
	return b.String()
}
