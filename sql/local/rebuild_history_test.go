package local

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/sinks/rows"
	"github.com/beamlytics/streamlytics/test/truth"
	"github.com/beamlytics/streamlytics/transforms/stock"
)

const (
	hourMs = 60 * 60 * 1000
	dayMs  = 24 * hourMs

	rebuildHorizon = 7 * 24 * time.Hour
	historyMs      = 18 * dayMs // how far before the rebuild a history begins
	laterMs        = 20 * hourMs
)

// arrival is one event as a pipeline receives it.
type arrival struct {
	event   truth.Event
	at      int64  // epoch ms of the clock; also when the row is written
	message string // Pub/Sub message id; empty for a line of a file
}

// history is random events of one product in one store, before a rebuild and after it.
type history struct {
	random        *rand.Rand
	store         string
	rebuiltAt     int64 // epoch ms
	counted       bool  // the history has counts
	fromFile      bool
	n             int
	before, after []arrival // in the order of arrival
}

func (h *history) foldAt() int64 { return h.rebuiltAt - rebuildHorizon.Milliseconds() + dayMs }

// newHistory makes a history in which every rule of the rebuild is met by some key: late events,
// counts that come late, superseded counts, ties, returns, repetitions on both sides of the fold
// point, ids that are used again, folded ledgers, keys that were never counted, and keys that were
// last counted long ago.
func newHistory(number int, rebuiltAt int64, fromFile bool) *history {
	h := &history{
		random: rand.New(rand.NewPCG(uint64(number), 1)), store: "s" + strconv.Itoa(number),
		rebuiltAt: rebuiltAt, fromFile: fromFile,
	}
	h.counted = h.random.IntN(4) > 0
	quiet := int64(h.random.IntN(2)) * h.random.Int64N(historyMs) // some keys have no events at the end
	counts := 1 + h.random.IntN(25)                               // in a hundred
	if h.counted {
		first := h.newEvent(rebuiltAt-historyMs, 100)
		first.Type, first.Quantity = "RESET", h.random.Int64N(30)
		h.arrive(first, first.OccurredAt)
	}
	for range 1 + h.random.IntN(30) {
		e := h.newEvent(h.time(rebuiltAt-historyMs, rebuiltAt-quiet), counts)
		h.arrive(e, e.OccurredAt+h.delay(e.Type))
	}
	for range h.random.IntN(8) { // events that first arrive after the rebuild, at most as late as the fold point allows
		e := h.newEvent(h.time(h.foldAt(), rebuiltAt+laterMs), counts)
		h.arrive(e, max(e.OccurredAt, rebuiltAt+1+h.random.Int64N(laterMs)))
	}
	byTime := func(a, b arrival) int { return cmp.Compare(a.at, b.at) }
	slices.SortStableFunc(h.before, byTime)
	slices.SortStableFunc(h.after, byTime)
	return h
}

// newEvent makes an event with a new id. No id is the beginning of another.
func (h *history) newEvent(at int64, counts int) truth.Event {
	h.n++
	e := truth.Event{ID: fmt.Sprintf("e%05d", h.random.IntN(1000)*100+h.n), Store: h.store, Product: "p", OccurredAt: at}
	switch kind := h.random.IntN(100); {
	case h.counted && kind < counts:
		e.Type, e.Quantity = "RESET", h.random.Int64N(30)
	case kind < 60:
		e.Type, e.Quantity = "SALE", h.random.Int64N(9)-2
	case kind < 80:
		e.Type, e.Quantity = "RECEIPT", h.random.Int64N(20)-5
	case kind < 90:
		e.Type, e.Quantity = "VIEW", 1
	default:
		e.Type, e.Quantity = "CART_ADD", h.random.Int64N(3)
	}
	return e
}

// time is a time between two, often the fold point or next to it.
func (h *history) time(from, to int64) int64 {
	at := from + h.random.Int64N(max(to-from, 0)+1)
	switch h.random.IntN(6) {
	case 0:
		at = h.foldAt() + int64(h.random.IntN(5)-2)
	case 1:
		at -= at % (12 * hourMs) // ties
	}
	return min(max(at, from), to)
}

// delay is how long an event takes to arrive.
func (h *history) delay(kind string) int64 {
	choice := h.random.IntN(10)
	if kind == "RESET" {
		choice = h.random.IntN(4)
	}
	switch choice {
	case 0:
		return h.random.Int64N(6 * dayMs)
	case 1:
		return 6*dayMs + h.random.Int64N(5*dayMs)
	case 2, 3:
		return h.random.Int64N(12 * hourMs)
	}
	return h.random.Int64N(60_000)
}

