package sinks

import (
	"context"
	"errors"
	"fmt"

	"github.com/beamlytics/streamlytics/event"
)

// DeadLetters writes refusals to the table dead_letters: of the local warehouse, of BigQuery or of both. A pipeline that keeps its
// rows elsewhere opens a local warehouse for the dead letters alone: a folder comes only with the first of them.
//
// It is safe for concurrent use.
type DeadLetters struct {
	warehouse *Warehouse
	bigquery  *BigQuery
}

// NewDeadLetters returns the dead letters of w and b, of which one may be nil. Closing those closes them.
func NewDeadLetters(w *Warehouse, b *BigQuery) *DeadLetters {
	return &DeadLetters{warehouse: w, bigquery: b}
}

// Write appends one row a letter and returns when all survive the end of this process. It blocks as Warehouse.Append and
// BigQuery.Append do.
func (d *DeadLetters) Write(ctx context.Context, letters []event.DeadLetter) error {
	if d.warehouse == nil && d.bigquery == nil {
		return errors.New("there is nowhere to write dead letters to")
	}
	if d.warehouse != nil {
		var lines []byte
		for _, l := range letters {
			lines = AppendDeadLetter(lines, l)
		}
		if err := d.warehouse.Append(ctx, TableDeadLetters, lines); err != nil {
			return err
		}
	}
	if d.bigquery != nil {
		rows := make([][]byte, len(letters))
		for i := range letters {
			rows[i] = deadLetterMessage(letters[i], maxRequestBytes-rowOverhead)
		}
		return d.bigquery.Append(ctx, TableDeadLetters, rows)
	}
	return nil
}

// deadLetterMessage is the row of a letter for BigQuery, of at most limit bytes. One that would be longer goes without text,
// which is the payload once more, and if that is not enough, without the end of the payload.
func deadLetterMessage(l event.DeadLetter, limit int) []byte {
	encode := func(withText bool) []byte {
		r := protoRow(nil, TableDeadLetters)
		r.deadLetter(&l, withText)
		return r.end()
	}
	message := encode(true)
	if len(message) <= limit {
		return message
	}
	message = encode(false)
	if len(message) <= limit {
		return message
	}
	cut, whole := *l.Message, len(l.Message.Data)
	const note = "; only the first %d of %d bytes are kept here"
	cut.Data = cut.Data[:max(0, whole-(len(message)-limit)-len(note)-2*20)]
	l.Message, l.Detail = &cut, l.Detail+fmt.Sprintf(note, len(cut.Data), whole)
	return encode(false)
}
