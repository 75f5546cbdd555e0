package local

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// agree says where two results differ. Rows may come in any order; all but fractions must be the same. Fractions may differ by one in
// the last digit that is shown: 319.15, which no double is, becomes 319.1 if the double nearest to it is rounded, and 319.2 if ten times that
// double is.
// The first result's times are microseconds since 1970 and its dates days, and integers may have become floats on their way through JSON.
func agree(a, b Result) error {
	if !slices.Equal(a.Columns, b.Columns) {
		return fmt.Errorf("the columns are %q and %q", a.Columns, b.Columns)
	}
	fraction := make([]bool, len(b.Columns))
	for _, r := range []Result{a, b} {
		for _, row := range r.Rows {
			for i, v := range row {
				x, ok := v.(float64)
				fraction[i] = fraction[i] || ok && x != math.Trunc(x)
			}
		}
	}
	rowsA, rowsB := a.sorted(fraction), b.sorted(fraction)
	same := slices.EqualFunc(rowsA, rowsB, func(x, y []any) bool { return slices.EqualFunc(x, y, sameCell) })
	if !same {
		return fmt.Errorf("%q:\n%s\nand\n%s", b.Columns, lines(rowsA), lines(rowsB))
	}
	return nil
}

func sameCell(a, b any) bool {
	x, xOK := a.(float64)
	y, yOK := b.(float64)
	if !xOK || !yOK {
		return a == b
	}
	digits := max(decimals(x), decimals(y))
	if digits == 0 {
		return x == y
	}
	return math.Abs(x-y) < 1.5*math.Pow10(-digits)+1e-12*math.Abs(x)
}

// decimals is how many digits behind the point it takes to write x.
func decimals(x float64) int {
	_, behind, _ := strings.Cut(strconv.FormatFloat(x, 'f', -1, 64), ".")
	return len(behind)
}

// sorted is the rows with numbers, times and dates as floats, ordered by what must be the same in both, then by the rest.
func (r Result) sorted(fraction []bool) (rows [][]any) {
	for _, row := range r.Rows {
		var cells []any
		for i, v := range row {
			switch x := v.(type) {
			case time.Time:
				v = float64(x.UnixMicro())
				if r.Columns[i] == "day" {
					v = float64(x.Unix() / 86400)
				}
			case int64:
				v = float64(x)
			}
			cells = append(cells, v)
		}
		rows = append(rows, cells)
	}
	key := func(row []any) []string {
		var exact, rest []string
		for i, v := range row {
			if fraction[i] {
				rest = append(rest, fmt.Sprint(v))
			} else {
				exact = append(exact, fmt.Sprint(v))
			}
		}
		return append(exact, rest...)
	}
	slices.SortFunc(rows, func(a, b []any) int { return slices.Compare(key(a), key(b)) })
	return rows
}

func lines(rows [][]any) string {
	var b strings.Builder
	for _, row := range rows {
		fmt.Fprintln(&b, row...)
	}
	return b.String()
}