// arrive lets an event arrive at a time, and perhaps again, and perhaps another event under its id.
func (h *history) arrive(e truth.Event, at int64) {
	if at > h.rebuiltAt && e.OccurredAt < h.foldAt() {
		return // the barrier at the fold point drops it; TestRebuildDropsWhatIsLater covers this
	}
	a := arrival{event: e, at: at}
	if !h.fromFile {
		a.message = fmt.Sprintf("m%s-%d-%d", h.store, h.n, at)
	}
	h.add(a)
	reused, until := !h.fromFile && h.random.IntN(12) == 0, h.rebuiltAt+laterMs
	if reused {
		until = h.rebuiltAt // the order decides which of two events under one id stays
	}
	for h.random.IntN(4) == 0 && at < until {
		again := a
		again.at += 1 + h.random.Int64N(until-at)
		if h.random.IntN(2) == 0 && !h.fromFile { // published again, not delivered again
			again.message = fmt.Sprintf("%s-again-%d", a.message, again.at)
		}
		h.add(again)
	}
	if !reused {
		return
	}
	other := a
	other.event.Quantity++
	other.at += 1 + h.random.Int64N(hourMs)
	if h.random.IntN(2) == 0 { // an order number that begins anew
		other.event.OccurredAt += rebuildHorizon.Milliseconds() + 1 + h.random.Int64N(dayMs)
		other.at = other.event.OccurredAt
	}
	other.message = fmt.Sprintf("%s-other-%d", a.message, other.at)
	if other.at <= until || at > h.rebuiltAt {
		h.add(other)
	}
}

// add keeps an arrival on its side of the rebuild. A key that was never counted has no barrier that
// drops what lies before the fold point, so nothing of that time arrives there after the rebuild;
// sql/rebuild.sql states this limit.
func (h *history) add(a arrival) {
	switch {
	case a.at <= h.rebuiltAt:
		h.before = append(h.before, a)
	case a.at > h.rebuiltAt+laterMs:
	case h.counted || a.event.OccurredAt >= h.foldAt():
		h.after = append(h.after, a)
	}
}

// keeper applies the rules of stock to the events of one key as a pipeline does, and writes its
// archive.
type keeper struct {
	record   stock.Record
	accepted []truth.Event
	verdicts map[stock.Verdict]int
	rows     *rows.Batch // of its archive; nil: none
}

func (k *keeper) archived() *rows.Batch {
	if k.rows == nil {
		k.rows = rows.NewLines()
	}
	return k.rows
}

var rebuildLimits = stock.Limits{HorizonMs: rebuildHorizon.Milliseconds(), LowEnter: 5, LowExit: 8}

func (k *keeper) take(a arrival) stock.Outcome {
	e := a.event
	t := eventTypes[e.Type]
	out := k.record.Apply(stock.Move{
		Type: t, Quantity: e.Quantity, TimeMs: e.OccurredAt, ID: event.IdentityHash(e.ID), IDText: e.ID,
	}, a.at, rebuildLimits)
	if k.verdicts == nil {
		k.verdicts = map[stock.Verdict]int{}
	}
	k.verdicts[out.Verdict]++
	if out.Verdict == stock.Accepted {
		e.ID += "\x00" + strconv.Itoa(len(k.accepted)) // an id that was used again, after it was folded, is another event
		k.accepted = append(k.accepted, e)
	}
	k.archive(a, t, out.Verdict)
	return out
}

func (k *keeper) archive(a arrival, t event.Type, v stock.Verdict) {
	e := a.event
	m := &event.Message{Channel: event.POS, ID: a.message, PublishedAt: a.at, Data: fmt.Appendf(nil,
		`{"event_id":%q,"type":%q,"store_id":%q,"product_id":%q,"quantity":%d,"occurred_at":%d}`,
		e.ID, e.Type, e.Store, e.Product, e.Quantity, e.OccurredAt)}
	source := event.POS
	if a.message == "" {
		m.Channel, m.PublishedAt, source = event.FILE, 0, event.FILE
	}
	k.archived().Event(&event.UnifiedInventoryEvent{
		ID: e.ID, Type: t, StoreID: e.Store, ProductID: e.Product, Quantity: e.Quantity, OccurredAt: e.OccurredAt,
		Source: source, Item: event.NoItem, Message: m,
	}, a.at)
	at := time.UnixMilli(e.OccurredAt).UTC().Format("2006-01-02T15:04:05.000Z")
	r := event.Refusal{Item: event.NoItem}
	switch v {
	case stock.TooLate:
		r.Reason, r.Detail = event.TooLate, "occurred_at "+at+" of "+e.Store+":p is older than what the key's ledger holds"
	case stock.ResetTooOld:
		r.Reason, r.Detail = event.ResetTooOld, "counted_at "+at+" of "+e.Store+":p is older than the ledger horizon"
	case stock.Reused:
		r.Reason, r.Detail = event.IDReused, "event_id was used before for "+e.Store+":p"
	default:
		return
	}
	stage := event.StageStock
	if !t.MovesStock() {
		stage = event.StageVelocity
	}
	letter := event.DeadLetter{Refusal: r, Stage: stage, Message: m, FailedAt: a.at + 5}
	k.archived().DeadLetter(letter)
}

var eventTypes = map[string]event.Type{
	"SALE": event.Sale, "RECEIPT": event.Receipt, "RESET": event.Reset, "VIEW": event.View, "CART_ADD": event.CartAdd,
}

// demand is what velocity counts of the events since a time, by type and time.
func (k *keeper) demand(sinceMs int64) map[string]int64 {
	sums := map[string]int64{}
	k.record.EachDemand(sinceMs, func(t event.Type, timeMs, quantity int64) {
		sums[fmt.Sprint(t, " ", timeMs)] += quantity
	})
	return sums
}
