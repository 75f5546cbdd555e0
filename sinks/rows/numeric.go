package rows

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

const (
	// numericScale is how many digits BigQuery's NUMERIC has behind the point.
	numericScale = 9
	// maxExponential bounds the length of a number with an exponent that is rounded.
	maxExponential = 1000
)

// numericLimit is the least number that is too great for a NUMERIC.
var numericLimit = new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(29), nil))

// roundNumeric returns a JSON number in the form that BigQuery takes for a NUMERIC: without an
// exponent, rounded half away from zero to nine digits behind the point. Web shops send prices such
// as 19.990000000000002. A number that is too great is returned as it is, and BigQuery refuses it.
func roundNumeric(number string) string {
	exact := number
	if strings.ContainsAny(number, "eE") {
		if len(number) > maxExponential {
			return number
		}
	} else {
		point := strings.IndexByte(number, '.')
		if point < 0 || len(number) <= point+1+numericScale {
			return number
		}
		exact = number[:point+1+numericScale+1] // the last of these digits decides how to round
	}
	// The size is checked first: the exact value of 1e999999999 does not fit into memory.
	size, err := strconv.ParseFloat(exact, 64)
	if size = math.Abs(size); err != nil || size >= 1e30 {
		return number
	}
	if size < 1e-10 {
		return "0"
	}
	value, _ := new(big.Rat).SetString(exact)
	if new(big.Rat).Abs(value).Cmp(numericLimit) >= 0 {
		return number
	}
	text := strings.TrimSuffix(strings.TrimRight(value.FloatString(numericScale), "0"), ".")
	if text == "-0" {
		return "0"
	}
	return text
}
