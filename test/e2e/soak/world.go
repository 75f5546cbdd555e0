package soak

import (
	"fmt"
	"math/rand/v2"
	"time"

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
	w.made++
	e, m := rig.MakeEvent(w.random, rig.TraceOptions{Stores: w.shape.Stores, Products: w.shape.Products,
		Until: time.UnixMilli(now - 20*minute), Span: 40 * time.Minute}, fmt.Sprint("e", w.made))
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
