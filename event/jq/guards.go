package jq

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/itchyny/gojq"
)

// MaxDigits is the greatest number of bytes of a number that an input may have.
const MaxDigits = 1000

// The limits of single operations.
const (
	maxValue   = 4 << 20   // size of a value that is walked as a whole; see weigh
	maxNesting = 1000      // of such a value
	maxProduct = 256 << 20 // size of one value times that of another, of operations that compare all pairs
	maxText    = 16 << 10  // bytes of a text in which all matches are found
	maxDigits  = 1000      // bytes of a number
	maxIndex   = 1 << 20   // of an element of an array
	maxPath    = 1000      // elements of a path
)

// definitions are in front of every program. A call of a function f that is defined here as
// _bounded_f is replaced by a call of that; those of operators replace the operators.
//
// An argument without $ may be a function or a generator. It is used once, at the place of the
// original, so that outputs come in the same order.
const definitions = `
def _bounded_add: _bounded | add;
def _bounded_add(f): [f] | _bounded | add;
def _bounded_bsearch(x): bsearch(x | _bounded);
def _bounded_contains(x): x as $x | _pairs($x) | contains($x);
def _bounded_del(f): _bounded | del(f);
def _bounded_delpaths(p): _bounded | delpaths(p | _bounded);
def _bounded_explode: _bounded | explode;
def _bounded_flatten: _bounded | flatten;
def _bounded_flatten(depth): _bounded | flatten(depth);
def _bounded_format(f): _bounded | format(f);
def _bounded_fromjson: _json | fromjson;
def _bounded_getpath(p): getpath(p | _path);
def _bounded_group_by(f): group_by(f | _bounded);
def _bounded_IN(s): _bounded | IN(s);
def _bounded_IN(source; s): IN(source | _bounded; s);
def _bounded_index(x): x as $x | _pairs($x) | index($x);
def _bounded_INDEX(f): INDEX(f | _bounded);
def _bounded_INDEX(stream; f): INDEX(stream; f | _bounded);
def _bounded_indices(x): x as $x | _pairs($x) | indices($x);
def _bounded_inside(x): x as $x | _pairs($x) | inside($x);
def _bounded_join(s): s as $s | _pairs($s) | join($s);
def _bounded_map_values(f): _bounded | map_values(f);
def _bounded_max: _bounded | max;
def _bounded_max_by(f): max_by(f | _bounded);
def _bounded_min: _bounded | min;
def _bounded_min_by(f): min_by(f | _bounded);
def _bounded_nth(n): nth(n | _index);
def _bounded_rindex(x): x as $x | _pairs($x) | rindex($x);
def _bounded_setpath(p; v): setpath(p | _path; v);
def _bounded_sort: _bounded | sort;
def _bounded_sort_by(f): sort_by(f | _bounded);
def _bounded_split(s): _bounded | split(s);
def _bounded_tojson: _bounded | tojson;
def _bounded_tonumber: _digits | tonumber;
def _bounded_tostring: _bounded | tostring;
def _bounded_unique: _bounded | unique;
def _bounded_unique_by(f): unique_by(f | _bounded);

def _all_capture(re; flags): _text | capture(re; flags);
def _all_gsub(re; s): _text | gsub(re; s);
def _all_gsub(re; s; flags): _text | gsub(re; s; flags);
def _all_match(re; flags): _text | match(re; flags);
def _all_scan(re): _text | scan(re);
def _all_scan(re; flags): _text | scan(re; flags);
def _all_split(re; flags): _text | split(re; flags);
def _all_splits(re): _text | splits(re);
def _all_splits(re; flags): _text | splits(re; flags);
def _all_sub(re; s; flags): _text | sub(re; s; flags);

def _minus(l; r): r as $r | l as $l | $l | _pairs($r) | . - $r;
def _over(l; r): (l | _bounded) / r;
def _times(l; r): r as $r | l as $l | $l | _factors($r) | . * $r;
`

// functions returns the guards. Each returns its input, or an error if the operation that follows
// would cost too much.
func functions() []gojq.CompilerOption {
	of0 := func(name string, check func(v any) error) gojq.CompilerOption {
		return gojq.WithFunction(name, 0, 0, func(v any, _ []any) any {
			if err := check(v); err != nil {
				return err
			}
			return v
		})
	}
	of1 := func(name string, check func(v, x any) error) gojq.CompilerOption {
		return gojq.WithFunction(name, 1, 1, func(v any, args []any) any {
			if err := check(v, args[0]); err != nil {
				return err
			}
			return v
		})
	}
	return []gojq.CompilerOption{
		of0("_bounded", checkValue), of0("_text", checkText), of0("_digits", checkDigits), of0("_json", checkJSON),
		of0("_index", checkIndex), of0("_path", checkPath),
		of1("_pairs", checkPairs), of1("_factors", checkFactors),
	}
}

