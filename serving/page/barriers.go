package page

import (
	"cmp"
	"slices"
	"strings"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/history"
)

// lateAfter is how long after its time a count arrives that is late, ms of the clock.
const lateAfter = 60_000

// barriersOf returns the RESETs of one product in one store that held, in their order, and the late
// sales and receipts that they dropped, both in order of arrival. entries are those of the store, in
// order of arrival, each event once. arrived returns the clock at a wall time.
//
// A late count is a function of arrival: sales since the count that were there before it are
// applied again on top of it, and sales before the count that arrive after it are in it already. The
// order is that of the memory. Of two events of one moment on two channels, the pipeline may have
// applied the later one first.
func barriersOf(entries []history.Entry, horizon int64, arrived func(wall int64) int64,
) (held []barrier, drops []dropped) {
	held, drops = []barrier{}, []dropped{}
	// The RESET that held before is not in memory.
	current := barrier{CountedAt: barrierBefore(entries), id: greatestID}
	var earlier []history.Entry // the sales and receipts so far that the next count may recompute
	var newest int64
	for _, e := range entries {
		switch t := event.Type(e.Kind); {
		case !e.Kind.IsEvent() || !t.MovesStock():
			continue
		case t == event.Reset:
			if e.At < newest-horizon {
				break // refused, or superseded
			}
			b := barrier{CountedAt: e.At, Arrived: arrived(e.Wall), Quantity: e.Amount, id: e.ResetID}
			if cmp.Or(cmp.Compare(b.CountedAt, current.CountedAt), strings.Compare(b.id, current.id)) > 0 {
				b.Late = b.Arrived-b.CountedAt > lateAfter
				earlier = slices.DeleteFunc(earlier, func(m history.Entry) bool { return m.At < b.CountedAt })
				for _, m := range earlier {
					b.Recomputed.add(m)
				}
				current, held = b, append(held, b)
			}
		case e.At < current.CountedAt:
			drops = append(drops, dropped{OccurredAt: e.At, Arrived: arrived(e.Wall), Type: t.String(),
				Quantity: e.Amount, CountedAt: current.CountedAt})
		default:
			earlier = append(earlier, e)
		}
		newest = max(newest, e.At)
	}
	return held, drops
}

// greatestID is after all ids of RESETs: of two counts of one time it is not known which one held
// before the memory began.
const greatestID = "\xff"

// barrierBefore returns the time of the barrier that held when entries begin. It is 0 if there was
// none or it is not known. The first stock signal names the barrier of its time, whose RESET is in
// front of it, or is not in memory.
func barrierBefore(entries []history.Entry) int64 {
	first := slices.IndexFunc(entries, func(e history.Entry) bool { return e.Kind == history.Stock })
	if first < 0 {
		return 0
	}
	at := entries[first].Detail
	if slices.ContainsFunc(entries[:first], func(e history.Entry) bool {
		return e.Kind == history.Kind(event.Reset) && e.At == at
	}) {
		return 0
	}
	return at
}

// add counts a sale or receipt.
func (m *moves) add(e history.Entry) {
	if e.Kind == history.Kind(event.Sale) {
		m.Sales++
		m.Units += e.Amount
		return
	}
	m.Receipts++
	m.Received += e.Amount
}
