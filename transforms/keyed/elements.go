package keyed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/beamlytics/streamlytics/internal/codec"
)

// maxElementBytes bounds an element of a log in the runner's state. Dataflow refuses values over 80
// MB and retries the bundle without end (apache/beam#30558).
const maxElementBytes = 1 << 20

// pieceMark begins an element that holds a piece of a record. An element with a whole record begins
// with the number of its write, which is never 0.
const pieceMark = 0

// errTorn reports a log in which pieces of a record are missing or out of order.
var errTorn = errors.New("pieces of a record are missing or out of order")

// splitRecord returns the elements of a log that hold a record, in order. seq is the number of its
// write and greater than 0.
//
// A record that fits into one element is (seq, record). A longer one is split into (pieceMark, seq,
// index, number of pieces, bytes). No element shares memory with the record or another element:
// Beam keeps them until the bundle ends.
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

// joinElements returns the records in the elements of a log and the number of the last write, 0 if
// there is none. The records may alias the elements. The error wraps errTorn if a record is not
// whole.
func joinElements(elements [][]byte) (records [][]byte, seq int64, err error) {
	for len(elements) > 0 {
		r := codec.Reader{B: elements[0]}
		if seq = r.Varint(); seq != pieceMark {
			records, elements = append(records, r.B), elements[1:]
		} else {
			var record []byte
			if record, seq, elements, err = joinPieces(elements); err == nil {
				records = append(records, record)
			}
		}
		if err = errors.Join(err, r.Err); err != nil {
			return nil, 0, fmt.Errorf("record %d: %w", len(records)+1, err)
		}
	}
	return records, seq, nil
}

// joinPieces returns the record that begins the elements, the number of its write, and the elements
// after it.
func joinPieces(elements [][]byte) (record []byte, seq int64, rest [][]byte, err error) {
	pieces := uint64(1)
	for i := uint64(0); i < pieces; i++ {
		if i >= uint64(len(elements)) {
			return nil, 0, nil, fmt.Errorf("%w: %d of %d", errTorn, i, pieces)
		}
		r := codec.Reader{B: elements[i]}
		mark, number, index, of := r.Varint(), r.Varint(), r.Uvarint(), r.Uvarint()
		if i == 0 {
			seq, pieces = number, of
		}
		switch {
		case r.Err != nil:
			return nil, 0, nil, r.Err
		case mark != pieceMark, number != seq, index != i, of != pieces,
			pieces == 0, pieces > uint64(len(elements)):
			return nil, 0, nil, fmt.Errorf("%w: piece %d of %d", errTorn, i+1, pieces)
		}
		if i == 0 {
			record = make([]byte, 0, pieces*maxElementBytes)
		}
		record = append(record, r.B...)
	}
	return record, seq, elements[pieces:], nil
}
