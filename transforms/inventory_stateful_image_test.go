package transforms

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/codec"
	"github.com/beamlytics/streamlytics/test/truth"
	"github.com/beamlytics/streamlytics/transforms/stock"
)

// applied returns what one batch makes an inventory image publish.
func (g *inventoryImage) applied(t *testing.T, nowMs, wallMicros int64,
	events []event.UnifiedInventoryEvent) (published []string, accepted []move) {
	t.Helper()
	for _, m := range movesOf(t, batchOf(t, nil, events...)) {
		touch, out := g.apply(&m, nowMs, g.limits)
		published = append(published, fmt.Sprintf("%s:%s %+v", touch.store, touch.product, out))
		if out.Verdict == stock.Accepted {
			accepted = append(accepted, m)
		}
	}
	g.settle(nowMs, wallMicros, func(t *touch) {
		published = append(published, fmt.Sprintf("%s:%s changed %v repeated %v low %v->%v known %v->%v "+
			"on-hand %d->%d barrier %d version %d", t.store, t.product,
			t.changed, t.repeated, t.wasLow, t.LowStock(), t.wasKnown, t.Known(), t.was, t.OnHand(),
			t.BarrierMs(), t.Version()))
	})
	return published, accepted
}

// asOf is the image's snapshot at a clock. Batches that taught an image nothing are in no log, so
// an image that took part in them may have dropped old views sooner; at the same clock that makes
// no difference.
func (g *inventoryImage) asOf(nowMs int64) []byte {
	g.lastNow = nowMs
	return g.Snapshot()
}

// sizeOfPairs is what size must be, summed up anew.
func (g *inventoryImage) sizeOfPairs() (n int) {
	for key, p := range g.pairs {
		n += pairOverhead + 2*len(key) + p.Size()
	}
	return n
}

func replayed(t *testing.T, log [][]byte) *inventoryImage {
	t.Helper()
	g := newInventoryImage(testLimits)
	for _, record := range log {
		if err := g.Replay(record); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

// TestInventoryReplay applies the same batches to an image that lives on and to one that is made
// anew from the log at random points, where the log begins anew with a snapshot at other random
// points. Both must publish the same and end the same.
func TestInventoryReplay(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 2))
		trade := newTrade(seed)
		live, other := newInventoryImage(testLimits), newInventoryImage(testLimits)
		var log [][]byte
		now := int64(1_750_000_000_000)
		for batch := range 60 {
			now += r.Int64N(20 * minuteMs)
			if r.IntN(20) == 0 {
				now += 26 * hourMs // looks expire
			}
			events := trade.draw(1+r.IntN(30), now)
			if r.IntN(4) == 0 { // an id that is used again for something else
				again := trade.taken[r.IntN(len(trade.taken))]
				again.Quantity++
				events = append(events, again)
			}
			if r.IntN(8) == 0 {
				events = trade.taken[:1] // nothing new, so that nothing is logged
			}
			published, accepted := live.applied(t, now, now*1000, events)
			if r.IntN(5) == 0 {
				other = replayed(t, log)
			}
			if byOther, _ := other.applied(t, now, now*1000, events); !slices.Equal(published, byOther) {
				t.Fatalf("seed %d, batch %d: a replayed image publishes\n%v\nand one that lived\n%v",
					seed, batch, byOther, published)
			}
			if len(accepted) > 0 {
				log = append(log, movesRecord(now, now*1000, accepted...))
			}
			if r.IntN(6) == 0 {
				log = [][]byte{live.Snapshot()}
			}
			if live.Size() != live.sizeOfPairs() {
				t.Fatalf("seed %d, batch %d: the size is %d, and that of the pairs %d", seed, batch,
					live.Size(), live.sizeOfPairs())
			}
		}
		last := replayed(t, log)
		want := live.asOf(now)
		for name, g := range map[string]*inventoryImage{"replayed on the way": other, "replayed at the end": last} {
			if got := g.asOf(now); !bytes.Equal(got, want) {
				t.Fatalf("seed %d: the image %s ends as\n%x\nwant\n%x", seed, name, got, want)
			}
			if g.Size() != live.Size() {
				t.Errorf("seed %d: the image %s has size %d, the one that lived %d", seed, name, g.Size(), live.Size())
			}
		}
	}
}

// TestInventoryImageAgainstOracle holds the end of a history against the truth about its set of
// events.
func TestInventoryImageAgainstOracle(t *testing.T) {
	for seed := range uint64(20) {
		trade := newTrade(seed)
		g := newInventoryImage(testLimits)
		const now = 1_750_000_000_000
		for range 20 {
			g.applied(t, now, 0, trade.draw(40, now))
		}
		want := truth.Stock(oracleEvents(trade.taken))
		for key, p := range g.pairs {
			exact, ok := want[truth.Key{Store: p.store, Product: p.product}]
			if ok != p.HasStock() {
				t.Errorf("seed %d: %s has a stock key: %v, want %v", seed, key, p.HasStock(), ok)
			}
			if p.OnHand() != exact.OnHand || p.Known() != exact.Known || p.BarrierMs() != exact.Barrier {
				t.Errorf("seed %d: %s is %d, known %v, barrier %d; want %+v", seed, key, p.OnHand(),
					p.Known(), p.BarrierMs(), exact)
			}
			delete(want, truth.Key{Store: p.store, Product: p.product})
		}
		if len(want) > 0 {
			t.Errorf("seed %d: missing: %v", seed, want)
		}
	}
}

// TestSnapshotForgets: pairs that only ever had looks go a day later, with their memory.
func TestSnapshotForgets(t *testing.T) {
	g := newInventoryImage(testLimits)
	const now = 1_750_000_000_000
	g.applied(t, now, 0, []event.UnifiedInventoryEvent{ev(event.View, "s", "seen", "a", 1, now),
		ev(event.Sale, "s", "sold", "b", 1, now)})
	if g.Snapshot(); len(g.pairs) != 2 {
		t.Fatalf("%d pairs after a snapshot at once, want 2", len(g.pairs))
	}
	const later int64 = now + 25*hourMs
	g.applied(t, later, 0, []event.UnifiedInventoryEvent{ev(event.Sale, "s", "sold", "c", 1, later)})
	if g.Snapshot(); len(g.pairs) != 1 || g.pairs["s:sold"] == nil {
		t.Errorf("%d pairs a day later, want the one that was sold", len(g.pairs))
	}
	if g.Size() != g.sizeOfPairs() {
		t.Errorf("the size is %d, and that of the pairs %d", g.Size(), g.sizeOfPairs())
	}
}

func TestInventoryReplayErrors(t *testing.T) {
	g := newInventoryImage(testLimits)
	g.applied(t, 1_750_000_000_000, 5,
		[]event.UnifiedInventoryEvent{ev(event.Reset, "s", "p", "a", 9, 1_750_000_000_000)})
	snapshot := g.Snapshot()
	for name, record := range map[string][]byte{
		"empty":        nil,
		"unknown kind": []byte("X"),
		"moves cut off": movesRecord(1, 2,
			movesOf(t, batchOf(t, nil, ev(event.Sale, "s", "p", "a", 1, 5)))...)[:9],
		"snapshot cut off":      snapshot[:len(snapshot)-1],
		"no store:product":      codec.AppendBytes([]byte{recordSnapshot, 0}, "sp"),
		"record of the future":  append(codec.AppendBytes([]byte{recordSnapshot, 0}, "s:p"), 99, 0),
		"snapshot without time": {recordSnapshot},
	} {
		if err := newInventoryImage(testLimits).Replay(record); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