var (
	errValue  = fmt.Errorf("a value of more than %d MiB, or nested deeper than %d", maxValue>>20, maxNesting)
	errDigits = fmt.Errorf("a number of more than %d digits", MaxDigits)
	errPairs  = errors.New("two values that are too large to be compared or joined")
)

// weigh subtracts the size of a value from left and returns the rest. The size is that of the value
// written out: what is in it twice counts twice. It is about the number of bytes, and at least four
// for each value; that of a message is less than maxValue. The rest is negative if left is too small or the value is nested deeper than depth.
func weigh(v any, left, depth int) int {
	left -= 4
	switch v := v.(type) {
	case string:
		left -= len(v)
	case json.Number:
		left -= len(v)
	case *big.Int:
		left -= v.BitLen() / 8
	case []any:
		if depth == 0 {
			return -1
		}
		for _, x := range v {
			if left < 0 {
				break
			}
			left = weigh(x, left, depth-1)
		}
	case map[string]any:
		if depth == 0 {
			return -1
		}
		for name, x := range v {
			if left -= len(name); left < 0 {
				break
			}
			left = weigh(x, left, depth-1)
		}
	}
	return left
}

func checkValue(v any) error {
	if weigh(v, maxValue, maxNesting) < 0 {
		return errValue
	}
	return nil
}

// checkPairs checks an operation whose cost is the product of the sizes of its operands.
func checkPairs(v, x any) error {
	if isNumber(v) || isNumber(x) {
		return nil
	}
	left, right := weigh(v, maxValue, maxNesting), weigh(x, maxValue, maxNesting)
	if left < 0 || right < 0 {
		return errValue
	}
	if (maxValue-left)*(maxValue-right) > maxProduct {
		return errPairs
	}
	return nil
}

// checkFactors checks a multiplication: of numbers, of a text and a number, which repeats the text,
// or of objects, which merges them.
func checkFactors(v, x any) error {
	text, isText := v.(string)
	times, isTimes := gojq.ToFloat64(x)
	if !isText {
		text, isText = x.(string)
		times, isTimes = gojq.ToFloat64(v)
	}
	if isText && isTimes {
		if float64(len(text))*times > maxValue {
			return fmt.Errorf("a text of %d bytes, repeated %g times", len(text), times)
		}
		return nil
	}
	for _, n := range []any{v, x} {
		if isNumber(n) && weigh(n, MaxDigits+4, 0) < 0 {
			return errDigits
		}
	}
	return errors.Join(checkValue(v), checkValue(x))
}

func isNumber(v any) bool {
	switch v.(type) {
	case int, float64, *big.Int, json.Number:
		return true
	}
	return false
}

// checkText checks a text in which all matches of a regular expression are found. The interpreter
// counts the characters in front of each match.
func checkText(v any) error {
	if s, ok := v.(string); ok && len(s) > maxText {
		return fmt.Errorf("a text of %d bytes, more than the %d in which all matches can be found", len(s), maxText)
	}
	return nil
}

// checkDigits checks a text that is converted to a number, which takes quadratic time.
func checkDigits(v any) error {
	if s, ok := v.(string); ok && len(s) > MaxDigits {
		return errDigits
	}
	return nil
}

// checkJSON checks a text that is parsed as JSON.
func checkJSON(v any) error {
	if s, ok := v.(string); ok {
		run := 0
		for _, c := range []byte(s) {
			if run++; c < '0' || c > '9' {
				run = 0
			}
			if run > MaxDigits {
				return errDigits
			}
		}
	}
	return checkValue(v)
}

// checkIndex checks an index that is computed. An assignment to a great one would fill the array up
// to there.
func checkIndex(v any) error {
	switch v.(type) {
	case []any:
		return errors.New("an array is no index; use indices")
	case string:
		return nil
	}
	if n, ok := gojq.ToInt(v); ok && n > maxIndex {
		return fmt.Errorf("the index %d is greater than %d", n, maxIndex)
	}
	return nil
}

func checkPath(v any) error {
	path, ok := v.([]any)
	if !ok {
		return nil
	}
	if len(path) > maxPath {
		return fmt.Errorf("a path of %d elements, more than %d", len(path), maxPath)
	}
	for _, x := range path {
		if _, slice := x.(map[string]any); slice {
			continue
		}
		if err := checkIndex(x); err != nil {
			return err
		}
	}
	return nil
}
