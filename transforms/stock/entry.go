package stock

import "github.com/beamlytics/streamlytics/event"

// entry is one event that is not folded. Entries are ordered by (at, id), which is unique in a
// record because ids are.
type entry struct {
	at  int64 // occurred_at, epoch ms, times 8, plus the code
	qty int64
	id  uint64
}

// Codes of an entry: the number of its event.Type, or another number for an event whose time was
// replaced on arrival, so that its time is not part of its content. They are part of the state
// format and never change.
const (
	codeSale          = int64(event.Sale)
	codeReceipt       = int64(event.Receipt)
	codeReset         = int64(event.Reset)
	codeView          = int64(event.View)
	codeCartAdd       = int64(event.CartAdd)
	codeAdjustedReset = 0
	codeAdjustedView  = 6
	codeAdjustedCart  = 7
)

const (
	codeBits = 3
	codeMask = 1<<codeBits - 1
)

func entryOf(m Move) entry {
	return entry{at: m.TimeMs<<codeBits | codeOf(m), qty: m.Quantity, id: m.ID}
}

func codeOf(m Move) int64 {
	switch {
	case m.Adjusted && m.Type == event.Reset:
		return codeAdjustedReset
	case m.Adjusted && m.Type == event.View:
		return codeAdjustedView
	case m.Adjusted && m.Type == event.CartAdd:
		return codeAdjustedCart
	}
	return int64(m.Type)
}

func (e entry) code() int64   { return e.at & codeMask }
func (e entry) timeMs() int64 { return e.at >> codeBits }

// delta returns what the entry adds to on-hand.
func (e entry) delta() int64 {
	switch e.code() {
	case codeSale:
		return -e.qty
	case codeReceipt:
		return e.qty
	}
	return 0
}

func (e entry) less(o entry) bool { return e.at < o.at || e.at == o.at && e.id < o.id }
