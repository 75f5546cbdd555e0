package stock

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// recordVersion is the first byte of an encoded record. A job update reads what yesterday's job wrote: a new form gets a new
// number, and the old ones stay readable.
const recordVersion = 1

const (
	flagStocked = 1 << iota
	flagLow
	flagKnown
)

var errShort = errors.New("encoded stock record ends early")

// AppendBinary appends the record's encoded form. Equal records have equal forms.
func (r *Record) AppendBinary(b []byte) []byte {
	flags := byte(0)
	if r.stocked {
		flags |= flagStocked
	}
	if r.low {
		flags |= flagLow
	}
	if r.known {
		flags |= flagKnown
	}
	b = append(b, recordVersion, flags)
	if r.stocked {
		b = binary.AppendVarint(b, r.onHand)
		b = binary.AppendVarint(b, r.base)
		b = binary.AppendVarint(b, r.version)
		b = binary.AppendVarint(b, r.newest)
	}
	if r.known {
		b = binary.AppendVarint(b, r.barrierAt)
		b = binary.AppendVarint(b, r.barrierQty)
		b = binary.AppendUvarint(b, uint64(len(r.barrierID)))
		b = append(b, r.barrierID...)
	}
	b = r.moves.appendBinary(b)
	b = r.looks.appendBinary(b)
	b = binary.AppendUvarint(b, uint64(len(r.late)))
	for _, l := range r.late {
		b = binary.AppendVarint(b, l.keep)
		b = binary.LittleEndian.AppendUint64(b, l.id)
		b = binary.LittleEndian.AppendUint64(b, l.content)
	}
	return b
}

// appendBinary writes each entry's time as the step from the one before.
func (t *timeline) appendBinary(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(t.n))
	prev := int64(0)
	t.each(func(e entry) bool {
		b = binary.AppendVarint(b, e.at-prev)
		b = binary.AppendVarint(b, e.qty)
		b = binary.LittleEndian.AppendUint64(b, e.id)
		prev = e.at
		return true
	})
	return b
}

// DecodeRecord reads a record from the front of b and returns what follows it.
func DecodeRecord(b []byte) (*Record, []byte, error) {
	d := decoder{b: b}
	version, flags := d.byte(), d.byte()
	if d.err == nil && version != recordVersion {
		return nil, nil, fmt.Errorf("stock record of version %d: this program knows version %d", version, recordVersion)
	}
	r := &Record{stocked: flags&flagStocked != 0, low: flags&flagLow != 0, known: flags&flagKnown != 0}
	if r.stocked {
		r.onHand, r.base, r.version, r.newest = d.varint(), d.varint(), d.varint(), d.varint()
	}
	if r.known {
		r.barrierAt, r.barrierQty = d.varint(), d.varint()
		r.barrierID = string(d.take(int(d.count(1))))
	}
	d.timeline(&r.moves)
	d.timeline(&r.looks)
	if n := d.count(17); n > 0 {
		r.late = make([]lateID, n)
		for i := range r.late {
			r.late[i] = lateID{keep: d.varint(), id: d.uint64(), content: d.uint64()}
		}
	}
	if d.err != nil {
		return nil, nil, d.err
	}
	r.reindex()
	return r, d.b, nil
}

// decoder reads with one error for all reads: after the first failure everything is zero.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) take(n int) []byte {
	if d.err != nil || n < 0 || n > len(d.b) {
		d.fail()
		return nil
	}
	x := d.b[:n]
	d.b = d.b[n:]
	return x
}

func (d *decoder) fail() {
	if d.err == nil {
		d.err = errShort
	}
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

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if d.err != nil || n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count reads the number of items of at least size bytes that follow, and refuses what cannot be there.
func (d *decoder) count(size uint64) uint64 {
	v, n := binary.Uvarint(d.b)
	if d.err != nil || n <= 0 || v > uint64(len(d.b)-n)/size {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) timeline(t *timeline) {
	prev := entry{}
	for i := d.count(10); i > 0 && d.err == nil; i-- {
		e := entry{at: prev.at + d.varint(), qty: d.varint(), id: d.uint64()}
		if d.err == nil {
			t.insert(e)
		}
		prev = e
	}
}
