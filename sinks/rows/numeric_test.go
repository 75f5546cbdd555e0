package rows

import (
	"math/big"
	"strings"
	"testing"
)

// nearest reports whether a NUMERIC is the number, rounded half away from zero to nine digits, or
// is too great and as it was.
func nearest(number, numeric string) bool {
	exact, _ := new(big.Rat).SetString(number)
	if new(big.Rat).Abs(exact).Cmp(numericLimit) >= 0 {
		return numeric == number
	}
	if exact.Sign() == 0 {
		got, ok := new(big.Rat).SetString(numeric)
		return ok && got.Sign() == 0 && !strings.ContainsAny(numeric, "eE")
	}
	want := exact.FloatString(numericScale) // rounds half away from zero
	got, ok := new(big.Rat).SetString(numeric)
	return ok && got.Cmp(rat(want)) == 0 && !strings.ContainsAny(numeric, "eE")
}

func rat(s string) *big.Rat {
	r, _ := new(big.Rat).SetString(s)
	return r
}

func TestRoundNumeric(t *testing.T) {
	for number, want := range map[string]string{
		"19.99": "19.99", "19.990": "19.990", "19.990000000000002": "19.99", "-0.0000000005": "-0.000000001",
		"0.00000000049": "0",
		"9.9999999999":  "10", "-99.9999999995": "-100", "1e2": "100", "1.5E-1": "0.15", "-1e-10": "0",
		"5e-10": "0.000000001", "0e99": "0", "-4e-10": "0",
		"1e28": "1" + strings.Repeat("0", 28), "1e29": "1e29",
		"1e999999999999": "1e999999999999", "1e-999999999999": "0",
	} {
		if got := roundNumeric(number); got != want {
			t.Errorf("%s becomes %s, want %s", number, got, want)
		}
	}
	long := strings.Repeat("3", 1<<20)
	if got := roundNumeric("0." + long); got != "0.333333333" {
		t.Errorf("a number of a megabyte becomes %s", got)
	}
	if got := roundNumeric("0." + long + "e1"); got != "0."+long+"e1" {
		t.Errorf("an exponential number of a megabyte becomes %.20s", got)
	}
}
