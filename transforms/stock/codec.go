package stock

import "encoding/binary"

// recordVersion is the first byte of an encoded record. A new encoding gets a new version, and
// DecodeRecord keeps reading the old ones: an updated job reads the state of the job before it.
const recordVersion = 1

const (
	flagStocked = 1 << iota
	flagLow
	flagKnown
	flagAdjusted // the time of the barrier was replaced on arrival; not set by earlier programs
	flagsEnd
)

// AppendBinary appends the encoding of the record. Equal records have equal encodings.
//
// It consists of version and flags; on-hand, version, newest and folded of a stocked record; the
// barrier of a known one; then the ledger, the views and the late ids, each preceded by its length.
// Numbers are varints. base and the index are not encoded because they follow from the rest.
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
	b = r.views().appendBinary(b)
	b = binary.AppendUvarint(b, uint64(len(r.late())))
	for _, l := range r.late() {
		b = binary.AppendVarint(b, l.keep)
		b = binary.LittleEndian.AppendUint64(b, l.id)
		b = binary.LittleEndian.AppendUint64(b, uint64(l.content))
	}
	return b
}

// appendBinary appends the entries. Each time is encoded as the difference to the one before.
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
