package transforms

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/beamlytics/streamlytics/internal/codec"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/acks"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/test/truth"
	"github.com/beamlytics/streamlytics/transforms/stock"
)

const (
	minuteMs = int64(60_000)
	hourMs   = 60 * minuteMs
)

var testLimits = stock.Limits{HorizonMs: 7 * 24 * hourMs, LowEnter: 5, LowExit: 8}

// newEnv registers a pipeline under the test's name.
func newEnv(t testing.TB, tracker *acks.Tracker) *process.Env {
	t.Helper()
	e, err := process.Register(t.Name(), tracker)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// ev makes an event that came in a message of its own, which no tracker holds.
func ev(typ event.Type, store, product, id string, quantity, atMs int64) event.UnifiedInventoryEvent {
	return event.UnifiedInventoryEvent{Type: typ, StoreID: store, ProductID: product, ID: id,
		Quantity: quantity, OccurredAt: atMs,
		Item: event.NoItem, Message: &event.Message{ID: "m-" + id}}
}

// batchOf encodes events as they pass from KeyByStoreProduct to InventoryStatefulFn, under tokens.
func batchOf(t testing.TB, tokens []int64, events ...event.UnifiedInventoryEvent) []byte {
	t.Helper()
	b := appendTokens(nil, tokens)
	for i := range events {
		var err error
		if b, err = appendMove(b, &events[i]); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// tokensOf reads the ack tokens of a batch.
func tokensOf(r *codec.Reader) []int64 {
	var h header
	h.readTokens(r)
	return h.tokens
}

// movesOf decodes what batchOf made.
func movesOf(t testing.TB, batch []byte) []move {
	t.Helper()
	r := codec.Reader{B: batch}
	tokensOf(&r)
	var moves []move
	for len(r.B) > 0 && r.Err == nil {
		var m move
		m.read(&r)
		moves = append(moves, m)
	}
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	return moves
}

// movesRecord makes the log record of moves that were accepted together.
func movesRecord(nowMs, wallMicros int64, moves ...move) []byte {
	b := []byte{recordMoves}
	b = binary.AppendVarint(b, nowMs)
	b = binary.AppendVarint(b, wallMicros)
	for _, m := range moves {
		b = append(b, m.core...)
	}
	return b
}

// changesRecord makes the head of a log record of changes.
func changesRecord(nowMs, wallMicros int64) []byte {
	return binary.AppendVarint(binary.AppendVarint([]byte{recordChanges}, nowMs), wallMicros)
}

// evaluationRecord makes the log record of an evaluation.
func evaluationRecord(nowMs, wallMicros int64) []byte {
	return binary.AppendVarint(binary.AppendVarint([]byte{recordEvaluation}, nowMs), wallMicros)
}

// trade draws events on a few stores and products, with repetitions, returns, late events and
// counts. No two events share an identity and differ, and no count is older than the horizon: the
// stock is then a function of the set.
type trade struct {
	r     *rand.Rand
	n     int
	taken []event.UnifiedInventoryEvent
}

// Two pairs of these look alike where a colon joins them: (c, a:b) and (c:a, b).
var (
	tradeStores   = []string{"s0", "s 1", "c", "c:a"}
	tradeProducts = []string{"p0", "p1", "p2", "p3", "p%4", "gid://shop/5", "{p6}", "b", "a:b"}
)

func newTrade(seed uint64) *trade { return &trade{r: rand.New(rand.NewPCG(seed, 1))} }

// draw makes up to n events that occurred in the day before nowMs, most of them in its last hour.
func (tr *trade) draw(n int, nowMs int64) []event.UnifiedInventoryEvent {
	events := make([]event.UnifiedInventoryEvent, 0, n)
	for range n {
		if len(tr.taken) > 0 && tr.r.IntN(10) == 0 {
			events = append(events, tr.taken[tr.r.IntN(len(tr.taken))])
			continue
		}
		typ, quantity := event.Sale, int64(tr.r.IntN(6)-1)
		switch tr.r.IntN(12) {
		case 0:
			typ, quantity = event.Reset, int64(tr.r.IntN(40))
		case 1, 2:
			typ, quantity = event.Receipt, int64(tr.r.IntN(12)-2)
		case 3, 4, 5:
			typ, quantity = event.View, 1
		case 6, 7:
			typ, quantity = event.CartAdd, int64(1+tr.r.IntN(3))
		}
		age := tr.r.Int64N(hourMs)
		if tr.r.IntN(4) == 0 {
			age = tr.r.Int64N(23 * hourMs)
		}
		tr.n++
		e := ev(typ, tradeStores[tr.r.IntN(4)], tradeProducts[tr.r.IntN(9)],
			fmt.Sprintf("e%d", tr.n), quantity, nowMs-age)
		tr.taken = append(tr.taken, e)
		events = append(events, e)
	}
	return events
}

// oracleEvents is the form in which the oracle takes events.
func oracleEvents(events []event.UnifiedInventoryEvent) []truth.Event {
	out := make([]truth.Event, len(events))
	for i, e := range events {
		out[i] = truth.Event{ID: e.ID, Type: e.Type.String(), Store: e.StoreID, Product: e.ProductID,
			Quantity: e.Quantity, OccurredAt: e.OccurredAt}
	}
	return out
}
