package sinks

import (
	"context"
	"fmt"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/internal/history"
	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/sinks/rows"
)

// archive gathers rows and writes them to every row sink. What it gets is also added to the history,
// once, before it is written. It is not safe for concurrent use.
type archive struct {
	clock   clock.Clock
	sinks   []RowSink
	batches []*rows.Batch // of each sink
	letters *DeadLetters  // of refused rows
	history *history.History
	wall    int64 // when what follows has arrived, wall time, epoch ms
}

func newArchive(c clock.Clock, letters *DeadLetters, sinks []RowSink, h *history.History) *archive {
	a := &archive{clock: c, sinks: sinks, letters: letters, history: h}
	for _, s := range sinks {
		a.batches = append(a.batches, s.NewBatch())
	}
	return a
}

// begin removes what a batch that failed has left. wall is the time at which a batch arrives, epoch
// ms.
func (a *archive) begin(wall int64) {
	a.reset()
	a.wall = wall
}

func (a *archive) event(e *event.UnifiedInventoryEvent) {
	a.history.Event(e, a.wall)
	for _, b := range a.batches {
		b.Event(e, a.wall)
	}
}

func (a *archive) stock(s *signal.Stock) {
	a.history.Stock(s, a.wall)
	for _, b := range a.batches {
		b.Stock(s)
	}
}

func (a *archive) velocity(v *signal.Velocity) {
	a.history.Velocity(v, a.wall)
	for _, b := range a.batches {
		b.Velocity(v)
	}
}

func (a *archive) badge(c *signal.BadgeChange) {
	a.history.Badge(*c)
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
