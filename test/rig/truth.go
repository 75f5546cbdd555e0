package rig

import "github.com/beamlytics/streamlytics/test/truth"

// Truth is what Redis must say after a set of events. It is not safe for concurrent use.
type Truth struct {
	events []truth.Event
	byKey  map[truth.Key][]truth.Event // of velocity: per store, and per product under an empty store
	stock  map[truth.Key]truth.Result  // nil: to be worked out
	global map[string]int64
}

// NewTruth is the truth of traces, all of them together.
func NewTruth(traces ...*Trace) *Truth {
	t := &Truth{byKey: map[truth.Key][]truth.Event{}}
	for _, x := range traces {
		t.Add(x.Events...)
	}
	return t
}

// Add adds events. Those whose identity is there already change nothing.
func (t *Truth) Add(events ...truth.Event) {
	t.events = append(t.events, events...)
	t.stock = nil
	for _, e := range events {
		for _, key := range []truth.Key{{Store: e.Store, Product: e.Product}, {Product: e.Product}} {
			t.byKey[key] = append(t.byKey[key], e)
		}
	}
}

// Events are all that were added.
func (t *Truth) Events() []truth.Event { return t.events }

// Stock is the stock of every store.
func (t *Truth) Stock() map[truth.Key]truth.Result {
	t.work()
	return t.stock
}

// Global is the stock over all stores.
func (t *Truth) Global() map[string]int64 {
	t.work()
	return t.global
}

func (t *Truth) work() {
	if t.stock == nil {
		t.stock = truth.Stock(t.events)
		t.global = truth.Global(t.stock)
	}
}

// Velocity is what the velocity signal of a key may show at asOf (epoch ms), and whether it may exist. It looks at the events of
// the key only, so that all keys together cost what the events cost.
func (t *Truth) Velocity(key truth.Key, asOf int64) (truth.Counts, bool) {
	c, ok := truth.Velocity(t.byKey[key], asOf)[key]
	return c, ok
}
