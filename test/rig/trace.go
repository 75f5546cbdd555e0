package rig

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/beamlytics/streamlytics/test/truth"
)

// Message is a message for a channel's topic.
type Message struct {
	Channel    string // of Channels
	Data       []byte
	Attributes map[string]string
}

// TraceOptions configure a trace. The comments name the default of a field that is 0.
type TraceOptions struct {
	Seed     uint64
	Events   int
	Stores   int           // 10
	Products int           // 30
	Until    time.Time     // the latest time of an event; default: now
	Span     time.Duration // from the earliest to the latest event; default: two hours
	// Duplicates is the share of events, 0 to 1, that are published twice.
	Duplicates float64
	// Prefix begins the ids of the events, so that two traces can share stores and products.
	// Default: "e".
	Prefix string
	// World begins the ids of the stores and products, so that two traces can have no key in
	// common.
	World string
}

// Trace is a generated history of stores, with its messages. The same options, Until included, give
// the same trace.
type Trace struct {
	Options  TraceOptions
	Events   []truth.Event // each once; their order has no meaning
	Messages []Message     // including repetitions, in the order of publication
}

// NewTrace generates a trace: sales and a few returns over POS, views and cart adds over ECOM,
// receipts and counts over WMS, and some of each in the unified format.
func NewTrace(o TraceOptions) *Trace {
	o = o.withDefaults()
	r := rand.New(rand.NewPCG(o.Seed, 2))
	t := &Trace{Options: o, Events: make([]truth.Event, 0, o.Events), Messages: make([]Message, 0, o.Events)}
	for i := range o.Events {
		e, m := MakeEvent(r, o, fmt.Sprint(o.Prefix, i))
		t.Events = append(t.Events, e)
		t.Messages = append(t.Messages, m)
		if r.Float64() < o.Duplicates {
			t.Messages = append(t.Messages, m)
		}
	}
	r.Shuffle(len(t.Messages), func(i, j int) { t.Messages[i], t.Messages[j] = t.Messages[j], t.Messages[i] })
	return t
}

func (o TraceOptions) withDefaults() TraceOptions {
	if o.Stores == 0 {
		o.Stores = 10
	}
	if o.Products == 0 {
		o.Products = 30
	}
	if o.Until.IsZero() {
		o.Until = time.Now()
	}
	if o.Span == 0 {
		o.Span = 2 * time.Hour
	}
	if o.Prefix == "" {
		o.Prefix = "e"
	}
	return o
}

// String returns the options by which the trace can be made again.
func (t *Trace) String() string {
	o := t.Options
	return fmt.Sprintf("trace of seed %d: %d events over %d stores and %d products until %s",
		o.Seed, o.Events, o.Stores, o.Products,
		o.Until.UTC().Format(time.RFC3339Nano))
}

// Part returns the messages of the i-th of n parts of about the same length.
func (t *Trace) Part(i, n int) []Message {
	return t.Messages[i*len(t.Messages)/n : (i+1)*len(t.Messages)/n]
}

// MakeEvent generates an event and its message. The event has the id that the message gives it,
// which may differ from id.
func MakeEvent(r *rand.Rand, o TraceOptions, id string) (truth.Event, Message) {
	e := truth.Event{
		ID: id, Type: "SALE",
		Store: fmt.Sprint(o.World, r.IntN(o.Stores)), Product: fmt.Sprint(o.World, "p", r.IntN(o.Products)),
		OccurredAt: o.Until.UnixMilli() - r.Int64N(o.Span.Milliseconds()),
	}
	switch r.IntN(20) {
	case 0, 1:
		e.Type, e.Quantity = "RECEIPT", r.Int64N(20)
	case 2:
		e.Type, e.Quantity = "RESET", r.Int64N(200)
	case 3, 4, 5, 6:
		e.Type, e.Quantity = "VIEW", 1
	case 7, 8:
		e.Type, e.Quantity = "CART_ADD", 1+r.Int64N(3)
	case 9:
		e.Quantity = -r.Int64N(3) // a return
	default:
		e.Quantity = r.Int64N(5)
	}
	if r.IntN(4) == 0 {
		return e, Unified(e)
	}
	return Native(e)
}
