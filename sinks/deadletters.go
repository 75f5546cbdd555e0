package sinks

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/metrics"
	"github.com/beamlytics/streamlytics/internal/process"
	"github.com/beamlytics/streamlytics/sinks/rows"
)

// DeadLetters writes dead letters to their table, in every row sink. It is safe for concurrent use.
type DeadLetters struct {
	env   *process.Env
	sinks []RowSink
	// lastResort returns the sink of rows that a sink of dead letters refuses. It is nil where they
	// are stored by another one already.
	lastResort func() (RowSink, error)
}

// Write adds one row a letter and returns when all survive the end of this process. It blocks and
// retries as every sink does. It adds the letters to the history.
func (d *DeadLetters) Write(ctx context.Context, letters []event.DeadLetter) error {
	for _, l := range letters {
		d.env.History.DeadLetter(l)
	}
	for _, s := range d.sinks {
		b := s.NewBatch()
		for _, l := range letters {
			b.DeadLetter(l)
		}
		refused, err := s.Write(ctx, b)
		if err == nil && len(refused) > 0 {
			err = d.writeToLastResort(ctx, refused)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeRefused writes the dead letters of rows that a sink of another table has refused.
func (d *DeadLetters) writeRefused(ctx context.Context, refused []rows.Refused) error {
	if len(refused) == 0 {
		return nil
	}
	letters := make([]event.DeadLetter, len(refused))
	for i, r := range refused {
		letters[i] = r.Letter
	}
	if err := d.Write(ctx, letters); err != nil {
		return fmt.Errorf("write %d refused rows to the dead letters: %w", len(refused), err)
	}
	d.count(ctx, refused)
	return nil
}

// writeToLastResort keeps dead letters that were refused. The disk of a worker, which may not last,
// is better than no place.
func (d *DeadLetters) writeToLastResort(ctx context.Context, refused []rows.Refused) error {
	for _, r := range refused {
		slog.ErrorContext(ctx, "BigQuery refused a dead letter; it is only in the folder dead_letters of this machine",
			"error", r.Letter.Detail)
	}
	if d.lastResort != nil {
		s, err := d.lastResort()
		if err != nil {
			return err
		}
		b := s.NewBatch()
		for _, r := range refused {
			b.Line(rows.DeadLetters, r.Letter.Message.Data) // the refused row as JSON
		}
		if _, err := s.Write(ctx, b); err != nil {
			return fmt.Errorf("write %d refused rows to the dead letters: %w", len(refused), err)
		}
	}
	d.count(ctx, refused)
	return nil
}

func (d *DeadLetters) count(ctx context.Context, refused []rows.Refused) {
	for _, r := range refused {
		d.env.Metrics.CountNow(ctx, metrics.BigQueryRefusals, 1)
		d.env.Metrics.CountNow(ctx, metrics.Refused(r.Letter.Reason), 1)
	}
}
