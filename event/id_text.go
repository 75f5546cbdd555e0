package event

import (
	"bytes"
	"fmt"
	"regexp"
	"unicode"
	"unicode/utf8"
)

// keyIDProblem returns the reason why a store or product id cannot be used, or "". Surrounding
// whitespace and invisible characters are refused because ids that differ only in them look the
// same. id is not empty.
func keyIDProblem(id []byte) string {
	for i := 0; i < len(id); {
		r, n := rune(id[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(id[i:])
		}
		switch {
		case '!' <= r && r <= '~':
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
			return fmt.Sprintf("contains the control or invisible character U+%04X", r)
		case (i == 0 || i+n == len(id)) && unicode.IsSpace(r):
			return fmt.Sprintf("has whitespace, U+%04X, at an end", r)
		}
		i += n
	}
	return ""
}

// stripLeadingZeros removes leading zeros from an id of digits only and returns any other id
// unchanged. An id of zeros becomes "0".
func stripLeadingZeros(id []byte) []byte {
	if id[0] != '0' || !allDigits(id) {
		return id
	}
	for len(id) > 1 && id[0] == '0' {
		id = id[1:]
	}
	return id
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

const rewrittenProblem = "looks like an id that a spreadsheet or a data frame has rewritten as a number"

// rewrittenEvent differs from rewrittenKey in that it does not match 12e4: many event ids are
// hexadecimal.
var (
	rewrittenKey   = regexp.MustCompile(`^[+-]?\d+([.,]0*|([.,]\d*)?[eE][+-]?\d+)$`)
	rewrittenEvent = regexp.MustCompile(`^[+-]?\d+([.,]0*|[.,]\d*[eE][+-]?\d+|[eE][+-]\d+)$`)
)

// isRewritten reports whether the text of a CSV cell looks like an id that was converted to a
// floating-point number, such as 12.0 or 4.00638E+12. pattern is rewrittenKey for store and product
// ids, and rewrittenEvent for event ids.
func isRewritten(id []byte, pattern *regexp.Regexp) bool {
	return id[0] <= '9' && bytes.ContainsAny(id, ".,eE") && pattern.Match(id)
}
