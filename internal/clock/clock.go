// Package clock provides the time of the pipeline: the wall clock, or a clock with another origin
// or speed. The latter replays a day of trade in minutes.
package clock

import "time"

// Clock maps wall time to the time of the pipeline. It is a plain value that DoFns carry to the
// workers: equal clocks show the same time. The zero value is the wall clock. It is safe for
// concurrent use.
type Clock struct {
	// OriginMs is the time that the clock shows at wall time StartMs, both epoch ms. StartMs is 0
	// for the wall clock.
	OriginMs int64
	StartMs  int64
	// Speed is how many milliseconds the clock advances per wall millisecond. It is greater than 0.
	Speed float64
}

// New returns a clock that shows origin at wall time start and runs at speed. If origin is zero, it
// is start.
func New(origin, start time.Time, speed float64) Clock {
	if origin.IsZero() && speed == 1 {
		return Clock{}
	}
	if origin.IsZero() {
		origin = start
	}
	return Clock{OriginMs: origin.UnixMilli(), StartMs: start.UnixMilli(), Speed: speed}
}

// IsWall reports whether c is the wall clock.
func (c Clock) IsWall() bool { return c.StartMs == 0 }

// NowMs returns the current time of the clock, epoch ms.
func (c Clock) NowMs() int64 { return c.AtWall(time.Now()) }

// AtWall returns the time of the clock at a wall time, epoch ms.
func (c Clock) AtWall(wall time.Time) int64 {
	if c.IsWall() {
		return wall.UnixMilli()
	}
	return c.OriginMs + int64(float64(wall.UnixMilli()-c.StartMs)*c.Speed)
}

// WallOf returns the wall time at which the clock shows ms.
func (c Clock) WallOf(ms int64) time.Time {
	if c.IsWall() {
		return time.UnixMilli(ms)
	}
	return time.UnixMilli(c.StartMs + int64(float64(ms-c.OriginMs)/c.Speed))
}
