package stock

import (
	"github.com/beamlytics/streamlytics/event"
)

// DayMs is how long the ids of looks and cart adds are kept, and those of sales at the least, because velocity counts 24 hours.
const DayMs = 24 * 60 * 60 * 1000

// Limits are the options that the logic depends on.
type Limits struct {
	HorizonMs int64 // --ledger_horizon: how far behind the newest event of the key deltas and ids are kept
	LowEnter  int64 // --low_stock_enter: LOW_STOCK goes on at or below
	LowExit   int64 // --low_stock_exit: LOW_STOCK goes off above
}

// Move is an event as the logic sees it.
type Move struct {
	Type     event.Type
	Quantity int64
	TimeMs   int64  // occurred_at, or counted_at of a RESET
	Adjusted bool   // TimeMs replaced a time in the future (VIEW, CART_ADD)
	ID       uint64 // event.IdentityHash of the event id
	IDText   string // the event id itself; only needed of a RESET, which is ordered by it
}

// Verdict is what became of an event.
type Verdict uint8

// The verdicts.
const (
	Accepted    Verdict = iota // new, and taken
	Repeated                   // known already; nothing changed
	Reused                     // the id is known with other content: ID_REUSED
	ResetTooOld                // a count that would hold but lies before the horizon: RESET_TOO_OLD
)

// Outcome is a verdict and what the event did.
type Outcome struct {
	Verdict    Verdict
	Dropped    bool // a sale or receipt from before the barrier: taken, but it does not count
	Recomputed bool // a count arrived after something that occurred later, and on-hand was made anew from the ledger
	Badge      bool // LOW_STOCK went on or off
}

// Record is everything that is kept of one product in one store. The zero value is a product of which nothing is known. It is
// not safe for concurrent use.
type Record struct {
	onHand  int64
	base    int64 // net of the deltas that count and were folded, barrier's quantity included
	version int64
	newest  int64 // greatest time of a SALE, RECEIPT or RESET, while stocked
	stocked bool  // any of these was seen: the key exists
	low     bool  // LOW_STOCK is on

	known      bool // a count was seen; the next three are its
	barrierAt  int64
	barrierQty int64
	barrierID  string

	moves timeline // SALE, RECEIPT, RESET of the horizon
	looks timeline // VIEW, CART_ADD of the last 24 hours of the clock
	late  []lateID // in the order of arrival
	ids   map[uint64]uint64
}

// OnHand is the stock, in units. It may be negative.
func (r *Record) OnHand() int64 { return r.onHand }

// Known reports whether a physical count was seen.
func (r *Record) Known() bool { return r.known }

// BarrierMs is the counted_at of the count that holds, epoch ms, or 0 without one.
func (r *Record) BarrierMs() int64 { return r.barrierAt }

// LowStock reports whether the badge is on.
func (r *Record) LowStock() bool { return r.low }

// HasStock reports whether the record has a stock key: looks and cart adds alone make none.
func (r *Record) HasStock() bool { return r.stocked }

// Version grows with every change.
func (r *Record) Version() int64 { return r.version }

// Bump makes the version greater than it was and at least atLeast.
func (r *Record) Bump(atLeast int64) { r.version = max(r.version+1, atLeast) }

// Apply takes one event. nowMs is the clock; it only decides how long ids of looks are kept.
func (r *Record) Apply(m Move, nowMs int64, l Limits) Outcome {
	code := codeOf(m)
	if content, ok := r.lookup(m.ID); ok {
		if sameContent(content, code, m.Quantity, m.TimeMs) {
			return Outcome{Verdict: Repeated}
		}
		return Outcome{Verdict: Reused}
	}
	if !m.Type.MovesStock() {
		return r.applyLook(m, code, nowMs)
	}
	if m.Type == event.Reset {
		if v := r.judgeReset(m, l); v != Accepted {
			return Outcome{Verdict: v}
		}
	}
	var out Outcome
	if !r.stocked || m.TimeMs > r.newest {
		r.stocked, r.newest = true, m.TimeMs
	}
	e := entry{at: m.TimeMs<<3 | code, qty: m.Quantity, id: m.ID}
	floor := r.floor(nowMs, l)
	inLedger := m.TimeMs >= floor
	if m.Type == event.Reset {
		out.Recomputed = r.takeReset(m)
	} else if r.known && m.TimeMs < r.barrierAt {
		out.Dropped = true
	} else {
		r.onHand += e.delta()
		if !inLedger {
			r.base += e.delta()
		}
	}
	if inLedger {
		r.moves.insert(e)
	} else {
		r.late = append(r.late, lateID{keep: r.newest, id: m.ID, content: contentOf(code, m.Quantity, m.TimeMs)})
	}
	r.remember(m.ID, contentOf(code, m.Quantity, m.TimeMs))
	r.fold(floor)
	out.Badge = r.updateBadge(l)
	return out
}

