// Package codec reads and writes the binary form of batches and of state. Numbers are varints in
// their shortest form, or 8 bytes in little-endian order; byte strings follow their length.
package codec

import (
	"encoding/binary"
	"errors"
)

// The errors of a Reader.
var (
	ErrShort    = errors.New("data ends early")
	ErrOverflow = errors.New("number over 64 bits")
	ErrLong     = errors.New("number is not in its shortest form")
	ErrCorrupt  = errors.New("data is corrupt")
)

// Reader consumes B from its front. After the first failure B is nil, Err is set, and every value
// read is zero.
type Reader struct {
	B   []byte
	Err error
}

// Fail sets the error, unless one is set, and ends the data.
func (r *Reader) Fail(err error) {
	r.B = nil
	if r.Err == nil {
		r.Err = err
	}
}

// Check fails with ErrCorrupt unless ok.
func (r *Reader) Check(ok bool) {
	if !ok {
		r.Fail(ErrCorrupt)
	}
}

// More reports whether there is data left to read.
func (r *Reader) More() bool { return len(r.B) > 0 && r.Err == nil }

// Take reads n bytes, which alias B.
func (r *Reader) Take(n int) []byte {
	if n > len(r.B) {
		r.Fail(ErrShort)
		return nil
	}
	x := r.B[:n:n]
	r.B = r.B[n:]
	return x
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if len(r.B) < 1 {
		r.Fail(ErrShort)
		return 0
	}
	x := r.B[0]
	r.B = r.B[1:]
	return x
}

// Uint64 reads 8 bytes.
func (r *Reader) Uint64() uint64 {
	if len(r.B) < 8 {
		r.Fail(ErrShort)
		return 0
	}
	x := binary.LittleEndian.Uint64(r.B)
	r.B = r.B[8:]
	return x
}

// Uvarint reads an unsigned varint.
func (r *Reader) Uvarint() uint64 {
	v, n := binary.Uvarint(r.B)
	switch {
	case n == 0:
		r.Fail(ErrShort)
		return 0
	case n < 0:
		r.Fail(ErrOverflow)
		return 0
	case n > 1 && r.B[n-1] == 0:
		r.Fail(ErrLong)
		return 0
	}
	r.B = r.B[n:]
	return v
}

// Varint reads a signed varint.
func (r *Reader) Varint() int64 {
	v := r.Uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// Count reads the number of items of at least size bytes each that follow, and fails when the rest
// of the data is too short for them.
func (r *Reader) Count(size int) int {
	v := r.Uvarint()
	if v > uint64(len(r.B)/size) {
		r.Fail(ErrShort)
		return 0
	}
	return int(v)
}

// Bytes reads a byte string, which aliases B.
func (r *Reader) Bytes() []byte { return r.Take(r.Count(1)) }

// AppendBytes appends a byte string.
func AppendBytes[T ~string | ~[]byte](b []byte, x T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(x))), x...)
}
