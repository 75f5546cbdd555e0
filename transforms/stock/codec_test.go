package stock

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/beamlytics/streamlytics/event"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// goldenRecords returns records that use every part of the encoding. A record is a function of the
// moves applied to it, so a decoded record is correct if it has the same encoding and behaves alike
// afterwards.
func goldenRecords() map[string]*Record {
	build := func(l Limits, moves ...Move) *Record {
		r := &Record{}
		for _, m := range moves {
			r.Apply(m, t0+DayMs/2, l)
			if r.HasStock() {
				r.Bump(t0 * 1000)
			}
		}
		return r
	}
	l := Limits{HorizonMs: DayMs, LowEnter: 5, LowExit: 8, CountLate: true}
	many := make([]Move, 0, 3*leafSize)
	for i := range int64(3 * leafSize) {
		many = append(many, Move{Type: event.Type(1 + i%2), Quantity: i % 5, TimeMs: t0 + i*1000, ID: mix(uint64(i))})
	}
	return map[string]*Record{
		"empty": {},
		"sale":  build(l, moveOf(sale("a", 2, t0))),
		"views": build(l, moveOf(view("a", 1, t0)), adjusted(cartAdd("b", 2, t0))),
		"all": build(l, moveOf(reset("count", 7, t0-2*DayMs)), moveOf(sale("a", 3, t0)), moveOf(receipt("b", 1, t0+1)),
			moveOf(sale("late", -1, t0-2*DayMs)), moveOf(sale("dropped", 1, t0-3*DayMs)), moveOf(view("c", 1, t0)),
			adjusted(view("d", 1, t0)),
			moveOf(cartAdd("e", 0, t0)), adjusted(cartAdd("f", 1, t0))),
		"many":     build(l, many...),
		"adjusted": build(l, adjusted(reset("count", 7, t0)), adjusted(reset("before", 3, t0-5))),
	}
}

// TestGolden decodes the encodings of earlier programs. These files are only ever added to.
func TestGolden(t *testing.T) {
	for name, want := range goldenRecords() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", "record_v1_"+name+".golden")
			if *update {
				if err := os.WriteFile(path, fmt.Appendf(nil, "%x\n", want.AppendBinary(nil)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b, err := hex.DecodeString(string(bytes.TrimSpace(text)))
			if err != nil {
				t.Fatal(err)
			}
			r, rest, err := DecodeRecord(b)
			if err != nil || len(rest) > 0 {
				t.Fatalf("%v; %d bytes left", err, len(rest))
			}
			if got := want.AppendBinary(nil); !bytes.Equal(got, b) {
				t.Errorf("encoded as\n%x, want\n%x", got, b)
			}
			if err := wantConsistent(r); err != nil {
				t.Error(err)
			}
			next := moveOf(reset("next", 50, t0-1))
			l := Limits{HorizonMs: DayMs, LowEnter: 5, LowExit: 8, CountLate: true}
			if got, want := r.Apply(next, t0, l), want.Apply(next, t0, l); got != want || r.OnHand() == 0 {
				t.Errorf("the next event: %+v, want %+v", got, want)
			}
			if got, want := r.AppendBinary(nil), want.AppendBinary(nil); !bytes.Equal(got, want) {
				t.Errorf("after the next event:\n%x, want\n%x", got, want)
			}
		})
	}
}

func TestDecodeRefusesTruncated(t *testing.T) {
	for name, r := range goldenRecords() {
		b := r.AppendBinary(nil)
		for n := range b {
			if _, _, err := DecodeRecord(b[:n]); err == nil {
				t.Errorf("%s: %d of %d bytes are accepted", name, n, len(b))
			}
		}
	}
}

// stocked returns a record with the entries as its ledger.
func stocked(entries ...entry) *Record {
	r := &Record{stocked: true, newest: t0, version: 1}
	r.moves.few = entries
	r.onHand = r.ledger()
	return r
}

// late returns a record with the late ids.
func late(ids ...lateID) *Record {
	r := stocked()
	r.ids = &identities{late: ids}
	return r
}

// at returns an entry of one unit.
func at(ms, code int64, id uint64) entry { return entry{at: ms<<codeBits | code, qty: 1, id: id} }

