package sinks

import (
	"context"
	"fmt"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks/rows"
)

// archive gathers rows and writes them to every row sink. It is not safe for concurrent use.
type archive struct {
	clock   clock.Clock
	sinks   []RowSink
	batches []*rows.Batch // of each sink
	letters *DeadLetters  // of refused rows
}

func newArchive(c clock.Clock, letters *DeadLetters, sinks []RowSink) *archive {
	a := &archive{clock: c, sinks: sinks, letters: letters}
	for _, s := range sinks {
		a.batches = append(a.batches, s.NewBatch())
	}
	return a
}

func (a *archive) event(e *event.UnifiedInventoryEvent, ingestedAt int64) {
	for _, b := range a.batches {
		b.Event(e, ingestedAt)
	}
}

func (a *archive) stock(s *signal.Stock) {
	for _, b := range a.batches {
		b.Stock(s)
	}
}

func (a *archive) velocity(v *signal.Velocity) {
	for _, b := range a.batches {
		b.Velocity(v)
	}
}

func (a *archive) badge(c *signal.BadgeChange) {
	for _, b := range a.batches {
		b.Badge(c, a.clock)
	}
}

// size returns about how many bytes are gathered.
func (a *archive) size() (n int) {
	for _, b := range a.batches {
		n = max(n, b.Size())
	}
	return n
}

// reset removes what is gathered.
func (a *archive) reset() {
	for _, b := range a.batches {
		b.Reset()
	}
}

// flush writes what is gathered. When it returns nil, each row is stored or in the dead letters.
func (a *archive) flush(ctx context.Context) error {
	for i, s := range a.sinks {
		refused, err := s.Write(ctx, a.batches[i])
		if err == nil {
			err = a.letters.writeRefused(ctx, refused)
		}
		if err != nil {
			return fmt.Errorf("archive: %w", err)
		}
	}
	a.reset()
	return nil
}
