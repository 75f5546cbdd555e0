package sinks

import (
	"context"

	"github.com/beamlytics/streamlytics/event"
)

// DeadLetters writes refusals to the warehouse's table dead_letters. A pipeline that keeps its rows elsewhere opens a
// warehouse for the dead letters alone: a folder comes only with the first of them.
//
// It is safe for concurrent use.
type DeadLetters struct {
	warehouse *Warehouse
}

// NewDeadLetters returns the dead letters of w. Closing w closes them.
func NewDeadLetters(w *Warehouse) *DeadLetters { return &DeadLetters{warehouse: w} }

// Write appends one line a letter and returns when all survive the end of this process. It blocks as Warehouse.Append does.
func (d *DeadLetters) Write(ctx context.Context, letters []event.DeadLetter) error {
	var lines []byte
	for _, l := range letters {
		lines = AppendDeadLetter(lines, l)
	}
	return d.warehouse.Append(ctx, TableDeadLetters, lines)
}
