// Package liveview shows a running pipeline in a terminal: as one screen that is painted anew in
// place, or as a plain line a second if the output is no terminal.
package liveview

import "time"

// Frame is the content of one picture.
type Frame struct {
	Clock   time.Time     // the pipeline's clock
	Speed   float64       // clock seconds per wall second; not shown when 1 or 0
	Elapsed time.Duration // wall time since the start

	Events          int64   // since the start
	EventsPerSecond float64 // wall
	P50, P99        time.Duration
	Outstanding     int64 // messages published and not yet acknowledged
	Refused         []Count

	Quit       string // how to end the program, such as "Ctrl-C ends it"; may be empty
	HighDemand int64  // the score from which HIGH_DEMAND is on, for the legend; 0: there is no legend
	LowStock   int64  // the units at or below which LOW_STOCK is on, for the legend

	Products []Product // the busiest first; as many are shown as there is room for
	Notice   string    // one line of news, such as which product is going viral; may be empty

	Checked, Wrong int64 // stock keys compared with the truth, and how many of them differed
}

// Count is a name with a number, such as a reason and its refusals.
type Count struct {
	Name string
	N    int64
}

// Product is one row of the table.
type Product struct {
	Name  string
	Stock Stock // over all stores
	// Shop is where it sells most, and ShopStock the stock there. An empty name shows nothing.
	Shop      string
	ShopStock Stock
	Units     int64    // sold in Window
	Window    string   // such as 1h or 24h
	Message   string   // such as "50 sold in last hour"
	Badges    []string // such as HIGH_DEMAND
	LowIn     string   // the shop that LOW_STOCK is about; empty: all shops together
	Trend     []int64  // units of each tick, the latest last; shown as a sparkline
}

// Stock is a number of units. It is shown only if Known.
type Stock struct {
	OnHand int64
	Known  bool
}

// refused returns the number of refusals for all reasons.
func (f Frame) refused() int64 {
	n := int64(0)
	for _, c := range f.Refused {
		n += c.N
	}
	return n
}
