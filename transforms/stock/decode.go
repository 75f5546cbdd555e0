package stock

import (
	"fmt"

	"github.com/beamlytics/streamlytics/internal/codec"
)

// DecodeRecord decodes a record from the front of b and returns the bytes after it. It accepts only
// what AppendBinary appends: encoding the record yields the same bytes. It does not retain b.
func DecodeRecord(b []byte) (*Record, []byte, error) {
	d := decoder{codec.Reader{B: b}}
	version, flags := d.Byte(), d.Byte()
	if d.Err == nil && version != recordVersion {
		return nil, nil, fmt.Errorf("stock record has version %d, want %d", version, recordVersion)
	}
	r := &Record{
		stocked: flags&flagStocked != 0, low: flags&flagLow != 0,
		known: flags&flagKnown != 0, adjusted: flags&flagAdjusted != 0,
	}
	d.Check(flags < flagsEnd && (r.stocked || !r.known) && (r.known || !r.low && !r.adjusted))
	if r.stocked {
		r.onHand, r.version, r.newest, r.folded = d.Varint(), d.Varint(), d.Varint(), d.Varint()
	}
	if r.known {
		r.barrierAt, r.barrierQty = d.Varint(), d.Varint()
		r.barrierID = string(d.Bytes())
	}
	d.timeline(&r.moves, codeAdjustedReset, codeReset)
	var ids identities
	d.timeline(&ids.views, codeView, codeAdjustedCart)
	d.late(&ids)
	if ids.views.len() > 0 || len(ids.late) > 0 {
		r.ids = &ids
	}
	newest, ok := r.moves.newest()
	d.Check(!ok || newest <= r.newest)
	d.Check(r.stocked || r.moves.len() == 0 && len(ids.late) == 0)
	d.Check(d.Err != nil || r.uniqueIDs())
	if d.Err != nil {
		return nil, nil, fmt.Errorf("decode a stock record: %w", d.Err)
	}
	if r.liveIDs() >= indexFrom {
		r.makeIndex()
	}
	r.base = r.onHand - r.ledger()
	return r, d.B, nil
}

// decoder reads an encoding.
type decoder struct{ codec.Reader }

// timeline reads entries in order, with codes from lowest to highest.
func (d *decoder) timeline(t *timeline, lowest, highest int64) {
	var prev entry
	for i := range d.Count(10) {
		e := entry{at: prev.at + d.Varint(), qty: d.Varint(), id: d.Uint64()}
		d.Check(i == 0 || prev.less(e))
		d.Check(lowest <= e.code() && e.code() <= highest)
		if d.Err != nil {
			return
		}
		t.insert(e)
		prev = e
	}
}

func (d *decoder) late(ids *identities) {
	n := d.Count(17)
	if n == 0 {
		return
	}
	ids.late = make([]lateID, n)
	for i := range ids.late {
		l := lateID{keep: d.Varint(), id: d.Uint64(), content: content(d.Uint64())}
		d.Check(l.content != 0 && (i == 0 || ids.late[i-1].keep <= l.keep))
		ids.late[i] = l
	}
}
