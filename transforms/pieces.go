package transforms

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// maxElementBytes bounds one element of a log in Beam's state. Dataflow refuses values over 80 MB, and repeats the bundle for ever
// (apache/beam#30558).
const maxElementBytes = 1 << 20

// pieceMark begins an element that holds a piece of a record. Where it stands, an element that holds a whole record has the number of
// its write, which is never 0.
const pieceMark = 0

// errTorn reports a log in which pieces of a record are missing or out of order.
var errTorn = errors.New("the pieces of a record are not all there, or not in order")

// splitRecord returns the elements of a log that hold a record, in order. seq is the number of its write and greater than 0.
//
// A record that fits into one element is (seq, record). A longer one is split into (pieceMark, seq, index, number of pieces, bytes).
// No element shares memory with the record or another element, because Beam keeps what it is given until the bundle ends.
func splitRecord(seq int64, record []byte) [][]byte {
	if len(record) <= maxElementBytes-binary.MaxVarintLen64 {
		element := make([]byte, 0, binary.MaxVarintLen64+len(record))
		return [][]byte{append(binary.AppendVarint(element, seq), record...)}
	}
	const head = 4 * binary.MaxVarintLen64
	pieces := slices.Collect(slices.Chunk(record, maxElementBytes-head))
	for i, piece := range pieces {
		element := binary.AppendVarint(make([]byte, 0, head+len(piece)), pieceMark)
		element = binary.AppendVarint(element, seq)
		element = binary.AppendUvarint(element, uint64(i))
		element = binary.AppendUvarint(element, uint64(len(pieces)))
		pieces[i] = append(element, piece...)
	}
	return pieces
}

// joinElements returns the records that the elements of a log hold and the number of the last write, 0 if there is none. The
// records may alias the elements. The error is errTorn where a record is not whole.
func joinElements(elements [][]byte) (records [][]byte, seq int64, err error) {
	for len(elements) > 0 {
		r := reader{b: elements[0]}
		if seq = r.varint(); seq != pieceMark {
			records, elements = append(records, r.b), elements[1:]
		} else {
			var record []byte
			if record, seq, elements, err = joinPieces(elements); err == nil {
				records = append(records, record)
			}
		}
		if err = errors.Join(err, r.err); err != nil {
			return nil, 0, fmt.Errorf("record %d: %w", len(records)+1, err)
		}
	}
	return records, seq, nil
}

// joinPieces returns the record that the first elements hold in pieces, the number of its write, and the elements behind it.
func joinPieces(elements [][]byte) (record []byte, seq int64, rest [][]byte, err error) {
	pieces := uint64(1)
	for i := uint64(0); i < pieces; i++ {
		if i >= uint64(len(elements)) {
			return nil, 0, nil, fmt.Errorf("%w: %d of %d", errTorn, i, pieces)
		}
		r := reader{b: elements[i]}
		mark, number, index, of := r.varint(), r.varint(), r.uvarint(), r.uvarint()
		if i == 0 {
			seq, pieces = number, of
		}
		switch {
		case r.err != nil:
			return nil, 0, nil, r.err
		case mark != pieceMark || number != seq || index != i || of != pieces || pieces == 0 || pieces > uint64(len(elements)):
			return nil, 0, nil, fmt.Errorf("%w: piece %d of %d", errTorn, i+1, pieces)
		}
		if i == 0 {
			record = make([]byte, 0, pieces*maxElementBytes)
		}
		record = append(record, r.b...)
	}
	return record, seq, elements[pieces:], nil
}
