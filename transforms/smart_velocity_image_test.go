package transforms

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/internal/codec"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
	"github.com/beamlytics/streamlytics/transforms/velocity"
)

// testConfig lets badges and windows come and go often.
func testConfig() velocity.Config {
	c := velocity.DefaultConfig()
	c.HighDemandEnter, c.DwellMs = 40, 3*minuteMs
	return c
}

// applyRecord applies a record as the stage does, and returns the stock that it publishes.
func (g *productImage) applyRecord(t *testing.T, record []byte) (published []string) {
	t.Helper()
	r := codec.Reader{B: record}
	if kind := r.Byte(); kind != recordChanges {
		t.Fatalf("record of kind %q", kind)
	}
	now, wall := r.Varint(), r.Varint()
	if err := g.apply(&r, now); err != nil {
		t.Fatal(err)
	}
	g.settle(wall, func(p *product) {
		published = append(published, fmt.Sprintf("%s %+v was low %v", p.id, p.stock, p.wasLow))
	})
	return published
}

// evaluated evaluates as the stage does, and returns what it publishes, in the order of the products.
func (g *productImage) evaluated(nowMs int64) (published []string) {
	g.evaluate(nowMs, func(s *series, e evaluation) {
		if e.changed {
			published = append(published, fmt.Sprintf("%s %s %+v", s.product.id, s.store, e.reading))
		}
		if e.decided {
			published = append(published, fmt.Sprintf("%s %s keeps %s", s.product.id, s.store, s.Decisions()))
		}
		if e.badge != nil {
			published = append(published, fmt.Sprintf("%s %s badge %+v", s.product.id, s.store, *e.badge))
		}
	})
	slices.Sort(published)
	return published
}