func TestDecodeRefusesCorrupt(t *testing.T) {
	var good Record
	good.Apply(moveOf(sale("a", 1, t0)), farNow, testLimits)
	b := good.AppendBinary(nil)
	longer := append(bytes.Clone(b[:2]), 0x81, 0x00) // on-hand -1 in two bytes
	longer = append(longer, b[3:]...)
	for name, b := range map[string][]byte{
		"nothing":            {},
		"a later version":    append([]byte{recordVersion + 1}, b[1:]...),
		"version 0":          append([]byte{0}, b[1:]...),
		"an unknown flag":    append([]byte{recordVersion, flagsEnd}, b[2:]...),
		"known, not stocked": (&Record{known: true}).AppendBinary(nil),
		"low, not known":     (&Record{stocked: true, low: true}).AppendBinary(nil),
		"a long number":      longer,
		"moves of no key":    (&Record{moves: timeline{few: leaf{at(t0, codeSale, 1)}}}).AppendBinary(nil),
		"late of no key": (&Record{ids: &identities{late: []lateID{{keep: t0, id: 1,
			content: 1}}}}).AppendBinary(nil),
		"times out of order":   stocked(at(t0, codeSale, 1), at(t0-1, codeSale, 2)).AppendBinary(nil),
		"ids out of order":     stocked(at(t0, codeSale, 2), at(t0, codeSale, 1)).AppendBinary(nil),
		"an entry twice":       stocked(at(t0, codeSale, 1), at(t0, codeSale, 1)).AppendBinary(nil),
		"an id twice":          stocked(at(t0-1, codeSale, 1), at(t0, codeSale, 1)).AppendBinary(nil),
		"a view in the ledger": stocked(at(t0, codeView, 1)).AppendBinary(nil),
		"adjusted, not known":  (&Record{stocked: true, adjusted: true}).AppendBinary(nil),
		"newer than newest":    stocked(at(t0+1, codeSale, 1)).AppendBinary(nil),
		"late out of order": late(lateID{keep: t0, id: 1, content: 2},
			lateID{keep: t0 - 1, id: 2, content: 2}).AppendBinary(nil),
		"late of no content": late(lateID{keep: t0, id: 1}).AppendBinary(nil),
		"late id twice": late(lateID{keep: t0, id: 1, content: 2},
			lateID{keep: t0, id: 1, content: 2}).AppendBinary(nil),
	} {
		if r, _, err := DecodeRecord(b); err == nil {
			t.Errorf("%s is accepted: %+v", name, r)
		}
	}
	// Without a fault, the records of this test are accepted.
	for _, r := range []*Record{stocked(at(t0-1, codeSale, 1), at(t0, codeSale, 2)),
		late(lateID{keep: t0, id: 1, content: 2})} {
		if _, err := recode(r); err != nil {
			t.Error(err)
		}
	}
}

// TestDecodeRefusesDuplicateAmongMany checks the ids of a record with an index.
func TestDecodeRefusesDuplicateAmongMany(t *testing.T) {
	var many []entry
	for i := range int64(leafSize) {
		many = append(many, at(t0+i-leafSize, codeSale, uint64(i)))
	}
	more := stocked(many...)
	more.ids = &identities{late: make([]lateID, 0, indexFrom)}
	for i := range uint64(indexFrom) {
		more.ids.late = append(more.ids.late, lateID{keep: t0, id: 1000 + i, content: 1})
	}
	if _, _, err := DecodeRecord(more.AppendBinary(nil)); err != nil {
		t.Error(err)
	}
	more.ids.late[indexFrom-1].id = 5
	if _, _, err := DecodeRecord(more.AppendBinary(nil)); err == nil {
		t.Error("a duplicate id among many is accepted")
	}
}

// FuzzDecodeRecord checks that what is accepted encodes to the same bytes and is a consistent
// record.
func FuzzDecodeRecord(f *testing.F) {
	for _, r := range goldenRecords() {
		f.Add(r.AppendBinary(nil))
	}
	for i := range uint64(20) {
		h := newHistory(rand.New(rand.NewPCG(9, i)))
		r, err := h.arrive()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(r.AppendBinary(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, rest, err := DecodeRecord(b)
		if err != nil {
			return
		}
		if got := append(r.AppendBinary(nil), rest...); !bytes.Equal(got, b) {
			t.Fatalf("accepted\n%x, which is encoded as\n%x", b, got)
		}
		if err := wantConsistent(r); err != nil {
			t.Fatal(err)
		}
		if r.Size() > 64*len(b)+1024 {
			t.Fatalf("%d bytes became a record of %d", len(b), r.Size())
		}
		r.Apply(moveOf(sale("next", 1, t0)), t0, testLimits)
	})
}
