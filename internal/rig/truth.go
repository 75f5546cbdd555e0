package rig

import "github.com/beamlytics/streamlytics/internal/oracle"

// Truth is what Redis must say after a set of events. It is not safe for concurrent use.
type Truth struct {
	events []oracle.Event
	byKey  map[oracle.Key][]oracle.Event // of velocity: per store, and per product under an empty store
	stock  map[oracle.Key]oracle.Result  // nil: to be worked out
	global map[string]int64
}

// NewTruth is the truth of traces, all of them together.
func NewTruth(traces ...*Trace) *Truth {
	t := &Truth{byKey: map[oracle.Key][]oracle.Event{}}
	for _, x := range traces {
		t.Add(x.Events...)
	}
	return t
}

// Add adds events. Those whose identity is there already change nothing.
func (t *Truth) Add(events ...oracle.Event) {
	t.events = append(t.events, events...)
	t.stock = nil
	for _, e := range events {
		for _, key := range []oracle.Key{{Store: e.Store, Product: e.Product}, {Product: e.Product}} {
			t.byKey[key] = append(t.byKey[key], e)
		}
	}
}

// Events are all that were added.
func (t *Truth) Events() []oracle.Event { return t.events }

// Stock is the stock of every store.
func (t *Truth) Stock() map[oracle.Key]oracle.Result {
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
		t.stock = oracle.Stock(t.events)
		t.global = oracle.Global(t.stock)
	}
}

// Velocity is what the velocity signal of a key may show at asOf (epoch ms), and whether it may exist. It looks at the events of
// the key only, so that all keys together cost what the events cost.
func (t *Truth) Velocity(key oracle.Key, asOf int64) (oracle.Counts, bool) {
	c, ok := oracle.Velocity(t.byKey[key], asOf)[key]
	return c, ok
}
