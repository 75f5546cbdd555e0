package velocity

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// fullExample uses every part of the encoding: a live reading with both decisions, a changed badge,
// and buckets of each kind of content, one of them added since the last evaluation.
func fullExample() *Series {
	var s Series
	for m := range int64(3) {
		s.Add(noon+m*minute, noon+2*minute, Sale, 5)
	}
	s.Add(noon-23*hour, noon+2*minute, Sale, -300)
	s.Add(noon, noon+2*minute, View, 64)
	s.Add(noon, noon+2*minute, CartAdd, 2)
	s.Evaluate(noon+2*minute+123, DefaultConfig())
	s.Add(noon+5*minute, noon+3*minute, Sale, 1)
	s.Add(noon+5*minute, noon+3*minute, Sale, -1)
	return &s
}

// golden holds encodings of version 1. They never change: the state of an earlier job must stay
// readable.
var golden = map[string]struct {
	hex    string
	series func() *Series
}{
	"empty": {"01000000", func() *Series { return &Series{} }},
	"one sale": {"01" + "00" + "809494caca33" + "01" + "a00b" + "03" + "02", func() *Series {
		var s Series
		s.Add(noon, noon, Sale, 1)
		return &s
	}},
	"full": {
		"01" + "0f" + "a0929fcaca33" + "e5d303" + "f2f88a0e" + "1e" + "8001" + "04" + "b904" + "8001" + "04" +
			"05" + "39" + "02" + "d704" + "e30a" + "0f" + "0a" + "8001" + "04" + "00" + "03" + "0a" + "00" + "03" +
			"0a" + "02" + "01",
		fullExample,
	},
}

func TestEncodingGolden(t *testing.T) {
	for name, g := range golden {
		t.Run(name, func(t *testing.T) {
			want := g.series()
			b := want.AppendBinary([]byte("before"))
			got := strings.TrimPrefix(string(b), "before")
			if h := hex.EncodeToString([]byte(got)); h != g.hex {
				t.Errorf("encoded\n%s\nwant\n%s", h, g.hex)
			}
			old, err := hex.DecodeString(g.hex)
			if err != nil {
				t.Fatal(err)
			}
			s, rest, err := DecodeSeries(append(old, "after"...))
			if err != nil || string(rest) != "after" {
				t.Fatalf("rest %q, error %v", rest, err)
			}
			c := DefaultConfig()
			gotR, gotChanged, gotBadge := s.Evaluate(noon+hour, c)
			wantR, wantChanged, wantBadge := want.Evaluate(noon+hour, c)
			if gotR != wantR || gotChanged != wantChanged || (gotBadge == nil) != (wantBadge == nil) {
				t.Errorf("decoded: %+v, %t, %+v\nwant %+v, %t, %+v", gotR, gotChanged, gotBadge, wantR, wantChanged,
					wantBadge)
			}
		})
	}
}

// TestDecodedSeriesIsDue checks that a decoded series is due at once and follows the current
// options.
func TestDecodedSeriesIsDue(t *testing.T) {
	var s Series
	c := DefaultConfig()
	s.Add(noon, noon, Sale, 1)
	s.Evaluate(noon, c)
	got, _, err := DecodeSeries(s.AppendBinary(nil))
	if err != nil {
		t.Fatal(err)
	}
	c.DenseMinutes, c.DenseUnits = 1, 1
	if due := got.NextDue(c); due > noon {
		t.Errorf("due %d ms after noon", due-noon)
	}
	if r, changed, _ := got.Evaluate(noon, c); !r.Dense || !changed {
		t.Errorf("%+v, changed %t", r, changed)
	}
}

