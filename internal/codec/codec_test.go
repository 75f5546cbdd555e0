package codec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// TestReader reads back what was appended, and fails on every prefix of it.
func TestReader(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i, u, w := rapid.Int64().Draw(t, "varint"), rapid.Uint64().Draw(t, "uvarint"), rapid.Uint64().Draw(t, "uint64")
		s, c := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"), rapid.Byte().Draw(t, "byte")
		b := binary.AppendUvarint(binary.AppendVarint([]byte{c}, i), u)
		b = AppendBytes(binary.LittleEndian.AppendUint64(b, w), s)
		read := func(b []byte) (Reader, bool) {
			r := Reader{B: b}
			same := r.Byte() == c && r.Varint() == i && r.Uvarint() == u && r.Uint64() == w && bytes.Equal(r.Bytes(), s)
			return r, same
		}
		if r, same := read(b); !same || r.Err != nil || r.More() || len(r.B) > 0 {
			t.Fatalf("%x is read with %d bytes left, %v", b, len(r.B), r.Err)
		}
		short := b[:rapid.IntRange(0, len(b)-1).Draw(t, "length")]
		if r, _ := read(short); !errors.Is(r.Err, ErrShort) || r.More() || r.Byte() != 0 || r.Bytes() != nil {
			t.Fatalf("%x of %x: %v", short, b, r.Err)
		}
	})
}

// TestReaderRefuses checks numbers that are not in their only form and counts that cannot be.
func TestReaderRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"overflow":  {bytes.Repeat([]byte{0xff}, 11), ErrOverflow},
		"long form": {[]byte{0x80, 0}, ErrLong},
		"empty":     {nil, ErrShort},
	} {
		r := Reader{B: c.data}
		if v := r.Uvarint(); v != 0 || !errors.Is(r.Err, c.want) {
			t.Errorf("%s: %d, %v", name, v, r.Err)
		}
	}
	r := Reader{B: []byte{3, 1, 2, 3, 4, 5}}
	if n := r.Count(2); n != 0 || !errors.Is(r.Err, ErrShort) {
		t.Errorf("count of 3 items of 2 bytes in 5 bytes: %d, %v", n, r.Err)
	}
	r = Reader{B: []byte{1}}
	if r.Check(false); !errors.Is(r.Err, ErrCorrupt) || r.More() {
		t.Errorf("after a failed check: %v", r.Err)
	}
}
