package stock

import "encoding/binary"

// recordVersion is the first byte of an encoded record. A job update reads what yesterday's job wrote: a new form gets a new
// number, and the old ones stay readable.
const recordVersion = 1

const (
	flagStocked = 1 << iota
	flagLow
	flagKnown
	flagAdjusted // of the count that holds; records of earlier programs never have it
	flagsEnd
)

// AppendBinary appends the record's encoded form. Equal records have equal forms.
//
// After version and flags stand, as varints, on-hand, version, newest and folded of a stocked record, then barrierAt, barrierQty and barrierID
// of a known one, then the ledger, the looks and the late ids, each with its length before it. What follows from these is not
// written: base and the index.
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
	if r.adjusted {
		flags |= flagAdjusted
	}
	b = append(b, recordVersion, flags)
	if r.stocked {
		b = binary.AppendVarint(b, r.onHand)
		b = binary.AppendVarint(b, r.version)
		b = binary.AppendVarint(b, r.newest)
		b = binary.AppendVarint(b, r.folded)
	}
	if r.known {
		b = binary.AppendVarint(b, r.barrierAt)
		b = binary.AppendVarint(b, r.barrierQty)
		b = binary.AppendUvarint(b, uint64(len(r.barrierID)))
		b = append(b, r.barrierID...)
	}
	b = r.moves.appendBinary(b)
	b = r.looks().appendBinary(b)
	b = binary.AppendUvarint(b, uint64(len(r.late())))
	for _, l := range r.late() {
		b = binary.AppendVarint(b, l.keep)
		b = binary.LittleEndian.AppendUint64(b, l.id)
		b = binary.LittleEndian.AppendUint64(b, uint64(l.content))
	}
	return b
}

// appendBinary writes each entry's time as the step from the one before.
func (t *timeline) appendBinary(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(t.len()))
	prev := int64(0)
	for e := range t.all {
		b = binary.AppendVarint(b, e.at-prev)
		b = binary.AppendVarint(b, e.qty)
		b = binary.LittleEndian.AppendUint64(b, e.id)
		prev = e.at
	}
	return b
}
