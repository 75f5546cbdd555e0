package page

// Info is the JSON of /page/info.
type Info struct {
	Mode      string            `json:"mode"` // pipeline, demo or serve
	Views     []string          `json:"views"`
	Pipeline  string            `json:"pipeline,omitempty"`
	Clock     Clock             `json:"clock"`
	HistoryMB int               `json:"history_mb,omitempty"`
	Inputs    map[string]string `json:"inputs,omitempty"`
	Outputs   []string          `json:"outputs,omitempty"`
	Scenarios []Scenario        `json:"scenarios,omitempty"`
}

// Clock is the clock of a pipeline.
type Clock struct {
	Now   int64   `json:"now"` // epoch ms
	Speed float64 `json:"speed"`
}

// Scenario is something that a demo can let happen.
type Scenario struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Watch string `json:"watch"` // a sentence on what to watch
}

// Running is a scenario that was started.
type Running struct {
	Product string `json:"product,omitempty"`
	Store   string `json:"store,omitempty"`
	Text    string `json:"text,omitempty"` // what happens now
	Running bool   `json:"running"`
}

// Truth is the result of the comparison of Redis with a demo's own books.
type Truth struct {
	Keys        int64  `json:"keys"`         // compared at the last check
	Wrong       int64  `json:"wrong"`        // the most that were wrong at any check
	CheckedWall int64  `json:"checked_wall"` // epoch ms
	Problem     string `json:"problem"`      // why the last check could not be made
}

// Flow is the JSON of /page/flow: counts since the start.
type Flow struct {
	Now              int64              `json:"now"` // the clock, epoch ms
	Channels         []ChannelCount     `json:"channels"`
	Events           int64              `json:"events"`
	Ignored          int64              `json:"ignored"`
	Duplicates       int64              `json:"duplicates"`
	DroppedByBarrier int64              `json:"dropped_by_barrier"`
	Recomputed       int64              `json:"recomputed"`
	Refused          map[string]int64   `json:"-"` // in /page/deadletters, by reason
	RefusedTotal     int64              `json:"refused_total"`
	Outstanding      int64              `json:"outstanding"`
	StockSignals     int64              `json:"stock_signals"`
	VelocitySignals  int64              `json:"velocity_signals"`
	BadgeChanges     int64              `json:"badge_changes"`
	Redis            RedisState         `json:"redis"`
	LatencyMs        *Latency           `json:"latency_ms"`
	ArchiveRows      *int64             `json:"archive_rows"`
	State            string             `json:"state"` // "ok", or why the pipeline is not ready
	Truth            *Truth             `json:"truth"`
	Scenarios        map[string]Running `json:"scenarios,omitempty"`
}

// ChannelCount is the number of events of a channel.
type ChannelCount struct {
	Name   string `json:"name"`
	Events int64  `json:"events"`
}

// RedisState is what a pipeline has written to Redis.
type RedisState struct {
	Writes int64 `json:"writes"`
	Away   bool  `json:"away"` // the last command failed
}

// Latency is that of the last seconds, from publishing to the stock in Redis.
type Latency struct {
	P50 int64 `json:"p50"`
	P99 int64 `json:"p99"`
}

// product is the JSON of /page/product.
type product struct {
	ID       string          `json:"id"`
	Name     string          `json:"name,omitempty"`
	From     int64           `json:"from"` // the memory reaches back to here
	Now      int64           `json:"now"`
	Stores   []store         `json:"stores"`
	Sales    []minute        `json:"sales"`
	Velocity []velocityPoint `json:"velocity"`
	Badges   []badge         `json:"badges"`
}

// store is a product in one store.
type store struct {
	ID       string       `json:"id"`
	Name     string       `json:"name,omitempty"`
	Points   []stockPoint `json:"points"`
	Barriers []barrier    `json:"barriers"`
	Dropped  []dropped    `json:"dropped"` // the newest first
}

type stockPoint struct {
	At     int64 `json:"at"`
	OnHand int64 `json:"on_hand"`
	Known  bool  `json:"known"`
}

// barrier is a RESET that held.
type barrier struct {
	CountedAt  int64 `json:"counted_at"`
	Arrived    int64 `json:"arrived"`
	Quantity   int64 `json:"quantity"`
	Late       bool  `json:"late"`
	Recomputed moves `json:"recomputed"` // had arrived before the count, and were applied on top of it

	id string // of the RESET
}

// moves counts sales and receipts.
type moves struct {
	Sales    int64 `json:"sales"`
	Units    int64 `json:"units"` // sold
	Receipts int64 `json:"receipts"`
	Received int64 `json:"received"` // units
}

// dropped is a late sale or receipt that a barrier dropped.
type dropped struct {
	OccurredAt int64  `json:"occurred_at"`
	Arrived    int64  `json:"arrived"`
	Type       string `json:"type"`
	Quantity   int64  `json:"quantity"`
	CountedAt  int64  `json:"counted_at"`
}

// minute is the number of units that were sold in a minute.
type minute struct {
	Minute int64 `json:"minute"` // epoch ms
	Units  int64 `json:"units"`
}

type velocityPoint struct {
	At       int64  `json:"at"`
	Window   string `json:"window"`
	UnitsDay int64  `json:"units_24h"`
	Units    int64  `json:"units_1h"`
	Badge    bool   `json:"badge"`
}

// badge is a badge change with its evidence.
type badge struct {
	change
	Name    string   `json:"name,omitempty"`
	Weights *Weights `json:"weights,omitempty"` // of HIGH_DEMAND
	Verdict Verdict  `json:"verdict"`
}

// change is a signal.BadgeChange.
type change struct {
	Badge     string `json:"badge"`
	On        bool   `json:"on"`
	StoreID   string `json:"store_id,omitempty"`
	ProductID string `json:"product_id"`
	At        int64  `json:"at"`
	Score     int64  `json:"score"`
	Views     int64  `json:"views"`
	CartAdds  int64  `json:"cart_adds"`
	Units     int64  `json:"units"`
	OnHand    int64  `json:"on_hand"`
	Enter     int64  `json:"enter"`
	Exit      int64  `json:"exit"`
}

// Weights are those of the score of HIGH_DEMAND.
type Weights struct {
	Views    int64 `json:"views"`
	CartAdds int64 `json:"cart_adds"`
	Units    int64 `json:"units"`
}

// letter is a dead letter.
type letter struct {
	N          int64             `json:"n"`
	Reason     string            `json:"reason"`
	Detail     string            `json:"detail"`
	Stage      string            `json:"stage"`
	Source     string            `json:"source"`
	MessageID  string            `json:"message_id,omitempty"`
	Item       *int              `json:"item"`
	Published  int64             `json:"published_at_wall,omitempty"`
	Failed     int64             `json:"failed_at_wall"`
	Text       *string           `json:"text"` // raw, if that is valid UTF-8
	Raw        []byte            `json:"raw"`
	Cut        int64             `json:"cut,omitempty"` // bytes that are missing at the end of raw
	Attributes map[string]string `json:"attributes"`    // null: none
	Replayable bool              `json:"replayable"`
	Replayed   bool              `json:"replayed"`
}
