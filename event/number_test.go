package event

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func TestParseInteger(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64
		err  error
	}{
		{"0", 0, nil}, {"-0", 0, nil}, {"0.0", 0, nil}, {"-0.000e99999999999999999999", 0, nil}, {"2", 2, nil},
		{"2.0", 2, nil}, {"1e2", 100, nil},
		{"1E+2", 100, nil}, {"1.5e1", 15, nil}, {"-1.50e1", -15, nil}, {"100e-2", 1, nil}, {"0.001e3", 1, nil},
		{"1e18", 1e18, nil},
		{"9223372036854775807", 1<<63 - 1, nil}, {"-9223372036854775808", -1 << 63, nil},
		{"9223372036854775807.000", 1<<63 - 1, nil},
		{"9.223372036854775807e18", 1<<63 - 1, nil}, {"922337203685477580700e-2", 1<<63 - 1, nil},
		{"9223372036854775808", 0, errOverflow}, {"-9223372036854775809", 0, errOverflow}, {"1e19", 0, errOverflow},
		{"1e999999999", 0, errOverflow},
		{"1e99999999999999999999999999", 0, errOverflow}, {"-1e999999999", 0, errOverflow},
		{strings.Repeat("9", 1000), 0, errOverflow},
		{"1.5", 0, errFraction}, {"1e-1", 0, errFraction}, {"15e-1", 0, errFraction}, {"0.1", 0, errFraction},
		{"1e-999999999", 0, errFraction},
		{"1e-99999999999999999999999999", 0, errFraction}, {"9223372036854775808.5", 0, errFraction},
		{"0." + strings.Repeat("0", 1000) + "1", 0, errFraction},
		{"0." + strings.Repeat("0", 1000) + "1e1001", 1, nil}, {"1" + strings.Repeat("0", 1000) + "e-1000", 1, nil},
	} {
		got, err := parseInteger([]byte(c.text))
		if got != c.want || err != c.err {
			t.Errorf("%.40s: %d, %v; want %d, %v", c.text, got, err, c.want, c.err)
		}
	}
}

// TestDecimalAgreesWithBig compares parseDecimal with math/big for numbers in every notation.
func TestDecimalAgreesWithBig(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	digits := func(most int) string {
		var b strings.Builder
		for range random.IntN(most) + 1 {
			b.WriteByte("00123456789"[random.IntN(11)])
		}
		return b.String()
	}
	for range 20_000 {
		text := strings.TrimLeft(digits(22), "0")
		if text == "" {
			text = "0"
		}
		if random.IntN(2) == 0 {
			text = "-" + text
		}
		if random.IntN(2) == 0 {
			text += "." + digits(22)
		}
		if random.IntN(2) == 0 {
			text += []string{"e", "E", "e+", "e-"}[random.IntN(4)] + strconv.Itoa(random.IntN(30))
		}
		want, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("math/big cannot read %s", text)
		}
		d := parseDecimal([]byte(text))
		if d.isInteger() != want.IsInt() || d.isZero() != (want.Sign() == 0) {
			t.Fatalf("%s: integer %v, zero %v", text, d.isInteger(), d.isZero())
		}
		n, err := parseInteger([]byte(text))
		switch {
		case !want.IsInt():
			if err != errFraction {
				t.Fatalf("%s: %d, %v", text, n, err)
			}
			continue
		case !want.Num().IsInt64():
			if err != errOverflow {
				t.Fatalf("%s: %d, %v", text, n, err)
			}
		case err != nil || n != want.Num().Int64():
			t.Fatalf("%s: %d, %v", text, n, err)
		}
		plain := string(d.append(nil))
		if plain != want.Num().String() || int64(len(plain)) != d.width() {
			t.Fatalf("%s: expanded to %s, width %d", text, plain, d.width())
		}
	}
}

func TestIsNumber(t *testing.T) {
	for text, want := range map[string]bool{
		"0": true, "-0": true, "12": true, "1.5": true, "1e5": true, "1E-5": true, "-1.0e+0": true,
		"": false, " 1": false, "1 ": false, "01": false, "+1": false, ".5": false, "1.": false, "1e": false,
		"-": false, "1 2": false, "1\n2": false,
		"0x1": false, "1_000": false, "1,5": false, "NaN": false, "null": false, "\"1\"": false, "[1]": false,
		"١": false,
	} {
		if got := isNumber([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestParseCount(t *testing.T) {
	for text, want := range map[string]int64{"2": 2, "+3": 3, "-1": -1, "-0": 0, "007": 7,
		"-" + strings.Repeat("0", 50) + "9": -9, "999999999999999999": 999999999999999999} {
		if got, err := parseCount([]byte(text)); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for text, want := range map[string]error{
		"": errNoCount, "-": errNoCount, "+": errNoCount, "+-1": errNoCount, "1 ": errNoCount, " 1": errNoCount,
		"1.0": errNoCount, "1e2": errNoCount, "0x1": errNoCount,
		"1_000": errNoCount, "٣": errNoCount, strings.Repeat("9", 19): errOverflow,
		"-" + strings.Repeat("9", 1000): errOverflow,
	} {
		if got, err := parseCount([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
}

func TestIsRounded(t *testing.T) {
	for text, want := range map[string]bool{
		"1.77237E+12": true, "1e2": true, "-1.5e3": true, "1772366400000": false, "1772366400000.0": false,
		"1.772366400000e12": false, "1.772366400000000e+12": false, "12e0": false, "0e9": false,
	} {
		if got := isRounded([]byte(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// TestDecimalCompare compares decimal.compare with exact rationals.
func TestDecimalCompare(t *testing.T) {
	numbers := []string{"0", "-0", "0.0e5", "1", "1.0", "10e-1", "0.1e1", "-1", "-1.0", "9.5", "10", "10.00", "1e1",
		"99e-1", "100", "1e2", "0.05", "0.5", "5e-2", "-0.05", "-100", "1.05", "1.5", "10.5", "105e-1", "1050e-3",
		"123456789012345678901234567890", "123456789012345678901234567891", "1.23456789012345678901234567890e29"}
	for _, a := range numbers {
		for _, b := range numbers {
			x, _ := new(big.Rat).SetString(a)
			y, _ := new(big.Rat).SetString(b)
			if got, want := parseDecimal([]byte(a)).compare(parseDecimal([]byte(b))), x.Cmp(y); got != want {
				t.Errorf("%s and %s: %d, want %d", a, b, got, want)
			}
		}
	}
	if got := parseDecimal([]byte("1e999999999")).compare(parseDecimal([]byte("2e999999998"))); got != 1 {
		t.Errorf("two huge numbers: %d", got)
	}
}
