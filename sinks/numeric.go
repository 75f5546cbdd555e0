package sinks

import (
	"strings"
)

// What BigQuery's NUMERIC holds: so many digits before the point, and behind it.
const (
	numericWhole = 29
	numericScale = 9
)

// roundNumeric writes a JSON number so that BigQuery takes it for a NUMERIC: without an exponent, rounded half away from zero
// to nine digits behind the point. Web shops send prices such as 19.990000000000002. A number that is too great stays as it
// is, for BigQuery to refuse.
func roundNumeric(number string) string {
	unsigned, negative := strings.CutPrefix(number, "-")
	mantissa, exponent := unsigned, ""
	if i := strings.IndexAny(unsigned, "eE"); i >= 0 {
		mantissa, exponent = unsigned[:i], unsigned[i+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if exponent == "" && len(fraction) <= numericScale {
		return number
	}
	digits := strings.TrimLeft(whole+fraction, "0")
	// The value is 0.digits x 10^point.
	point := int64(len(digits)-len(fraction)) + smallInt(exponent)
	kept := point + numericScale // digits that stay
	switch {
	case digits == "" || kept < 0:
		return "0"
	case point > numericWhole:
		return number
	}
	rounded := make([]byte, 1, kept+2) // a digit more, for a carry
	rounded[0] = '0'
	for i := range kept {
		if i < int64(len(digits)) {
			rounded = append(rounded, digits[i])
		} else {
			rounded = append(rounded, '0')
		}
	}
	if kept < int64(len(digits)) && digits[kept] >= '5' {
		i := len(rounded) - 1
		for ; rounded[i] == '9'; i-- {
			rounded[i] = '0'
		}
		rounded[i]++
	}
	for len(rounded) <= numericScale {
		rounded = append([]byte{'0'}, rounded...)
	}
	text := strings.TrimLeft(string(rounded[:len(rounded)-numericScale]), "0")
	if text == "" {
		text = "0"
	}
	if behind := strings.TrimRight(string(rounded[len(rounded)-numericScale:]), "0"); behind != "" {
		text += "." + behind
	}
	if negative && text != "0" {
		return "-" + text
	}
	return text
}

// smallInt reads an integer of JSON's grammar, with an optional sign; it stops growing far beyond what the digits of a message
// of 1 MiB can make up for.
func smallInt(s string) (n int64) {
	negative := strings.HasPrefix(s, "-")
	for _, c := range strings.TrimLeft(s, "+-") {
		if n = n*10 + int64(c-'0'); n > 1<<40 {
			n = 1 << 40
		}
	}
	if negative {
		return -n
	}
	return n
}
