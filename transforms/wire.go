package transforms

import (
	"encoding/binary"
	"errors"
)

// errShort is a batch or log record that ends early.
var errShort = errors.New("record ends early")

// reader takes values from the front of a byte slice. After the first failure all values are zero and err is set.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail() {
	r.b = nil
	if r.err == nil {
		r.err = errShort
	}
}

func (r *reader) byte() byte {
	if len(r.b) < 1 {
		r.fail()
		return 0
	}
	x := r.b[0]
	r.b = r.b[1:]
	return x
}

func (r *reader) uint64() uint64 {
	if len(r.b) < 8 {
		r.fail()
		return 0
	}
	x := binary.LittleEndian.Uint64(r.b)
	r.b = r.b[8:]
	return x
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// bytes takes a length and as many bytes. They alias the slice that is read.
func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	x := r.b[:n:n]
	r.b = r.b[n:]
	return x
}

func appendBytes[T ~string | ~[]byte](b []byte, x T) []byte {
	b = binary.AppendUvarint(b, uint64(len(x)))
	return append(b, x...)
}

// appendTokens writes the ack tokens that head every batch between two stages.
func appendTokens(b []byte, tokens []int64) []byte {
	b = binary.AppendUvarint(b, uint64(len(tokens)))
	for _, t := range tokens {
		b = binary.AppendVarint(b, t)
	}
	return b
}

// tokens reads what appendTokens wrote, into dst.
func (r *reader) tokens(dst []int64) []int64 {
	dst = dst[:0]
	for n := r.uvarint(); n > 0 && r.err == nil; n-- {
		dst = append(dst, r.varint())
	}
	return dst
}
