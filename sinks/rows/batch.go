package rows

import (
	"fmt"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/clock"
	"github.com/beamlytics/streamlytics/signal"
)

// Batch gathers rows of all tables in one encoding. It is not safe for concurrent use.
type Batch struct {
	messages bool // else lines
	limit    int  // on a message of a dead letter, in bytes
	pages    [len(Tables)]page
	row      row // the row that is being added
}

// page holds the rows of one table, one behind the other.
type page struct {
	rows []byte
	ends []int // of each row
}

// Refused is a row that can never be stored, as the dead letter that it becomes.
type Refused struct {
	Table  Table
	Letter event.DeadLetter
}

// NewLines returns an empty batch of lines of JSON.
func NewLines() *Batch { return &Batch{} }

// NewMessages returns an empty batch of messages of BigQuery's Storage Write API. Dead letters are
// cut to messages of at most limit bytes.
func NewMessages(limit int) *Batch { return &Batch{messages: true, limit: limit} }

// Event adds a row of Events. ingestedAt is the wall clock in epoch ms.
func (b *Batch) Event(e *event.UnifiedInventoryEvent, ingestedAt int64) {
	b.begin(events).event(e, ingestedAt)
	b.end(events)
}

// Stock adds a row of StockChanges. Scope, store_id, product_id and version identify it.
func (b *Batch) Stock(s *signal.Stock) {
	b.begin(stockChanges).stock(s)
	b.end(stockChanges)
}

// Velocity adds a row of VelocitySignals: the value of the Redis key as it is served (as_of in
// epoch ms), with scope, evaluated_at (as_of as a time) and, when the key was deleted, gone. Scope,
// store_id, product_id and as_of identify it.
func (b *Batch) Velocity(v *signal.Velocity) {
	b.begin(velocitySignals).velocity(v)
	b.end(velocitySignals)
}

// Badge adds a row of BadgeChanges, with the evidence of its badge and the clock by which it was
// decided. Badge, scope, store_id, product_id and changed_at identify it.
func (b *Batch) Badge(c *signal.BadgeChange, decidedBy clock.Clock) {
	b.begin(badgeChanges).badge(c, decidedBy)
	b.end(badgeChanges)
}

// DeadLetter adds a row of DeadLetters. The letter's message must not be nil. Where the row would
// exceed the limit of the batch, it has no text, which repeats the payload, and if that is not
// enough, only the beginning of the payload.
func (b *Batch) DeadLetter(l event.DeadLetter) {
	p := &b.pages[deadLetters]
	start := len(p.rows)
	encode := func(withText bool) (excess int) {
		p.rows = p.rows[:start]
		b.begin(deadLetters).deadLetter(&l, withText)
		p.rows = b.row.end()
		return len(p.rows) - start - b.limit
	}
	excess := encode(true)
	if b.messages && excess > 0 {
		excess = encode(false)
	}
	if b.messages && excess > 0 {
		const note = "; only the first %d of %d bytes are kept here"
		cut, whole := *l.Message, len(l.Message.Data)
		cut.Data = cut.Data[:max(0, whole-excess-len(note)-2*20)]
		l.Message, l.Detail = &cut, l.Detail+fmt.Sprintf(note, len(cut.Data), whole)
		encode(false)
	}
	p.ends = append(p.ends, len(p.rows))
}

// Line adds a row to a batch of lines that is encoded already, without its line end.
func (b *Batch) Line(t Table, line []byte) {
	p := &b.pages[t.index()]
	p.rows = append(append(p.rows, line...), '\n')
	p.ends = append(p.ends, len(p.rows))
}

func (b *Batch) begin(table int) *row {
	b.row = row{b: b.pages[table].rows}
	if b.messages {
		b.row.columns = schemas[Tables[table]]
	} else {
		b.row.b = append(b.row.b, '{')
	}
	return &b.row
}

func (b *Batch) end(table int) {
	p := &b.pages[table]
	p.rows = b.row.end()
	p.ends = append(p.ends, len(p.rows))
}

// Lines returns the rows of a table in a batch of lines. They are valid until the batch changes.
func (b *Batch) Lines(t Table) []byte { return b.pages[t.index()].rows }

// Messages returns the rows of a table in a batch of messages. They stay valid after Reset.
func (b *Batch) Messages(t Table) [][]byte {
	p := &b.pages[t.index()]
	rows := make([][]byte, len(p.ends))
	start := 0
	for i, end := range p.ends {
		rows[i] = p.rows[start:end:end]
		start = end
	}
	return rows
}

// Size returns the bytes of all rows.
func (b *Batch) Size() (n int) {
	for i := range b.pages {
		n += len(b.pages[i].rows)
	}
	return n
}

// Reset removes all rows.
func (b *Batch) Reset() {
	for i := range b.pages {
		p := &b.pages[i]
		p.ends = p.ends[:0]
		if n := len(p.rows); b.messages && n > 0 {
			p.rows = make([]byte, 0, n) // BigQuery's client keeps the messages that it was given
		} else {
			p.rows = p.rows[:0]
		}
	}
}