func replayedProducts(t *testing.T, log [][]byte) *productImage {
	t.Helper()
	g := newProductImage(testLimits, testConfig())
	for _, record := range log {
		if err := g.Replay(record); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

// asOf is the image's snapshot when all of it was evaluated at a clock. What is not due is
// otherwise evaluated only in an image that was just replayed, which brings the clocks of its
// series forward and changes nothing else.
func (g *productImage) asOf(t *testing.T, nowMs int64) []byte {
	t.Helper()
	again := replayedProducts(t, [][]byte{g.Snapshot(), evaluationRecord(nowMs, 0)})
	return again.Snapshot()
}

func (g *productImage) sizeOfProducts() (n int) {
	for id, p := range g.products {
		n += productOverhead + len(id) + p.global.Size()
		for store, s := range p.stores {
			n += seriesOverhead + len(store) + s.Size()
		}
	}
	return n
}

// changesOf draws changes as the inventory stage sends them.
func changesOf(trade *trade, r *rand.Rand, nowMs int64) []byte {
	record := changesRecord(nowMs, nowMs*1000)
	for _, e := range trade.draw(1+r.IntN(12), nowMs) {
		if e.Type.ShowsDemand() {
			record = appendDemand(record, e.Type, e.StoreID, e.ProductID, e.OccurredAt, e.Quantity)
		}
		if e.Type.MovesStock() {
			record = appendStockChange(record, e.ProductID, int64(r.IntN(21)-10), int64(r.IntN(2)))
		}
	}
	return record
}

// TestProductReplay is TestInventoryReplay for the product stage.
func TestProductReplay(t *testing.T) {
	for seed := range uint64(25) {
		r := rand.New(rand.NewPCG(seed, 3))
		trade := newTrade(seed)
		live, other := newProductImage(testLimits, testConfig()), newProductImage(testLimits, testConfig())
		var log [][]byte
		now := int64(1_750_000_000_000)
		for step := range 120 {
			now += r.Int64N(4 * minuteMs)
			if r.IntN(30) == 0 {
				now += r.Int64N(26 * hourMs) // a night: all decays
			}
			if r.IntN(6) == 0 {
				other = replayedProducts(t, log)
			}
			var record []byte
			var published, byOther []string
			if r.IntN(3) == 0 {
				record = evaluationRecord(now, now*1000)
				published, byOther = live.evaluated(now), other.evaluated(now)
			} else {
				record = changesOf(trade, r, now)
				published, byOther = live.applyRecord(t, record), other.applyRecord(t, record)
			}
			if !slices.Equal(published, byOther) {
				t.Fatalf("seed %d, step %d: a replayed image publishes\n%s\nand one that lived\n%s", seed, step,
					strings.Join(byOther, "\n"), strings.Join(published, "\n"))
			}
			log = append(log, record)
			if r.IntN(8) == 0 {
				log = [][]byte{live.Snapshot()}
			}
			if live.Size() != live.sizeOfProducts() {
				t.Fatalf("seed %d, step %d: the size is %d, and that of the products %d", seed, step,
					live.Size(), live.sizeOfProducts())
			}
		}
		want := live.asOf(t, now)
		for name, g := range map[string]*productImage{"on the way": other, "at the end": replayedProducts(t, log)} {
			if got := g.asOf(t, now); !bytes.Equal(got, want) {
				t.Fatalf("seed %d: the image replayed %s ends as\n%x\nwant\n%x", seed, name, got, want)
			}
		}
	}
}

// TestNothingIsLateToDecay: an image that is evaluated only when something is due publishes the
// same, at the same clock, as one that is evaluated every ten seconds.
func TestNothingIsLateToDecay(t *testing.T) {
	const tick = 10_000
	trade, r := newTrade(5), rand.New(rand.NewPCG(5, 5))
	now := int64(1_750_000_000_000)
	lazy, eager := newProductImage(testLimits, testConfig()), newProductImage(testLimits, testConfig())
	for range 10 {
		record := changesOf(trade, r, now)
		lazy.applyRecord(t, record)
		eager.applyRecord(t, record)
	}
	lazy.evaluated(now)
	eager.evaluated(now)
	evaluations := 0
	for end := now + 26*hourMs; now < end; now += tick {
		want := eager.evaluated(now)
		if now < lazy.nextDue {
			if len(want) > 0 {
				t.Fatalf("not due before %d, but at %d there is something to say: %v", lazy.nextDue, now, want)
			}
			continue
		}
		evaluations++
		if got := lazy.evaluated(now); !slices.Equal(got, want) {
			t.Fatalf("at %d:\n%v\nwant\n%v", now, got, want)
		}
	}
	if evaluations == 0 {
		t.Error("nothing was ever due")
	}
	for _, p := range lazy.products {
		if len(p.stores) > 0 || !p.global.Empty() {
			t.Errorf("product %s remembers %d stores after a day of nothing", p.id, len(p.stores))
		}
	}
}

// TestProductImageAgainstOracle holds readings against the truth about the set of events.
func TestProductImageAgainstOracle(t *testing.T) {
	for seed := range uint64(10) {
		trade := newTrade(seed)
		g := newProductImage(testLimits, testConfig())
		const now = 1_750_000_000_000
		trade.draw(500, now)
		record := changesRecord(now, 5)
		for _, e := range trade.taken {
			if e.Type.ShowsDemand() {
				record = appendDemand(record, e.Type, e.StoreID, e.ProductID, e.OccurredAt, e.Quantity)
			}
		}
		g.applyRecord(t, record)
		readings := map[truth.Key]velocity.Reading{}
		g.evaluate(now, func(s *series, e evaluation) {
			readings[truth.Key{Store: s.store, Product: s.product.id}] = e.reading
		})
		want := truth.Velocity(oracleEvents(trade.taken), now)
		for key, c := range want {
			got, ok := readings[key]
			if c.Must && !ok {
				t.Errorf("seed %d: nothing is published of %v", seed, key)
			}
			if !c.UnitsHour.Contains(got.UnitsHour) || !c.UnitsDay.Contains(got.UnitsDay) ||
				!c.ViewsHour.Contains(got.ViewsHour) ||
				!c.ViewsDay.Contains(got.ViewsDay) || !c.CartsHour.Contains(got.CartsHour) ||
				!c.CartsDay.Contains(got.CartsDay) {
				t.Errorf("seed %d: %v is %+v, want %+v", seed, key, got, c)
			}
		}
		for key := range readings {
			if _, ok := want[key]; !ok {
				t.Errorf("seed %d: %v should say nothing", seed, key)
			}
		}
	}
}

// TestDropKeepsStock: a product whose sales are forgotten still has its stock.
func TestDropKeepsStock(t *testing.T) {
	const now = 1_750_000_000_000
	g := newProductImage(testLimits, testConfig())
	record := appendDemand(changesRecord(now, 5), event.Sale, "s", "both", now, 1)
	record = appendDemand(record, event.Sale, "s", "sold", now, 1)
	g.applyRecord(t, appendStockChange(record, "both", 7, 1))
	g.evaluated(now)
	g.evaluated(now + 26*hourMs)
	if p := g.products["both"]; p == nil || p.stock.OnHand != 7 || len(p.stores) != 0 {
		t.Errorf("the product with stock became %+v", p)
	}
	if g.products["sold"] != nil {
		t.Error("the product that was only sold is still there")
	}
	if g.Size() != g.sizeOfProducts() {
		t.Errorf("the size is %d, and that of the products %d", g.Size(), g.sizeOfProducts())
	}
}

func TestProductReplayErrors(t *testing.T) {
	g := newProductImage(testLimits, testConfig())
	record := appendDemand(changesRecord(1_750_000_000_000, 5), event.Sale, "s", "p", 1_750_000_000_000, 1)
	g.applyRecord(t, record)
	snapshot := g.Snapshot()
	for name, record := range map[string][]byte{
		"empty":              nil,
		"unknown kind":       []byte("X"),
		"unknown change":     append(changesRecord(1, 2), 'x'),
		"changes cut off":    record[:len(record)-1],
		"snapshot cut off":   snapshot[:len(snapshot)-1],
		"evaluation cut off": {recordEvaluation},
	} {
		if err := newProductImage(testLimits, testConfig()).Replay(record); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
