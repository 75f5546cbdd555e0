package keyed

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/state"

	"github.com/beamlytics/streamlytics/internal/metrics"
)

// patterned returns n bytes that differ from those at other places and with other seeds.
func patterned(n int, seed byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i>>16) ^ byte(i>>8)*31 ^ byte(i)*7 ^ seed
	}
	return b
}

// TestElements: records of all sizes around the bound come back, alone and behind each other.
func TestElements(t *testing.T) {
	var log, want [][]byte
	for i, size := range []int{0, 1, maxElementBytes - 11, maxElementBytes - 10, maxElementBytes - 9,
		maxElementBytes, maxElementBytes + 1,
		3*maxElementBytes - 1, 3 * maxElementBytes, 7} {
		record, seq := patterned(size, byte(i)), int64(1_800_000_000_000_000+i)
		elements := splitRecord(seq, record)
		for _, e := range elements {
			if len(e) > maxElementBytes {
				t.Errorf("%d bytes: an element has %d", size, len(e))
			}
		}
		got, number, err := joinElements(elements)
		if err != nil || number != seq || len(got) != 1 || !bytes.Equal(got[0], record) {
			t.Errorf("%d bytes: %d records, number %d, %v", size, len(got), number, err)
		}
		log, want = append(log, elements...), append(want, record)
	}
	got, _, err := joinElements(log)
	if err != nil || !slices.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("the whole log: %d records of %d, %v", len(got), len(want), err)
	}
}

// TestElementsOfTheVersionBefore: an element that was written whole, whatever its size, is a
// record.
func TestElementsOfTheVersionBefore(t *testing.T) {
	record := patterned(3<<20, 1)
	element := append(binary.AppendVarint(nil, 1_790_000_000_000_000), record...)
	got, seq, err := joinElements([][]byte{element})
	if err != nil || seq != 1_790_000_000_000_000 || len(got) != 1 || !bytes.Equal(got[0], record) {
		t.Errorf("%d records, number %d, %v", len(got), seq, err)
	}
}

// TestTornRecord: a log in which pieces are missing, twice there or out of order is refused, and
// never taken for a shorter one.
func TestTornRecord(t *testing.T) {
	a, b := splitRecord(5, patterned(3<<20, 1)), splitRecord(6, patterned(3<<20, 2))
	whole := splitRecord(7, []byte("whole"))
	n := len(a)
	for name, log := range map[string][][]byte{
		"without its first":           a[1:],
		"without its second":          slices.Concat(a[:1], a[2:]),
		"without its last":            a[:n-1],
		"the first alone":             a[:1],
		"whole record in its midst":   slices.Concat(a[:1], whole, a[1:]),
		"next record begins too soon": slices.Concat(a[:n-1], b),
		"two in each other":           slices.Concat(a[:2], b[2:]),
		"swapped":                     slices.Concat(a[:1], a[2:3], a[1:2], a[3:]),
		"second twice":                slices.Concat(a[:2], a[1:]),
		"last twice":                  slices.Concat(a, a[n-1:]),
		"behind a whole one":          slices.Concat(whole, a[:n-1]),
	} {
		if got, _, err := joinElements(log); !errors.Is(err, errTorn) {
			t.Errorf("%s: %d records, error %v", name, len(got), err)
		}
	}
	head := binary.AppendVarint(binary.AppendVarint(nil, pieceMark), 5)
	for name, element := range map[string][]byte{
		"empty":              {},
		"mark alone":         {pieceMark},
		"no index":           head,
		"far too many":       binary.AppendUvarint(binary.AppendUvarint(slices.Clone(head), 0), 1<<62),
		"pieces that are 0":  binary.AppendUvarint(binary.AppendUvarint(slices.Clone(head), 0), 0),
		"begins with second": binary.AppendUvarint(binary.AppendUvarint(slices.Clone(head), 1), 2),
	} {
		if got, _, err := joinElements([][]byte{element}); err == nil {
			t.Errorf("%s: read as %d records", name, len(got))
		}
	}
}

// blob is an image that is one slice of bytes, which snapshots and records share.
type blob struct{ content []byte }

func (b *blob) Replay(record []byte) error { b.content = record; return nil }
func (b *blob) Snapshot() []byte           { return b.content }
func (b *blob) Tidy()                      {}
func (b *blob) Size() int                  { return len(b.content) }

// TestLargeImage: an image of 200 MB goes into the runner's state in elements of at most 1 MiB, and
// comes back whole. It is counted.
func TestLargeImage(t *testing.T) {
	const size = 200_000_000
	r := newRunner(t)
	stamp, log := state.MakeValueState[int64]("stamp"), state.MakeBagState[[]byte]("log")
	empty := func() *blob { return &blob{} }
	var counts metrics.Bundle
	losses := func() int64 { return 0 }
	j := &Log[*blob]{newImage: empty, losses: losses, counts: &counts,
		store: &beamStore[*blob]{stamp: &stamp, log: &log, cache: newCache[*blob](1), newImage: empty,
			losses: losses, counts: &counts}}
	content := patterned(size, 3)
	b := r.open("7")
	c, err := j.Open(b, "7")
	if err != nil {
		t.Fatal(err)
	}
	c.Image.content = content
	c.anew = true
	if _, _, err := j.Commit(b, "7", c, []byte("an event")); err != nil {
		t.Fatal(err)
	}
	b.commit()
	elements := r.keys["7"].bags["log"]
	for i, e := range elements {
		if n := len(e.([]byte)); n > maxElementBytes {
			t.Fatalf("element %d has %d bytes", i, n)
		}
	}
	if len(elements) < size/maxElementBytes {
		t.Fatalf("%d elements", len(elements))
	}
	again, err := j.Open(r.open("7"), "7")
	if err != nil || !bytes.Equal(again.Image.content, content) || again.snapshot != size || again.seq != c.seq {
		t.Fatalf("%d bytes come back, snapshot %d, %v", len(again.Image.content), again.snapshot, err)
	}
	p := metrics.NewProcess(time.Now())
	counts.Flush(t.Context(), p)
	if n := p.LargestSnapshot.Load(); n != size {
		t.Errorf("the largest snapshot is %d bytes", n)
	}

	r.keys["7"].bags["log"] = elements[:len(elements)-1]
	if _, err := j.Open(r.open("7"), "7"); !errors.Is(err, errTorn) {
		t.Errorf("without the last element: %v", err)
	}
}
