package stock

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var errCorrupt = errors.New("encoded stock record is cut off or corrupt")

// DecodeRecord decodes a record from the front of b and returns the bytes after it. It accepts only
// what AppendBinary appends: encoding the record yields the same bytes. It does not retain b.
func DecodeRecord(b []byte) (*Record, []byte, error) {
	d := decoder{b: b}
	version, flags := d.byte(), d.byte()
	if !d.failed && version != recordVersion {
		return nil, nil, fmt.Errorf("stock record has version %d, want %d", version, recordVersion)
	}
	r := &Record{
		stocked: flags&flagStocked != 0, low: flags&flagLow != 0,
		known: flags&flagKnown != 0, adjusted: flags&flagAdjusted != 0,
	}
	d.check(flags < flagsEnd && (r.stocked || !r.known) && (r.known || !r.low && !r.adjusted))
	if r.stocked {
		r.onHand, r.version, r.newest, r.folded = d.varint(), d.varint(), d.varint(), d.varint()
	}
	if r.known {
		r.barrierAt, r.barrierQty = d.varint(), d.varint()
		r.barrierID = string(d.take(d.count(1)))
	}
	d.timeline(&r.moves, codeAdjustedReset, codeReset)
	var ids identities
	d.timeline(&ids.views, codeView, codeAdjustedCart)
	d.late(&ids)
	if ids.views.len() > 0 || len(ids.late) > 0 {
		r.ids = &ids
	}
	newest, ok := r.moves.newest()
	d.check(!ok || newest <= r.newest)
	d.check(r.stocked || r.moves.len() == 0 && len(ids.late) == 0)
	if d.failed || !r.uniqueIDs() {
		return nil, nil, errCorrupt
	}
	if r.liveIDs() >= indexFrom {
		r.makeIndex()
	}
	r.base = r.onHand - r.ledger()
	return r, d.b, nil
}

// decoder reads an encoding. After the first failure all reads return zero values.
type decoder struct {
	b      []byte
	failed bool
}

func (d *decoder) check(ok bool) { d.failed = d.failed || !ok }

func (d *decoder) take(n int) []byte {
	if d.check(n <= len(d.b)); d.failed {
		return nil
	}
	x := d.b[:n]
	d.b = d.b[n:]
	return x
}

func (d *decoder) byte() byte {
	if x := d.take(1); x != nil {
		return x[0]
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if x := d.take(8); x != nil {
		return binary.LittleEndian.Uint64(x)
	}
	return 0
}

// uvarint reads a number. It fails unless the number is in its shortest form.
func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if d.check(n == 1 || n > 1 && d.b[n-1] != 0); d.failed {
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v := d.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// count reads the number of items that follow, of at least size bytes each. It fails if so many
// cannot follow.
func (d *decoder) count(size int) int {
	v := d.uvarint()
	if d.check(v <= uint64(len(d.b)/size)); d.failed {
		return 0
	}
	return int(v)
}

// timeline reads entries in order, with codes from lowest to highest.
func (d *decoder) timeline(t *timeline, lowest, highest int64) {
	var prev entry
	for i := range d.count(10) {
		e := entry{at: prev.at + d.varint(), qty: d.varint(), id: d.uint64()}
		d.check(i == 0 || prev.less(e))
		d.check(lowest <= e.code() && e.code() <= highest)
		if d.failed {
			return
		}
		t.insert(e)
		prev = e
	}
}

func (d *decoder) late(ids *identities) {
	n := d.count(17)
	if n == 0 {
		return
	}
	ids.late = make([]lateID, n)
	for i := range ids.late {
		l := lateID{keep: d.varint(), id: d.uint64(), content: content(d.uint64())}
		d.check(l.content != 0 && (i == 0 || ids.late[i-1].keep <= l.keep))
		ids.late[i] = l
	}
}
