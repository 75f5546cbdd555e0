package event

import (
	"bytes"
	"cmp"
	"errors"
	"strconv"
)

var (
	errFraction = errors.New("is not an integer")
	errOverflow = errors.New("is out of range")
	errNoCount  = errors.New("is neither a number nor a text of an optional sign and digits")
)

// decimal is a JSON number split into parts: digits x 10^exp. It is not expanded, so a number such
// as 1e999999999 is cheap.
type decimal struct {
	negative bool
	digits   []byte // neither first nor last is 0; may contain a '.'; empty for zero; points into the text
	exp      int64
}

// maxExponent bounds exponents. It is far greater than the number of digits in any message.
const maxExponent = 1 << 40

// parseDecimal splits a number into its parts. The text must be a JSON number.
func parseDecimal(text []byte) decimal {
	var d decimal
	if text[0] == '-' {
		d.negative = true
		text = text[1:]
	}
	if e := bytes.IndexAny(text, "eE"); e >= 0 {
		d.exp = parseExponent(text[e+1:])
		text = text[:e]
	}
	if dot := bytes.IndexByte(text, '.'); dot >= 0 {
		d.exp -= int64(len(text) - dot - 1)
	}
	for len(text) > 0 && (text[len(text)-1] == '0' || text[len(text)-1] == '.') {
		if text[len(text)-1] == '0' {
			d.exp++
		}
		text = text[:len(text)-1]
	}
	d.digits = bytes.TrimLeft(text, "0.")
	if len(d.digits) == 0 {
		return decimal{}
	}
	return d
}

func parseExponent(text []byte) int64 {
	negative := text[0] == '-'
	var n int64
	for _, c := range text {
		if '0' <= c && c <= '9' && n < maxExponent {
			n = n*10 + int64(c-'0')
		}
	}
	if negative {
		return -n
	}
	return n
}

func (d decimal) isZero() bool { return len(d.digits) == 0 }

func (d decimal) isInteger() bool { return d.isZero() || d.exp >= 0 }

// width returns the length of an integer in plain decimal, including its sign.
func (d decimal) width() int64 {
	if d.isZero() {
		return 1
	}
	n := int64(len(d.digits)) + d.exp
	if bytes.IndexByte(d.digits, '.') >= 0 {
		n--
	}
	if d.negative {
		n++
	}
	return n
}

// append appends an integer in plain decimal. Callers check width first.
func (d decimal) append(b []byte) []byte {
	if d.isZero() {
		return append(b, '0')
	}
	if d.negative {
		b = append(b, '-')
	}
	for _, c := range d.digits {
		if c != '.' {
			b = append(b, c)
		}
	}
	for range d.exp {
		b = append(b, '0')
	}
	return b
}

// parseInteger returns the value of a number that is an integer, in any notation. The text must be
// a JSON number. The error is errFraction or errOverflow.
func parseInteger(text []byte) (int64, error) {
	if n, ok := parsePlainInteger(text); ok {
		return n, nil
	}
	d := parseDecimal(text)
	if !d.isInteger() {
		return 0, errFraction
	}
	const widest = len("-9223372036854775808")
	if d.width() > int64(widest) {
		return 0, errOverflow
	}
	var plain [widest]byte
	n, err := strconv.ParseInt(string(d.append(plain[:0])), 10, 64)
	if err != nil {
		return 0, errOverflow
	}
	return n, nil
}

// parsePlainInteger parses the common case: an optional sign and at most 18 digits.
func parsePlainInteger(text []byte) (int64, bool) {
	digits := text
	if digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) < len(text) {
		n = -n
	}
	return n, true
}

// parseCount parses a text of digits with an optional sign. The error is errNoCount or errOverflow.
func parseCount(text []byte) (int64, error) {
	digits := text
	if len(digits) > 0 && (digits[0] == '-' || digits[0] == '+') {
		digits = digits[1:]
	}
	if len(digits) == 0 || !allDigits(digits) {
		return 0, errNoCount
	}
	n, ok := parsePlainInteger(stripLeadingZeros(digits))
	if !ok {
		return 0, errOverflow
	}
	if text[0] == '-' {
		n = -n
	}
	return n, nil
}

// isRounded reports whether a number is an integer of more digits than were written, such as
// 1.77E+12. The text must be a JSON number.
func isRounded(text []byte) bool {
	e := bytes.IndexAny(text, "eE")
	if e < 0 {
		return false
	}
	written := 0
	for _, c := range text[:e] {
		if c != '.' {
			written++
		}
	}
	return parseDecimal(text).width() > int64(written)
}

// compare returns -1, 0 or +1 if the value of d is less than, equal to or greater than that of o.
func (d decimal) compare(o decimal) int {
	if c := cmp.Compare(d.sign(), o.sign()); c != 0 || d.isZero() {
		return c
	}
	c := cmp.Compare(d.width(), o.width())
	for a, b := d.digits, o.digits; c == 0 && len(a)+len(b) > 0; {
		var x, y byte
		x, a = nextDigit(a)
		y, b = nextDigit(b)
		c = cmp.Compare(x, y)
	}
	return c * d.sign()
}

func (d decimal) sign() int {
	switch {
	case d.isZero():
		return 0
	case d.negative:
		return -1
	default:
		return 1
	}
}

// nextDigit splits the first digit off digits. It is '0' if there is none.
func nextDigit(digits []byte) (byte, []byte) {
	if len(digits) > 0 && digits[0] == '.' {
		digits = digits[1:]
	}
	if len(digits) == 0 {
		return '0', nil
	}
	return digits[0], digits[1:]
}
