package soak

import (
	"fmt"
	"math/rand/v2"

	"github.com/beamlytics/streamlytics/test/rig"
	"github.com/beamlytics/streamlytics/test/truth"
)

// Shape is the size of a world.
type Shape struct {
	Seed             uint64
	Stores, Products int
	Duplicates       float64 // share of the events that are published twice
}

// minute, of the program's clock, in ms.
const minute = int64(60_000)

// World makes up events without end, out of order, and keeps what Redis must hold after them. It is
// not safe for concurrent use.
type World struct {
	shape  Shape
	random *rand.Rand
	made   int64
	ledger *truth.Ledger
	again  [256]rig.Message // published before, to be published once more
}

// NewWorld begins a world in which nothing has happened.
func NewWorld(s Shape) *World {
	return &World{shape: s, random: rand.New(rand.NewPCG(s.Seed, 0)), ledger: truth.NewLedger()}
}

// Next makes up an event at a time of the program's clock, epoch ms, and returns the messages to publish: its own, and now and
// then one that was published before. It occurred at least 20 minutes ago, because the program's clock may be a little behind,
// and at most an hour.
func (w *World) Next(now int64) []rig.Message {
	e, m := w.event(now)
	if e.Type != "RESET" {
		e.ID = "" // no two are made up with one id, and the ledger would keep each
	}
	w.ledger.Add(e)
	messages := []rig.Message{m}
	if w.random.Float64() < w.shape.Duplicates {
		i := w.random.IntN(len(w.again))
		if old := w.again[i]; old.Data != nil {
			messages = append(messages, old)
		}
		w.again[i] = m
	}
	return messages
}

func (w *World) event(now int64) (truth.Event, rig.Message) {
	r := w.random
	w.made++
	popular := r.Float64() // some products are in demand more than others
	e := truth.Event{
		ID: fmt.Sprint("e", w.made), Type: "SALE", Quantity: r.Int64N(4),
		Store:      fmt.Sprint(r.IntN(w.shape.Stores)),
		Product:    fmt.Sprint("p", int(popular*popular*float64(w.shape.Products))),
		OccurredAt: now - 20*minute - r.Int64N(40*minute),
	}
	switch n := r.IntN(200); {
	case n < 1:
		e.Type, e.Quantity = "RESET", r.Int64N(500)
	case n < 15:
		e.Type, e.Quantity = "RECEIPT", r.Int64N(30)
	case n < 60:
		e.Type, e.Quantity = "VIEW", 1
	case n < 80:
		e.Type, e.Quantity = "CART_ADD", 1+r.Int64N(3)
	case n < 84:
		e.Quantity = -r.Int64N(3) // a return
	}
	if r.IntN(4) == 0 {
		return e, rig.Unified(e)
	}
	return rig.Native(e)
}
