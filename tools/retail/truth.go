package retail

import (
	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/test/truth"
)

// Truth is the results of a correct pipeline after everything published so far. It follows from
// what was sent, not from the shelves. It must not be used while World.Advance runs.
type Truth struct {
	// Ledger holds the SALEs, RECEIPTs and RESETs. VIEWs and CART_ADDs are left out: one from a
	// clock that is ahead counts when it arrives, which the world cannot foresee.
	Ledger *truth.Ledger
	Tally  Tally
}

// Tally counts what was published.
type Tally struct {
	Messages   int64                  // all publications, including repeated ones
	Events     map[string]int64       // valid events by type, repetitions not counted
	Duplicates int64                  // repeated events
	Ignored    int64                  // messages that are neither an event nor an error, including repeated ones
	Refused    map[event.Reason]int64 // dead letters
}

func newTruth() *Truth {
	t := &Truth{Ledger: truth.NewLedger(), Tally: Tally{Events: map[string]int64{}, Refused: map[event.Reason]int64{}}}
	t.Ledger.SalesOnly = true
	return t
}

// add counts a delivery.
func (t *Truth) add(l letter, repeated bool) {
	t.Tally.Messages++
	if l.refused != "" {
		t.Tally.Refused[l.refused]++
	}
	if l.ignored {
		t.Tally.Ignored++
	}
	if repeated {
		t.Tally.Duplicates += int64(len(l.events))
		return
	}
	t.AddEvents(l.events)
}

// AddEvents counts events that were published for the first time. They need no id, except a RESET.
func (t *Truth) AddEvents(events []truth.Event) {
	for _, e := range events {
		t.Tally.Events[e.Type]++
		if e.Type != "VIEW" && e.Type != "CART_ADD" {
			t.Ledger.Add(e)
		}
	}
}
