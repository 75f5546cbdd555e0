package transforms

import (
	"bytes"
	"testing"

	"github.com/beamlytics/streamlytics/internal/codec"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/transforms/velocity"
)

// FuzzBatch: whatever comes, the reader ends, with an error or with all bytes read.
func FuzzBatch(f *testing.F) {
	f.Add(batchOf(f, []int64{1, 2}, ev(event.Sale, "s", "p", "a", 1, 5), ev(event.Reset, "s", "p", "b", 9, 6)))
	f.Add(batchOf(f, nil))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := codec.Reader{B: b}
		if n := len(tokensOf(&r)); n > len(b) {
			t.Fatalf("%d tokens out of %d bytes", n, len(b))
		}
		var m move
		for len(r.B) > 0 && r.Err == nil {
			before := len(r.B)
			m.read(&r)
			if len(r.B) >= before {
				t.Fatal("the reader stands still")
			}
			if r.Err == nil && (len(m.core) == 0 || len(m.store)+len(m.product)+len(m.inline) > before) {
				t.Fatalf("an event of %d bytes came to %+v", before, m)
			}
		}
		if r.Err != nil && r.B != nil {
			t.Error("bytes are left after a failure")
		}
	})
}

// FuzzInventoryReplay: a broken log is an error and no panic, and a snapshot that was accepted can
// be taken again.
func FuzzInventoryReplay(f *testing.F) {
	g := newInventoryImage(testLimits)
	record := movesRecord(1000, 5,
		movesOf(f, batchOf(f, nil, ev(event.Sale, "s", "p", "a", 1, 5), ev(event.Reset, "s", "p", "b", 9, 6),
			ev(event.View, "s", "p", "c", 1, 900)))...)
	if err := g.Replay(record); err != nil {
		f.Fatal(err)
	}
	f.Add(record)
	f.Add(g.Snapshot())
	f.Add([]byte{recordSnapshot})
	f.Fuzz(func(t *testing.T, b []byte) {
		g := newInventoryImage(testLimits)
		if g.Replay(b) != nil {
			return
		}
		first := g.Snapshot()
		if b[0] != recordSnapshot { // a log of moves is not checked: the decoder did that before
			return
		}
		again := newInventoryImage(testLimits)
		if err := again.Replay(first); err != nil {
			t.Fatalf("the image's own snapshot cannot be read: %v", err)
		}
		if second := again.Snapshot(); !bytes.Equal(first, second) {
			t.Errorf("a snapshot changed on its way through an image:\n%x\n%x", first, second)
		}
	})
}

// FuzzProductReplay is the same for the product stage.
func FuzzProductReplay(f *testing.F) {
	const now = 1_700_000_000_000
	g := newProductImage(testLimits, velocity.DefaultConfig())
	record := changesRecord(now, 5)
	record = appendStockChange(record, "p", 7, 1)
	record = appendDemand(record, event.Sale, "s", "p", now, 3)
	if err := g.Replay(record); err != nil {
		f.Fatal(err)
	}
	f.Add(record)
	f.Add(evaluationRecord(now, 5))
	f.Add(g.Snapshot())
	f.Fuzz(func(t *testing.T, b []byte) {
		g := newProductImage(testLimits, velocity.DefaultConfig())
		if g.Replay(b) != nil {
			return
		}
		first := g.Snapshot()
		if b[0] != recordSnapshot {
			return
		}
		again := newProductImage(testLimits, velocity.DefaultConfig())
		if err := again.Replay(first); err != nil {
			t.Fatalf("the image's own snapshot cannot be read: %v", err)
		}
		if second := again.Snapshot(); !bytes.Equal(first, second) {
			t.Errorf("a snapshot changed on its way through an image:\n%x\n%x", first, second)
		}
	})
}
