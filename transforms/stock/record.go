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
	CountLate bool  // --late_events=count: a delta that is older than the ledger, and not known, counts
}

// Move is an event as the logic sees it.
type Move struct {
	Type     event.Type
	Quantity int64
	TimeMs   int64  // occurred_at, or counted_at of a RESET; epoch ms, positive
	Adjusted bool   // TimeMs replaced a time that lay ahead (VIEW, CART_ADD, RESET): it is no part of the content
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
	TooLate                    // a delta that would count but is older than the ledger, and may be a repetition: TOO_LATE
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
	folded  int64 // greatest time of these deltas: what a count before it would leave is not known any more; 0 when there are none
	version int64
	newest  int64 // greatest time of a SALE, RECEIPT or RESET, while stocked

	barrierAt  int64 // the count that holds, while known
	barrierQty int64
	barrierID  string

	stocked bool // a SALE, RECEIPT or RESET was seen: the key exists
	known   bool // a count was seen
	low     bool // LOW_STOCK is on

	adjusted bool // barrierAt replaced the time of the count on arrival

	moves timeline    // the ledger: SALE, RECEIPT, RESET of the horizon
	ids   *identities // nil while there is nothing in it
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

// Version grows with every change of the stock. It is 0 before the record has any.
func (r *Record) Version() int64 { return r.version }

// Bump makes the version greater than it was and at least atLeast.
func (r *Record) Bump(atLeast int64) { r.version = max(r.version+1, atLeast) }

// Apply takes one event. nowMs is the clock; it only decides how long ids are kept.
func (r *Record) Apply(m Move, nowMs int64, l Limits) Outcome {
	r.ExpireLooks(nowMs)
	e := entryOf(m)
	content := e.content()
	if known, ok := r.lookup(e); ok {
		if known.same(content) {
			return Outcome{Verdict: Repeated}
		}
		return Outcome{Verdict: Reused}
	}
	if !m.Type.MovesStock() {
		// Only the identity of a look is kept, and only while velocity could count it.
		if m.TimeMs >= nowMs-DayMs {
			r.own().looks.insert(e)
			r.remember(m.ID, placeOf(e))
		}
		return Outcome{Verdict: Accepted}
	}
	if m.Type == event.Reset {
		if v := r.judgeReset(m, l); v != Accepted {
			return Outcome{Verdict: v}
		}
	} else if r.tooLate(m, nowMs, l) {
		return Outcome{Verdict: TooLate}
	}
	var out Outcome
	if !r.stocked || m.TimeMs > r.newest {
		r.stocked, r.newest = true, m.TimeMs
	}
	floor := r.floor(nowMs, l)
	inLedger := m.TimeMs >= floor
	switch {
	case m.Type == event.Reset:
		out.Recomputed = r.takeReset(m)
	case r.known && m.TimeMs < r.barrierAt:
		out.Dropped = true
	default:
		r.onHand += e.delta()
		if !inLedger {
			r.toBase(e)
		}
	}
	if inLedger {
		r.moves.insert(e)
		r.remember(m.ID, placeOf(e))
	} else {
		ids := r.own()
		ids.late = append(ids.late, lateID{keep: r.newest, id: m.ID, content: content})
		r.remember(m.ID, placeOfLate(ids.lateGone+len(ids.late)-1))
	}
	r.fold(floor)
	out.Badge = r.updateBadge(l)
	return out
}

// adjustedMs is how far apart the times of two deliveries of one count may be where one of them was adjusted: a count is adjusted
// when it was made up to 5 minutes after its own publication.
const adjustedMs = 5 * 60 * 1000

// isBarrier reports whether a count is that which holds, published once or again.
func (r *Record) isBarrier(m Move) bool {
	if !r.known || m.IDText != r.barrierID {
		return false
	}
	apart := max(m.TimeMs-r.barrierAt, r.barrierAt-m.TimeMs)
	return apart == 0 || apart <= adjustedMs && (m.Adjusted || r.adjusted)
}

// judgeReset decides whether a count that is not known by its id is the repetition of the one that holds, whose id was folded, or
// is too old.
func (r *Record) judgeReset(m Move, l Limits) Verdict {
	if r.isBarrier(m) {
		if m.Quantity == r.barrierQty {
			return Repeated
		}
		return Reused
	}
	// What is folded lies before the horizon, except when the horizon was shorter before this program was started with a longer one.
	tooOld := r.stocked && m.TimeMs < r.newest-l.HorizonMs || m.TimeMs <= r.folded
	if tooOld && r.supersedes(m) {
		return ResetTooOld
	}
	return Accepted
}

// tooLate reports whether a SALE or RECEIPT that is not known would count, but may be the repetition of one that was folded.
func (r *Record) tooLate(m Move, nowMs int64, l Limits) bool {
	return m.TimeMs < r.LedgerFrom(nowMs, l) && !l.CountLate && !(r.known && m.TimeMs < r.barrierAt)
}

// LedgerFrom is the time, epoch ms, from which the ledger holds all that was taken: of an older event nobody can say whether it is
// a repetition. It lies behind the floor where deltas were folded with a shorter horizon than today's.
func (r *Record) LedgerFrom(nowMs int64, l Limits) int64 { return max(r.floor(nowMs, l), r.folded+1) }

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
	r.known, r.barrierAt, r.barrierQty, r.barrierID, r.adjusted = true, m.TimeMs, m.Quantity, m.IDText, m.Adjusted
	r.base, r.folded = m.Quantity, 0 // everything folded is older than a count that was not refused
	r.onHand = r.base + r.ledger()
	newest, ok := r.moves.newest()
	return ok && newest >= m.TimeMs
}

// ledger is the net of the deltas in the ledger that count.
func (r *Record) ledger() int64 {
	if !r.known {
		return r.moves.sum()
	}
	return r.moves.sumFrom(r.barrierAt)
}

// floor is the time before which the ledger keeps nothing.
func (r *Record) floor(nowMs int64, l Limits) int64 {
	return min(r.newest-l.HorizonMs, nowMs-DayMs)
}

// fold takes what lies before floor out of the ledger.
func (r *Record) fold(floor int64) {
	r.moves.popBefore(floor, func(e entry) {
		if !r.known || e.timeMs() >= r.barrierAt {
			r.toBase(e)
		}
		r.forget(e.id, placeOf(e))
	})
	r.expireLate(floor)
}

// toBase counts an entry that the ledger does not hold.
func (r *Record) toBase(e entry) {
	if d := e.delta(); d != 0 {
		r.base += d
		r.folded = max(r.folded, e.timeMs())
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

// Empty reports whether nothing is known: the record is as good as none.
func (r *Record) Empty() bool { return !r.stocked && r.looks().len() == 0 }

// Size is roughly how many bytes of memory the record takes. It does not depend on how the record came to be.
func (r *Record) Size() int {
	const record, perEntry, perIndexed, perOther = 128, 32, 16, 88
	size := record + len(r.barrierID) + perEntry*r.liveIDs()
	if n := r.liveIDs(); n >= indexFrom {
		size += perIndexed * n
	}
	if r.looks().len() > 0 || len(r.late()) > 0 {
		size += perOther
	}
	return size
}