// applyLook takes a VIEW or CART_ADD: only its identity is kept, and only while velocity could count it.
func (r *Record) applyLook(m Move, code, nowMs int64) Outcome {
	r.ExpireLooks(nowMs)
	if m.TimeMs >= nowMs-DayMs {
		r.looks.insert(entry{at: m.TimeMs<<3 | code, qty: m.Quantity, id: m.ID})
		r.remember(m.ID, contentOf(code, m.Quantity, m.TimeMs))
	}
	return Outcome{Verdict: Accepted}
}

// judgeReset decides about a count by the count that holds: its own repetition after its id was folded, and too old.
func (r *Record) judgeReset(m Move, l Limits) Verdict {
	if r.known && m.TimeMs == r.barrierAt && m.IDText == r.barrierID {
		if m.Quantity == r.barrierQty {
			return Repeated
		}
		return Reused
	}
	if r.stocked && m.TimeMs < r.newest-l.HorizonMs && r.supersedes(m) {
		return ResetTooOld
	}
	return Accepted
}

// supersedes reports whether a count comes after the one that holds.
func (r *Record) supersedes(m Move) bool {
	if !r.known || m.TimeMs != r.barrierAt {
		return !r.known || m.TimeMs > r.barrierAt
	}
	return m.IDText > r.barrierID
}

// takeReset lets a count hold if it supersedes, and reports whether on-hand had to be made anew from the ledger.
func (r *Record) takeReset(m Move) (recomputed bool) {
	if !r.supersedes(m) {
		return false
	}
	r.known, r.barrierAt, r.barrierQty, r.barrierID = true, m.TimeMs, m.Quantity, m.IDText
	// Everything folded is older than the horizon, and so older than a count that was not refused.
	r.base = m.Quantity
	r.onHand = r.base + r.moves.sumFrom(m.TimeMs)
	newest, ok := r.moves.newest()
	return ok && newest >= m.TimeMs
}

// floor is the time before which the ledger keeps nothing.
func (r *Record) floor(nowMs int64, l Limits) int64 {
	return min(r.newest-l.HorizonMs, nowMs-DayMs)
}

// fold takes what lies before floor out of the ledger.
func (r *Record) fold(floor int64) {
	r.moves.popBefore(floor, func(e entry) {
		if !r.known || e.timeMs() >= r.barrierAt {
			r.base += e.delta()
		}
		r.forget(e.id)
	})
	n := 0
	for n < len(r.late) && r.late[n].keep < floor {
		r.forget(r.late[n].id)
		n++
	}
	if n > 0 {
		r.late = append(r.late[:0:0], r.late[n:]...)
	}
}

// updateBadge holds on-hand against the thresholds, with hysteresis between them.
func (r *Record) updateBadge(l Limits) (changed bool) {
	was := r.low
	r.low = NextLow(r.low, r.known, r.onHand, l)
	return r.low != was
}

// NextLow is the state of LOW_STOCK after on-hand became known: on at or below LowEnter, off above LowExit, and as it was in
// between. There is none while on-hand is not known.
func NextLow(on, known bool, onHand int64, l Limits) bool {
	switch {
	case !known || onHand > l.LowExit:
		return false
	case onHand <= l.LowEnter:
		return true
	}
	return on
}

// Size is roughly how many bytes of memory the record takes.
func (r *Record) Size() int {
	const record, perEntry, perLate, perID = 232, 28, 24, 24
	return record + len(r.barrierID) + perEntry*(r.moves.n+r.looks.n) + perLate*len(r.late) + perID*len(r.ids)
}

// ExpireLooks forgets the ids of looks and cart adds that are older than 24 hours.
func (r *Record) ExpireLooks(nowMs int64) {
	r.looks.popBefore(nowMs-DayMs, func(e entry) { r.forget(e.id) })
}

// Empty reports whether nothing is known: the record is as good as none.
func (r *Record) Empty() bool { return !r.stocked && r.looks.n == 0 }
