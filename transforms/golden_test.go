package transforms

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

// The golden files in testdata/state are what a job of today writes into its state, in hexadecimal.
// A job that is updated must read what yesterday's job wrote: when a form changes, keep the old
// file under another name and go on reading it here.

const goldenNow = int64(1_750_000_000_000)

// goldenMoves are the events behind the golden files of the inventory stage.
func goldenMoves() []event.UnifiedInventoryEvent {
	adjusted := ev(event.View, "online", "555", "v1", 1, goldenNow)
	adjusted.Adjusted = true
	return []event.UnifiedInventoryEvent{
		ev(event.Reset, "12", "555", "count-1", 40, goldenNow-3*hourMs),
		ev(event.Sale, "12", "555", "T1-1", 36, goldenNow-hourMs),
		ev(event.Sale, "12", "555", "T1-2", -1, goldenNow-hourMs),
		ev(event.Receipt, "12", "777", "r1", 30, goldenNow-2*hourMs),
		ev(event.Sale, "12", "777", "late", 2, goldenNow-10*24*hourMs),
		adjusted,
		ev(event.CartAdd, "online", "555", "c1", 2, goldenNow-5*minuteMs),
	}
}

func goldenInventory(t *testing.T) []byte {
	t.Helper()
	return movesRecord(goldenNow, goldenNow*1000+123, movesOf(t, batchOf(t, nil, goldenMoves()...))...)
}

// wantGoldenInventory checks an image that came from either golden file of the inventory stage.
func wantGoldenInventory(t *testing.T, g *inventoryImage) {
	t.Helper()
	if len(g.pairs) != 3 {
		t.Errorf("%d pairs, want 3", len(g.pairs))
	}
	for key, want := range map[string]struct {
		onHand, barrier int64
		known, low      bool
	}{
		"12:555": {onHand: 5, barrier: goldenNow - 3*hourMs, known: true, low: true},
		"12:777": {onHand: 28},
	} {
		p := g.pairs[key]
		if p == nil {
			t.Fatalf("%s is missing", key)
		}
		if p.OnHand() != want.onHand || p.BarrierMs() != want.barrier ||
			p.Known() != want.known || p.LowStock() != want.low {
			t.Errorf("%s: on-hand %d, barrier %d, known %v, low %v; want %+v", key, p.OnHand(), p.BarrierMs(),
				p.Known(), p.LowStock(), want)
		}
		if p.Version() != goldenNow*1000+123 {
			t.Errorf("%s has version %d", key, p.Version())
		}
	}
	if p := g.pairs["online:555"]; p == nil || p.HasStock() {
		t.Errorf("a look made %+v", p)
	}
	// Identities are remembered: nothing of it counts twice.
	if published, accepted := g.applied(t, goldenNow, 0, goldenMoves()); len(accepted) > 0 {
		t.Errorf("events were taken again: %v", published)
	}
}

func TestGoldenInventory(t *testing.T) {
	record := goldenInventory(t)
	live := newInventoryImage(testLimits)
	if err := live.Replay(record); err != nil {
		t.Fatal(err)
	}
	for name, written := range map[string][]byte{"inventory_moves": record, "inventory_snapshot": live.Snapshot()} {
		t.Run(name, func(t *testing.T) {
			g := newInventoryImage(testLimits)
			if err := g.Replay(golden(t, name, written)); err != nil {
				t.Fatal(err)
			}
			wantGoldenInventory(t, g)
		})
	}
}

func goldenChanges() []byte {
	b := changesRecord(goldenNow, goldenNow*1000+123)
	for minute := range int64(4) {
		b = appendDemand(b, event.Sale, "12", "555", goldenNow-minute*minuteMs, 3)
	}
	b = appendDemand(b, event.View, "online", "555", goldenNow-5*hourMs, 1)
	b = appendDemand(b, event.CartAdd, "online", "555", goldenNow-minuteMs, 2)
	b = appendStockChange(b, "555", 5, 1)
	b = appendStockChange(b, "777", 28, 1)
	return appendStockChange(b, "888", 3, 1)
}

func TestGoldenProducts(t *testing.T) {
	changes, evaluation := goldenChanges(), evaluationRecord(goldenNow+1000, goldenNow*1000+456)
	live := replayedProducts(t, [][]byte{changes, evaluation})
	record := map[string][]byte{}
	for name, written := range map[string][]byte{"product_changes": changes, "product_evaluation": evaluation,
		"product_snapshot": live.Snapshot()} {
		record[name] = golden(t, name, written)
	}
	for name, log := range map[string][][]byte{
		"records":  {record["product_changes"], record["product_evaluation"]},
		"snapshot": {record["product_snapshot"]},
	} {
		t.Run(name, func(t *testing.T) {
			g := replayedProducts(t, log)
			for id, want := range map[string]struct {
				onHand, version int64
				low             bool
			}{
				"555": {onHand: 5, version: goldenNow*1000 + 123, low: true},
				"777": {onHand: 28, version: goldenNow*1000 + 123},
				"888": {onHand: 3, version: goldenNow*1000 + 123, low: true},
			} {
				p := g.products[id]
				if p == nil {
					t.Fatalf("product %s is missing", id)
				}
				if s := p.stock; s.OnHand != want.onHand || s.Stores != 1 ||
					s.Version != want.version || s.Low != want.low {
					t.Errorf("stock of %s is %+v, want %+v", id, s, want)
				}
			}
			p := g.products["555"]
			if sticky := p.global.Decisions().String(); sticky != "1h on 1750000001000" {
				t.Errorf("it keeps %q", sticky)
			}
			r, changed, _ := p.global.Evaluate(goldenNow+2000, g.config)
			if changed || r.UnitsHour != 12 || r.ViewsHour != 0 || r.ViewsDay != 1 || r.CartsHour != 2 {
				t.Errorf("velocity over all stores is %+v, changed %v", r, changed)
			}
			if len(p.stores) != 2 {
				t.Errorf("velocity in %d stores, want 2", len(p.stores))
			}
		})
	}
}

// golden compares what is written today with the golden file of a name and returns the file's
// bytes.
func golden(t *testing.T, name string, written []byte) []byte {
	t.Helper()
	path := filepath.Join("testdata", "state", name+".hex")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(hexLines(written)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if !bytes.Equal(written, want) {
		t.Errorf("%s: today's job writes\n%swant\n%s", path, hexLines(written), text)
	}
	return want
}

func hexLines(b []byte) string {
	var s strings.Builder
	for len(b) > 0 {
		n := min(len(b), 32)
		s.WriteString(hex.EncodeToString(b[:n]) + "\n")
		b = b[n:]
	}
	return s.String()
}
