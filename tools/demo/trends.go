package demo

import "time"

// trends keeps the recent rate of sales of each product, one value a tick. It is not safe for
// concurrent use.
type trends struct {
	next  time.Duration // clock time since the start at which the next tick is due
	ticks [][]int64     // units an hour, by tick, oldest first, then by position of the product in the catalogue
}

const (
	trendTick  = 5 * time.Minute // of the clock
	trendTicks = 12              // an hour of them
)

// add takes what each product sold in the last hour, if a tick has passed. played is clock time
// since the start. In the first hour, sales are scaled up to a whole hour; otherwise each trend
// would begin with a rise.
func (t *trends) add(played time.Duration, sold []int64) {
	if t.next == 0 {
		t.next = trendTick
	}
	if played < t.next {
		return
	}
	t.next = played + trendTick
	perHour := make([]int64, len(sold))
	for i, units := range sold {
		perHour[i] = int64(float64(units) * max(1, time.Hour.Seconds()/played.Seconds()))
	}
	t.ticks = append(t.ticks, perHour)
	if len(t.ticks) > trendTicks {
		t.ticks = t.ticks[1:]
	}
}

// of returns the trend of the product at a position of the catalogue, the latest value last.
func (t *trends) of(position int) []int64 {
	trend := make([]int64, len(t.ticks))
	for i, tick := range t.ticks {
		trend[i] = tick[position]
	}
	return trend
}
