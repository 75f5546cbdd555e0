package transforms

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/beamlytics/streamlytics/internal/codec"
	"github.com/beamlytics/streamlytics/transforms/stock"
	"github.com/beamlytics/streamlytics/transforms/velocity"
)

// The kinds of log records of SmartVelocityFn, beside recordSnapshot.
const (
	recordChanges    = 'C' // clock, wall clock in microseconds, changes
	recordEvaluation = 'E' // clock, wall clock in microseconds: what was due was evaluated
	// recordChangesEvaluated is recordChanges followed by an evaluation at the same clock.
	recordChangesEvaluated = 'B'
)

// Replay implements keyed.Image.
func (g *productImage) Replay(record []byte) error {
	r := codec.Reader{B: record}
	switch kind := r.Byte(); kind {
	case recordSnapshot:
		return g.restore(&r)
	case recordChanges, recordChangesEvaluated:
		now, wall := r.Varint(), r.Varint()
		if err := g.apply(&r, now); err != nil {
			return err
		}
		g.settle(wall, nil)
		if kind == recordChangesEvaluated {
			g.evaluate(now, nil)
		}
	case recordEvaluation:
		if now := r.Varint(); r.Err == nil {
			r.Varint()
			g.evaluate(now, nil)
		}
	default:
		if r.Err == nil {
			return fmt.Errorf("unknown kind %q of product log record: another version wrote it; "+
				"replace the job from the archive", kind)
		}
	}
	return r.Err
}

// productLow is a flag of a product in a snapshot.
const productLow = 1

// Snapshot implements keyed.Image.
func (g *productImage) Snapshot() []byte {
	b := []byte{recordSnapshot}
	for _, id := range slices.Sorted(maps.Keys(g.products)) { // equal images have equal snapshots
		p := g.products[id]
		b = codec.AppendBytes(b, id)
		b = binary.AppendVarint(b, p.stock.OnHand)
		b = binary.AppendVarint(b, p.stock.Stores)
		b = binary.AppendVarint(b, p.stock.Version)
		flags := byte(0)
		if p.stock.Low {
			flags |= productLow
		}
		b = append(b, flags)
		b = p.global.AppendBinary(b)
		b = binary.AppendUvarint(b, uint64(len(p.stores)))
		for _, store := range slices.Sorted(maps.Keys(p.stores)) {
			b = codec.AppendBytes(b, store)
			b = p.stores[store].AppendBinary(b)
		}
	}
	return b
}

func (g *productImage) restore(r *codec.Reader) error {
	for r.More() {
		id := r.Bytes()
		if r.Err != nil {
			break
		}
		p := g.product(id)
		p.stock = stock.Global{OnHand: r.Varint(), Stores: r.Varint(), Version: r.Varint()}
		p.stock.Low = r.Byte()&productLow != 0
		if err := g.restoreSeries(r, &p.global); err != nil {
			return fmt.Errorf("read the velocity of product %s: %w", p.id, err)
		}
		for n := r.Uvarint(); n > 0 && r.Err == nil; n-- {
			store := r.Bytes()
			if r.Err != nil {
				break
			}
			if err := g.restoreSeries(r, g.store(p, store)); err != nil {
				return fmt.Errorf("read the velocity of product %s in store %s: %w", p.id, store, err)
			}
		}
	}
	return r.Err
}

// restoreSeries reads a series. It is dirty: a snapshot does not hold whether it was, and
// evaluating it once more publishes nothing twice.
func (g *productImage) restoreSeries(r *codec.Reader, s *series) error {
	if r.Err != nil {
		return r.Err
	}
	size := s.Size()
	v, rest, err := velocity.DecodeSeries(r.B)
	if err != nil {
		return err
	}
	r.B, s.Series = rest, v
	g.markDirty(s)
	g.bytes += s.Size() - size
	return nil
}

// Tidy implements keyed.Image. Evaluating drops what is empty.
func (g *productImage) Tidy() {}

// Size implements keyed.Image.
func (g *productImage) Size() int { return g.bytes }