func TestDecodeRefuses(t *testing.T) {
	const clock = "809494caca33" // noon
	for _, tc := range []struct{ name, hex, want string }{
		{"nothing", "", "ends early"},
		{"another version", "02000000", "version 2 is not known"},
		{"version 0", "00000000", "version 0 is not known"},
		{"unknown flag", "0110" + clock + "00", "flags 0x10 are not known"},
		{"decisions of a gone reading", "0102" + clock + "00", "flags 0x2 of a reading that is gone"},
		{"flags without a clock", "010100" + "00000000000000" + "00", "clock 0 does not fit flags 0x1"},
		{"buckets without a clock", "010000" + "01a00b0302", "number 1 is more than 0"},
		{"clock in 1970", "010001" + "00", "clock 1 does not fit flags 0x0"},
		{"clock too late", "0100" + "ffffffffffffffff7f" + "00", "is more than 100000000000000"},
		{"clock over 64 bits", "0100" + "ffffffffffffffffff7f" + "00", "over 64 bits"},
		{"clock in a long form", "0100" + "809494cacab300" + "00", "not in its shortest form"},
		{"badge changed before 1970", "0108" + clock + "819494caca33" + "00", "is more than 1772366400000"},
		{"badge changed at 0", "0108" + clock + clock + "00", "badge changed at 0"},
		{"last reading too far ahead", "0101" + clock + "ffffffffff7f" + "00000000000000", "is more than 1666666666"},
		{"no bucket where one is due", "0100" + clock + "01", "number 1 is more than 0"},
		{"more buckets than bytes", "0100" + clock + "03" + "00030200", "number 3 is more than 2"},
		{"more buckets than minutes", "0100" + clock + "a70b" + strings.Repeat("000302", maxBuckets+1),
			"number 1447 is more than 1446"},
		{"bucket after the window", "0100" + clock + "01" + "a60b0302", "number 1446 is more than 1445"},
		{"bucket after the last", "0100" + clock + "02" + "a50b0302" + "000302", "number 0 is more than -1"},
		{"bucket of unknown content", "0100" + clock + "01" + "a00b1002", "flags 0x10 are not known"},
		{"bucket that counts 0", "0100" + clock + "01" + "a00b0300", "minute 0 counts a 0"},
		{"bucket cut off", "0100" + clock + "01" + "a00b03", "ends early"},
		{"bucket with a number cut off", "0100" + clock + "01" + "a00b0380", "ends early"},
	} {
		b, err := hex.DecodeString(tc.hex)
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		s, _, err := DecodeSeries(b)
		if err == nil {
			t.Errorf("%s: accepted as %+v", tc.name, s)
		} else if !strings.HasPrefix(err.Error(), "decode a velocity series: ") ||
			!strings.HasSuffix(err.Error(), tc.want) {
			t.Errorf("%s: error %q, want one that ends in %q", tc.name, err, tc.want)
		}
	}
}

func TestDecodeRefusesEveryPrefix(t *testing.T) {
	b := fullExample().AppendBinary(nil)
	for n := range b {
		if s, _, err := DecodeSeries(b[:n]); err == nil {
			t.Errorf("the first %d of %d bytes were accepted as %+v", n, len(b), s)
		}
	}
}

func FuzzDecodeSeries(f *testing.F) {
	for _, g := range golden {
		f.Add(g.series().AppendBinary(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, rest, err := DecodeSeries(b)
		if err != nil {
			return
		}
		if n := len(s.buckets); n > maxBuckets || n > len(b) {
			t.Fatalf("%d buckets from %d bytes", n, len(b))
		}
		if again := s.AppendBinary(nil); !bytes.Equal(again, b[:len(b)-len(rest)]) {
			t.Fatalf("decoded   %x\nencodes to %x", b[:len(b)-len(rest)], again)
		}
		// Whatever was in there, the series must work on.
		c := DefaultConfig()
		s.Add(s.seen, s.seen, Sale, 1)
		for range 10 {
			due := s.NextDue(c)
			s.Evaluate(due, c)
		}
		if r := read(&s, s.Expires()); !r.Gone() {
			t.Fatalf("not gone at its expiry: %+v", r)
		}
	})
}
