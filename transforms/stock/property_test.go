package stock

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/beamlytics/streamlytics/test/truth"
)

// histories is the number of histories that TestOnHandIsAFunctionOfTheSet generates.
func histories() int {
	if testing.Short() {
		return 10_000
	}
	return 120_000
}

// TestOnHandIsAFunctionOfTheSet checks the contract of the package: for any order of arrival and
// any repetitions, on-hand is what the oracle computes from the set of events, if none is later
// than the horizon. Encoding and decoding in between changes nothing.
func TestOnHandIsAFunctionOfTheSet(t *testing.T) {
	const shards = 8
	for shard := range uint64(shards) {
		t.Run(fmt.Sprintf("shard=%d", shard), func(t *testing.T) {
			t.Parallel()
			for i := range uint64(histories() / shards) {
				h := newHistory(rand.New(rand.NewPCG(shard, i)))
				if err := h.check(); err != nil {
					t.Fatalf("history %d of shard %d: %v\nthe set:%s\nin the order of arrival:%s", i, shard, err,
						listing(h.set), listing(h.arrived))
				}
			}
		})
	}
}

// history is a random set of events of one key, and their order of arrival.
type history struct {
	random  *rand.Rand
	set     []truth.Event
	arrived []truth.Event // so far
}

func newHistory(random *rand.Rand) *history {
	h := &history{random: random}
	// Times from a few milliseconds often coincide; times from many spread over the horizon.
	span := []int64{1, 3, 40, testLimits.HorizonMs}[random.IntN(4)]
	size := 1 + random.IntN(12)
	if random.IntN(8) == 0 {
		size = indexFrom - 8 + random.IntN(2*leafSize) // around the sizes that need an index or a tree
	}
	resets := 1 + random.IntN(20) // percent
	for i, name := range random.Perm(size) {
		e := truth.Event{ID: fmt.Sprintf("e%d", name), OccurredAt: t0 + random.Int64N(span+1)}
		switch kind := random.IntN(100); {
		case i == 0 && kind < 30 || kind < resets:
			e.Type, e.Quantity = "RESET", random.Int64N(30)
		case kind < 60:
			e.Type, e.Quantity = "SALE", random.Int64N(9)-2
		case kind < 80:
			e.Type, e.Quantity = "RECEIPT", random.Int64N(30)-5
		case kind < 90:
			e.Type, e.Quantity = "VIEW", random.Int64N(3)
		default:
			e.Type, e.Quantity = "CART_ADD", random.Int64N(3)
		}
		h.set = append(h.set, e)
	}
	return h
}

// check applies the history in two orders and compares the results with the truth and with each
// other.
func (h *history) check() error {
	var encoded [2][]byte
	for i := range encoded {
		r, err := h.arrive()
		if err != nil {
			return err
		}
		r.low = false // hysteresis may depend on the order
		encoded[i] = r.AppendBinary(nil)
	}
	if !bytes.Equal(encoded[0], encoded[1]) {
		return fmt.Errorf("encoded after two orders of arrival:\n%x\n%x", encoded[0], encoded[1])
	}
	return nil
}

// arrive applies the events in a random order, some of them repeated, at once or much later.
func (h *history) arrive() (*Record, error) {
	order := h.random.Perm(len(h.set))
	for i := range order {
		for h.random.IntN(3) == 0 {
			at := i + h.random.IntN(len(order)-i+1)
			order = append(order[:at], append([]int{order[i]}, order[at:]...)...)
		}
	}
	r := &Record{}
	h.arrived = h.arrived[:0]
	seen := make([]bool, len(h.set))
	var now = t0 + testLimits.HorizonMs
	for _, i := range order {
		if err := h.apply(r, h.set[i], now, seen[i]); err != nil {
			return nil, err
		}
		seen[i] = true
		now += h.random.Int64N(10)
		if h.random.IntN(8) > 0 {
			continue
		}
		if err := wantTruth(r, h.arrived); err != nil {
			return nil, err
		}
		again, err := recode(r)
		if err != nil {
			return nil, err
		}
		r = again
	}
	if err := wantConsistent(r); err != nil {
		return nil, err
	}
	return r, wantTruth(r, h.set)
}

func (h *history) apply(r *Record, e truth.Event, nowMs int64, seen bool) error {
	h.arrived = append(h.arrived, e)
	was := *r
	out := r.Apply(moveOf(e), nowMs, testLimits)
	want := Outcome{
		Dropped: !seen && (e.Type == "SALE" || e.Type == "RECEIPT") && was.known && e.OccurredAt < was.barrierAt,
		Badge:   r.low != was.low,
		// The oracle has no Recomputed; see TestRecomputed.
		Recomputed: out.Recomputed && !seen && e.Type == "RESET",
	}
	if seen {
		want.Verdict = Repeated
	}
	if out != want {
		return fmt.Errorf("outcome %+v of %+v, want %+v", out, e, want)
	}
	return nil
}
