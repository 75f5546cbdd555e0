// Package clock is the time by which the pipeline counts: the wall clock, or one that starts elsewhere or runs at another
// speed, so that a day of trade can be watched in minutes.
package clock

import "time"

// Clock maps wall time to the pipeline's time. It is a plain value that travels to the workers inside the DoFns; all that
// hold the same value agree. The zero value is the wall clock. It is safe for concurrent use.
type Clock struct {
	// OriginMs is what the clock showed at StartMs, both epoch ms. StartMs 0 means the wall clock.
	OriginMs int64
	StartMs  int64
	// Speed is clock milliseconds per wall millisecond, greater than 0.
	Speed float64
}

// New returns a clock that shows origin at the wall time start and runs at speed. A zero origin means start.
func New(origin, start time.Time, speed float64) Clock {
	if origin.IsZero() && speed == 1 {
		return Clock{}
	}
	if origin.IsZero() {
		origin = start
	}
	return Clock{OriginMs: origin.UnixMilli(), StartMs: start.UnixMilli(), Speed: speed}
}

// IsWall reports whether the clock is the wall clock.
func (c Clock) IsWall() bool { return c.StartMs == 0 }

// NowMs is the clock's time now, epoch ms.
func (c Clock) NowMs() int64 { return c.AtWall(time.Now()) }

// AtWall is what the clock shows at a wall time, epoch ms.
func (c Clock) AtWall(wall time.Time) int64 {
	if c.IsWall() {
		return wall.UnixMilli()
	}
	return c.OriginMs + int64(float64(wall.UnixMilli()-c.StartMs)*c.Speed)
}

// WallOf is the wall time at which the clock shows ms.
func (c Clock) WallOf(ms int64) time.Time {
	if c.IsWall() {
		return time.UnixMilli(ms)
	}
	return time.UnixMilli(c.StartMs + int64(float64(ms-c.OriginMs)/c.Speed))
}
