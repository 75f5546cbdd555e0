package stock

import (
	"github.com/beamlytics/streamlytics/event"
)

// DayMs is how long the ids of VIEW and CART_ADD events are kept, and the least time for those of
// all other events: the day window of velocity.
const DayMs = 24 * 60 * 60 * 1000

// Limits are the options of the rules.
type Limits struct {
	HorizonMs int64 // --ledger_horizon: how far behind the newest event of the key the ledger reaches
	LowEnter  int64 // --low_stock_enter: LOW_STOCK goes on at or below
	LowExit   int64 // --low_stock_exit: LOW_STOCK goes off above
	CountLate bool  // --late_events=count: a delta older than the ledger counts instead of being TooLate
}

// Move is the part of an event that the rules depend on.
type Move struct {
	Type     event.Type
	Quantity int64
	TimeMs   int64  // occurred_at, or counted_at of a RESET; epoch ms, positive
	Adjusted bool   // TimeMs replaced a time that was ahead (VIEW, CART_ADD, RESET), so it is not compared
	ID       uint64 // event.IdentityHash of the event id
	IDText   string // the event id; only used for a RESET, as resets are ordered by it
}

// Verdict is the decision about an event.
type Verdict uint8

// The verdicts.
const (
	Accepted    Verdict = iota // new, and part of the record now
	Repeated                   // a repetition; nothing changed
	Reused                     // the id belongs to an event with other content: ID_REUSED
	ResetTooOld                // a RESET from before the horizon that would hold: RESET_TOO_OLD
	TooLate                    // a delta from before the ledger that would count: TOO_LATE
)

// Outcome is a verdict with the effects of the event.
type Outcome struct {
	Verdict    Verdict
	Dropped    bool // an accepted delta from before the barrier, which does not count
	Recomputed bool // a RESET arrived after newer events, so that on-hand was recomputed from the ledger
	Badge      bool // LOW_STOCK went on or off
}

// Record is the state of one product in one store. The zero value is a record without events. It is
// not safe for concurrent use.
type Record struct {
	onHand int64
	// base is the sum of the quantity of the barrier and the folded deltas that count. folded is
	// the greatest time of these deltas, or 0 if there are none: for a RESET at or before it
	// on-hand cannot be computed.
	base    int64
	folded  int64
	version int64
	newest  int64 // greatest time of a SALE, RECEIPT or RESET, while stocked

	barrierAt  int64 // the RESET that holds, while known
	barrierQty int64
	barrierID  string

	stocked bool // a SALE, RECEIPT or RESET was accepted: there is a stock key
	known   bool // a RESET was accepted
	low     bool // LOW_STOCK is on

	adjusted bool // barrierAt replaced the time of the RESET on arrival

	moves timeline    // the ledger: SALE, RECEIPT and RESET events of the horizon
	ids   *identities // nil if empty
}

// OnHand returns the stock in units. It may be negative.
func (r *Record) OnHand() int64 { return r.onHand }

// Known reports whether a RESET was accepted.
func (r *Record) Known() bool { return r.known }

// BarrierMs returns the time of the barrier, epoch ms, or 0 if there is none.
func (r *Record) BarrierMs() int64 { return r.barrierAt }

// LowStock reports whether the badge is on.
func (r *Record) LowStock() bool { return r.low }

// HasStock reports whether there is a stock key. VIEW and CART_ADD events create none.
func (r *Record) HasStock() bool { return r.stocked }

// Version returns the version of the stock. It is 0 before the first Bump.
func (r *Record) Version() int64 { return r.version }

// Bump increases the version, at least to atLeast.
func (r *Record) Bump(atLeast int64) { r.version = max(r.version+1, atLeast) }

