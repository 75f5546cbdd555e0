package liveview

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ink is the style of a piece of text. All inks are of the 16 colours that a terminal's theme
// defines.
type ink string

const (
	plain  ink = ""
	dim    ink = "2"
	bold   ink = "1"
	title  ink = "1;36" // cyan
	good   ink = "32"   // green
	bad    ink = "1;31" // red
	hot    ink = "1;35" // magenta
	low    ink = "33"   // yellow
	rising ink = "36"   // cyan
)

// row builds one line of at most width cells. Each rune counts as one cell.
type row struct {
	b      strings.Builder
	width  int
	used   int
	colour bool
}

// put appends s, cut to the rest of the width. Control characters, which could move the cursor,
// become spaces.
func (r *row) put(s string, in ink) {
	s = fit(s, r.width-r.used)
	if s == "" {
		return
	}
	r.used += utf8.RuneCountInString(s)
	if r.colour && in != plain && strings.TrimSpace(s) != "" {
		r.b.WriteString("\x1b[" + string(in) + "m" + s + "\x1b[0m")
		return
	}
	r.b.WriteString(s)
}

// left puts s into a column of n cells.
func (r *row) left(s string, n int, in ink) {
	s = fit(s, n)
	r.put(s, in)
	r.space(n - utf8.RuneCountInString(s))
}

// right puts s to the right of a column of n cells.
func (r *row) right(s string, n int, in ink) {
	s = fit(s, n)
	r.space(n - utf8.RuneCountInString(s))
	r.put(s, in)
}

func (r *row) space(n int) { r.put(strings.Repeat(" ", max(0, n)), plain) }

// to advances to a cell of the line.
func (r *row) to(cell int) { r.space(cell - r.used) }

// String returns the line without spaces at its end.
func (r *row) String() string { return strings.TrimRight(r.b.String(), " ") }

// fit makes s printable and no longer than n cells. The last cell is "…" if s was cut.
func fit(s string, n int) string {
	if n <= 0 {
		return ""
	}
	s = strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return ' '
	}, s)
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// thousands writes n with separators: 1,234,567.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// number writes n in at most width cells: with separators where they fit, else in thousands,
// millions and so on. It never cuts off digits.
func number(n int64, width int) string {
	s := thousands(n)
	if len(s) <= width {
		return s
	}
	size := math.Abs(float64(n))
	for _, unit := range [...]struct {
		of     float64
		letter string
	}{{1e3, "k"}, {1e6, "M"}, {1e9, "G"}, {1e12, "T"}, {1e15, "P"}, {1e18, "E"}} {
		if size >= 1000*unit.of && unit.of < 1e18 {
			continue
		}
		for decimals := 2; decimals >= 0; decimals-- {
			if s = strconv.FormatFloat(float64(n)/unit.of, 'f', decimals, 64) + unit.letter; len(s) <= width {
				return s
			}
		}
	}
	return "…"
}

// latency writes a duration in the unit that is usual for latencies: 0.4 ms, 12 ms, 1.3 s.
func latency(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 1, 64) + " ms"
	case d < 999500*time.Microsecond:
		return strconv.FormatInt(d.Round(time.Millisecond).Milliseconds(), 10) + " ms"
	default:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
}

// text writes the units in at most width cells, or a dash if they are unknown.
func (s Stock) text(width int) string {
	if !s.Known {
		return "–"
	}
	return number(s.OnHand, width)
}

func (s Stock) ink() ink {
	switch {
	case !s.Known:
		return dim
	case s.OnHand <= 0:
		return bad
	default:
		return plain
	}
}

var bars = [...]rune{'▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'}

// sparkline draws the last n values, the greatest of them as a full bar. A value of 0 or less is a
// space.
func sparkline(values []int64, n int) string {
	values = values[max(0, len(values)-n):]
	top := int64(1)
	for _, v := range values {
		top = max(top, v)
	}
	line := []rune(strings.Repeat(" ", n-len(values)))
	for _, v := range values {
		if v <= 0 {
			line = append(line, ' ')
			continue
		}
		// Every value from 1 on is visible, and only the greatest fills the cell.
		line = append(line, bars[min(len(bars)-1, int(float64(v)/float64(top)*float64(len(bars))))])
	}
	return string(line)
}
