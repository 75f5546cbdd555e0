package liveview

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// lines returns the picture. If there is too little room, the table is left out first, and the line
// with the verdict last.
func (f Frame) lines(width, height int, colour bool) []string {
	if width < 1 || height < 1 {
		return nil
	}
	p := painter{width: width, colour: colour}
	check := p.check(f)
	legend := p.legend(f)
	top := append([]string{p.header(f), p.rule()}, p.figures(f)...)
	top = append(top, "", p.refusals(f), "")
	bottom := []string{"", p.notice(f), check}
	room := height - len(top) - len(bottom)
	if room < 2 { // a head and no row of the table
		return append(top[:max(0, min(len(top), height-1))], check)
	}
	if room-len(legend) < leastTable {
		legend = nil
	}
	top = append(top, p.table(f.Products, room-len(legend))...)
	return append(append(top, legend...), bottom...)
}

// leastTable is the number of lines that the legend leaves to the table with its head.
const leastTable = 8

// painter makes the lines of a picture.
type painter struct {
	width  int
	colour bool
}

// margin is the number of free cells on both sides.
const margin = 1

func (p painter) row() *row {
	// The last cell stays empty: terminals differ in where the cursor is after a character in it.
	r := &row{width: p.width - margin, colour: p.colour}
	r.space(margin)
	return r
}

func (p painter) header(f Frame) string {
	clock := f.Clock.Format("Mon 2 Jan 15:04:05")
	if f.Speed != 0 && f.Speed != 1 {
		clock += fmt.Sprintf("  ×%.4g", f.Speed)
	}
	elapsed := "up " + f.Elapsed.Truncate(time.Second).String()
	r := p.row()
	r.put("Streamlytics", title)
	r.space(2)
	r.put(f.Quit, dim)
	r.to(r.width - len([]rune(clock)) - 3 - len(elapsed))
	r.space(1)
	r.put(elapsed, dim)
	r.space(2)
	r.put(clock, bold)
	return r.String()
}

func (p painter) rule() string {
	r := p.row()
	r.put(strings.Repeat("─", max(0, r.width-margin)), dim)
	return r.String()
}

// figures returns one line of names above one line of numbers.
func (p painter) figures(f Frame) []string {
	figures := []struct {
		name, value string
		in          ink
	}{
		{"events/s", thousands(int64(f.EventsPerSecond + 0.5)), bold},
		{"events", thousands(f.Events), plain},
		{"p50", latency(f.P50), plain},
		{"p99", latency(f.P99), plain},
		{"outstanding", thousands(f.Outstanding), plain},
		{"refused", thousands(f.refused()), plain},
	}
	names, values := p.row(), p.row()
	column := min(16, (p.width-2*margin)/len(figures))
	for i, x := range figures {
		names.to(margin + i*column)
		names.left(x.name, column-1, dim)
		values.to(margin + i*column)
		values.left(x.value, column-1, x.in)
	}
	return []string{names.String(), values.String()}
}

func (p painter) refusals(f Frame) string {
	r := p.row()
	r.put("refused", dim)
	if f.refused() == 0 {
		r.put("  nothing so far", dim)
		return r.String()
	}
	for _, c := range f.Refused {
		if c.N == 0 {
			continue
		}
		piece := fmt.Sprintf("  %s ", c.Name)
		number := thousands(c.N)
		if r.used+len(piece)+len(number) > r.width-2 {
			r.put(" …", dim)
			break
		}
		r.put(piece, dim)
		r.put(number, plain)
	}
	return r.String()
}

func (p painter) notice(f Frame) string {
	r := p.row()
	r.put(f.Notice, rising)
	return r.String()
}

func (p painter) check(f Frame) string {
	r := p.row()
	verdict := good
	if f.Wrong != 0 {
		verdict = bad
	}
	r.put("stock keys checked against the truth: ", dim)
	r.put(thousands(f.Checked), bold)
	r.put(", wrong: ", dim)
	r.put(thousands(f.Wrong), verdict)
	return r.String()
}

// summary returns the frame as one plain line.
func (f Frame) summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  up %v  %s events/s  %s events  p50 %s  p99 %s  outstanding %s  refused %s",
		f.Clock.Format("2006-01-02 15:04:05"), f.Elapsed.Truncate(time.Second),
		thousands(int64(f.EventsPerSecond+0.5)), thousands(f.Events), latency(f.P50), latency(f.P99),
		thousands(f.Outstanding), thousands(f.refused()))
	if len(f.Products) > 0 {
		top := f.Products[0]
		fmt.Fprintf(&b, "  busiest %s (%s)", top.Name, top.Message)
	}
	badges := map[string]int{}
	for _, x := range f.Products {
		for _, badge := range x.Badges {
			badges[badge]++
		}
	}
	for _, badge := range slices.Sorted(maps.Keys(badges)) {
		fmt.Fprintf(&b, "  %s %d", badge, badges[badge])
	}
	fmt.Fprintf(&b, "  checked %s  wrong %s", thousands(f.Checked), thousands(f.Wrong))
	return fit(b.String(), b.Len())
}