// Apply applies one event. nowMs is the clock; it affects only how long ids are kept.
func (r *Record) Apply(m Move, nowMs int64, l Limits) Outcome {
	r.ExpireViews(nowMs)
	e := entryOf(m)
	content := e.content()
	if known, ok := r.lookup(e); ok {
		if known.same(content) {
			return Outcome{Verdict: Repeated}
		}
		return Outcome{Verdict: Reused}
	}
	if !m.Type.MovesStock() {
		// Only the id is kept, and only while velocity could count the event.
		if m.TimeMs >= nowMs-DayMs {
			r.makeIDs().views.insert(e)
			r.addID(m.ID, placeOf(e))
		}
		return Outcome{Verdict: Accepted}
	}
	if m.Type == event.Reset {
		if v := r.checkReset(m, l); v != Accepted {
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
		out.Recomputed = r.applyReset(m)
	case r.known && m.TimeMs < r.barrierAt:
		out.Dropped = true
	default:
		r.onHand += e.delta()
		if !inLedger {
			r.addToBase(e)
		}
	}
	if inLedger {
		r.moves.insert(e)
		r.addID(m.ID, placeOf(e))
	} else {
		ids := r.makeIDs()
		ids.late = append(ids.late, lateID{keep: r.newest, id: m.ID, content: content})
		r.addID(m.ID, placeOfLate(ids.lateGone+len(ids.late)-1))
	}
	r.fold(floor)
	out.Badge = r.updateBadge(l)
	return out
}

// adjustedMs is the greatest difference between the times of two deliveries of one RESET of which
// one was adjusted: a RESET is adjusted if it is at most 5 minutes ahead of its publish time.
const adjustedMs = 5 * 60 * 1000

// isBarrier reports whether m is a delivery of the RESET that holds.
func (r *Record) isBarrier(m Move) bool {
	if !r.known || m.IDText != r.barrierID {
		return false
	}
	apart := max(m.TimeMs-r.barrierAt, r.barrierAt-m.TimeMs)
	return apart == 0 || apart <= adjustedMs && (m.Adjusted || r.adjusted)
}

// checkReset returns the verdict on a RESET whose id is not live: it may be the barrier, whose id
// was folded, or too old.
func (r *Record) checkReset(m Move, l Limits) Verdict {
	if r.isBarrier(m) {
		if m.Quantity == r.barrierQty {
			return Repeated
		}
		return Reused
	}
	// folded lies before the horizon, unless the program was restarted with a longer one.
	tooOld := r.stocked && m.TimeMs < r.newest-l.HorizonMs || m.TimeMs <= r.folded
	if tooOld && r.supersedes(m) {
		return ResetTooOld
	}
	return Accepted
}

// tooLate reports whether a SALE or RECEIPT whose id is not live would count, but may be a
// repetition of a folded one.
func (r *Record) tooLate(m Move, nowMs int64, l Limits) bool {
	return m.TimeMs < r.LedgerFrom(nowMs, l) && !l.CountLate && !(r.known && m.TimeMs < r.barrierAt)
}

// LedgerFrom returns the time, epoch ms, from which the ledger is complete. An older event cannot
// be told from a repetition. It is later than the floor if deltas were folded with a shorter
// horizon than the current one.
func (r *Record) LedgerFrom(nowMs int64, l Limits) int64 { return max(r.floor(nowMs, l), r.folded+1) }

// supersedes reports whether m comes after the RESET that holds.
func (r *Record) supersedes(m Move) bool {
	if !r.known || m.TimeMs != r.barrierAt {
		return !r.known || m.TimeMs > r.barrierAt
	}
	return m.IDText > r.barrierID
}

// applyReset makes m the barrier if it supersedes the current one. It reports whether the ledger
// has newer events, so that on-hand was recomputed from them.
func (r *Record) applyReset(m Move) (recomputed bool) {
	if !r.supersedes(m) {
		return false
	}
	r.known, r.barrierAt, r.barrierQty, r.barrierID, r.adjusted = true, m.TimeMs, m.Quantity, m.IDText, m.Adjusted
	r.base, r.folded = m.Quantity, 0 // a RESET that was not refused is newer than all folded deltas
	r.onHand = r.base + r.ledger()
	newest, ok := r.moves.newest()
	return ok && newest >= m.TimeMs
}

// ledger returns the sum of the deltas in the ledger that count.
func (r *Record) ledger() int64 {
	if !r.known {
		return r.moves.sum()
	}
	return r.moves.sumFrom(r.barrierAt)
}

// floor returns the time before which the ledger keeps no events.
func (r *Record) floor(nowMs int64, l Limits) int64 {
	return min(r.newest-l.HorizonMs, nowMs-DayMs)
}

// fold removes the events before floor from the ledger.
func (r *Record) fold(floor int64) {
	r.moves.popBefore(floor, func(e entry) {
		if !r.known || e.timeMs() >= r.barrierAt {
			r.addToBase(e)
		}
		r.removeID(e.id, placeOf(e))
	})
	r.expireLate(floor)
}

// addToBase adds the delta of an entry that is not in the ledger to base.
func (r *Record) addToBase(e entry) {
	if d := e.delta(); d != 0 {
		r.base += d
		r.folded = max(r.folded, e.timeMs())
	}
}

// updateBadge updates LOW_STOCK for the current on-hand.
func (r *Record) updateBadge(l Limits) (changed bool) {
	was := r.low
	r.low = NextLow(r.low, r.known, r.onHand, l)
	return r.low != was
}

// NextLow returns the state of LOW_STOCK for an on-hand: on at or below LowEnter, off above
// LowExit, and unchanged in between. It is off while the on-hand is not known.
func NextLow(on, known bool, onHand int64, l Limits) bool {
	switch {
	case !known || onHand > l.LowExit:
		return false
	case onHand <= l.LowEnter:
		return true
	}
	return on
}

// Empty reports whether the record holds no state, so that it can be dropped.
func (r *Record) Empty() bool { return !r.stocked && r.views().len() == 0 }

// Size returns the approximate memory use of the record, in bytes. Equal records have equal sizes.
func (r *Record) Size() int {
	const record, perEntry, perIndexed, perOther = 128, 32, 16, 88
	size := record + len(r.barrierID) + perEntry*r.liveIDs()
	if n := r.liveIDs(); n >= indexFrom {
		size += perIndexed * n
	}
	if r.views().len() > 0 || len(r.late()) > 0 {
		size += perOther
	}
	return size
}
