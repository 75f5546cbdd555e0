package replay

import (
	"time"

	"github.com/beamlytics/streamlytics/test/truth"
)

// Summary describes a replay. It is printed as JSON.
type Summary struct {
	Events         int64            `json:"events"`    // taken from the recording
	Published      int64            `json:"published"` // messages, repetitions included
	PublishedTo    map[string]int64 `json:"published_to"`
	Types          map[string]int64 `json:"types"` // of the events
	Stores         int              `json:"stores"`
	Products       int              `json:"products"`
	Keys           int              `json:"keys"` // store and product pairs
	MinQuantity    int64            `json:"min_quantity"`
	MaxQuantity    int64            `json:"max_quantity"`
	ZeroQuantities int64            `json:"zero_quantities"`
	First          time.Time        `json:"first"` // the least occurred_at
	Last           time.Time        `json:"last"`  // the greatest
	Seconds        float64          `json:"seconds"`
	PerSecond      float64          `json:"per_second"` // messages
	Check          *Check           `json:"check,omitempty"`
}

// Check is what Redis held at the end of a check.
type Check struct {
	Stock   truth.Faults `json:"stock"`
	Global  truth.Faults `json:"global"`
	Seconds float64      `json:"seconds"` // from the last message until everything was right, or time was up
}

// tally collects the numbers of the summary.
type tally struct {
	summary  Summary
	first    int64
	last     int64
	stores   map[string]bool
	products map[string]bool
	keys     map[truth.Key]bool
}

func newTally() *tally {
	return &tally{
		summary: Summary{Types: map[string]int64{}, PublishedTo: map[string]int64{}},
		stores:  map[string]bool{}, products: map[string]bool{}, keys: map[truth.Key]bool{},
	}
}

func (t *tally) event(e truth.Event) {
	s := &t.summary
	if s.Events == 0 {
		s.MinQuantity, s.MaxQuantity, t.first, t.last = e.Quantity, e.Quantity, e.OccurredAt, e.OccurredAt
	}
	s.Events++
	s.Types[e.Type]++
	s.MinQuantity, s.MaxQuantity = min(s.MinQuantity, e.Quantity), max(s.MaxQuantity, e.Quantity)
	if e.Quantity == 0 {
		s.ZeroQuantities++
	}
	t.first, t.last = min(t.first, e.OccurredAt), max(t.last, e.OccurredAt)
	t.stores[e.Store], t.products[e.Product], t.keys[truth.Key{Store: e.Store, Product: e.Product}] = true, true, true
}

func (t *tally) published(topic string) {
	t.summary.Published++
	if topic != "" {
		t.summary.PublishedTo[topic]++
	}
}

// done completes the summary of a replay that took so long.
func (t *tally) done(took time.Duration) *Summary {
	s := &t.summary
	s.Stores, s.Products, s.Keys = len(t.stores), len(t.products), len(t.keys)
	if s.Events > 0 {
		s.First, s.Last = time.UnixMilli(t.first).UTC(), time.UnixMilli(t.last).UTC()
	}
	s.Seconds = took.Seconds()
	if s.Seconds > 0 {
		s.PerSecond = float64(s.Published) / s.Seconds
	}
	return s
}
