package sinks

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/signal"
)

// archive gathers rows and writes them to the local warehouse, to BigQuery or to both. It is not safe for concurrent use.
type archive struct {
	warehouse *Warehouse // nil: rows are not kept there
	bigquery  *BigQuery  // nil: rows are not kept there
	clock     clock.Clock
	pages     [len(Tables)]page
	row       row // in the works
}

// page is what is gathered of one table.
type page struct {
	lines    []byte // for the local warehouse
	messages []byte // for BigQuery, one behind the other
	ends     []int  // of each message
}

func (a *archive) event(e *event.UnifiedInventoryEvent, ingestedAt int64) {
	a.add(TableEvents, func(r *row) { r.event(e, ingestedAt) })
}

func (a *archive) stock(s *signal.Stock) { a.add(TableStockChanges, func(r *row) { r.stock(s) }) }

func (a *archive) velocity(v *signal.Velocity) {
	a.add(TableVelocitySignals, func(r *row) { r.velocity(v) })
}

func (a *archive) badge(c *signal.BadgeChange) {
	a.add(TableBadgeChanges, func(r *row) { r.badge(c, a.clock) })
}

func (a *archive) add(t Table, describe func(*row)) {
	p := a.page(t)
	if a.warehouse != nil {
		a.row = jsonRow(p.lines)
		describe(&a.row)
		p.lines = a.row.end()
	}
	if a.bigquery != nil {
		a.row = protoRow(p.messages, t)
		describe(&a.row)
		p.messages = a.row.end()
		p.ends = append(p.ends, len(p.messages))
	}
}

func (a *archive) page(t Table) *page {
	for i, x := range Tables {
		if x == t {
			return &a.pages[i]
		}
	}
	panic("sinks: no table " + string(t)) // the callers are above
}

// size is about how many bytes are gathered.
func (a *archive) size() (n int) {
	for i := range a.pages {
		n += max(len(a.pages[i].lines), len(a.pages[i].messages))
	}
	return n
}

// reset forgets what is gathered.
func (a *archive) reset() {
	for i := range a.pages {
		p := &a.pages[i]
		p.lines, p.ends = p.lines[:0], p.ends[:0]
		if n := len(p.messages); n > 0 { // BigQuery keeps messages that it was given, so the next ones get memory of their own
			p.messages = make([]byte, 0, n)
		}
	}
}

// flush writes what is gathered and returns when all of it is safe.
func (a *archive) flush(ctx context.Context) error {
	if a.warehouse != nil {
		for i, t := range Tables {
			if err := a.warehouse.Append(ctx, t, a.pages[i].lines); err != nil {
				return fmt.Errorf("archive %s: %w", t, err)
			}
		}
	}
	if a.bigquery != nil {
		tables, ctx := errgroup.WithContext(ctx) // each answer takes its time
		for i, t := range Tables {
			if len(a.pages[i].ends) == 0 {
				continue
			}
			tables.Go(func() error { return a.bigquery.Append(ctx, t, a.pages[i].rows()) })
		}
		if err := tables.Wait(); err != nil {
			return fmt.Errorf("archive: %w", err)
		}
	}
	a.reset()
	return nil
}

// rows are the messages one by one.
func (p *page) rows() [][]byte {
	rows := make([][]byte, len(p.ends))
	start := 0
	for i, end := range p.ends {
		rows[i] = p.messages[start:end:end]
		start = end
	}
	return rows
}
