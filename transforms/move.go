package transforms

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/transforms/stock"
)

// move is an event on its way to, or in the log of, a keyed stage. Its first part, the core, is all that state needs; the second
// says where the event came from and is gone once the event is taken.
type move struct {
	stock.Move
	store, product []byte // alias the batch
	core           []byte // the first part as it stands in the batch, for the log

	publishedAt int64
	token       int64
	index       int32
	item        int
	inline      []byte // the message itself, where no ack tracker could return it
}

const (
	typeMask     = 0x07
	flagAdjusted = 0x08
	flagInline   = 0x10
)

// appendMove appends an event to a batch: core, then origin. Messages that the ack tracker knows are named by token and index,
// others travel along, so that a dead letter found later is complete.
func appendMove(b []byte, e *event.Event) ([]byte, error) {
	head := byte(e.Type)
	if e.Adjusted {
		head |= flagAdjusted
	}
	inline := e.Message.Token == 0
	if inline {
		head |= flagInline
	}
	b = append(b, head)
	b = binary.LittleEndian.AppendUint64(b, event.IdentityHash(e.ID))
	b = binary.AppendVarint(b, e.Quantity)
	b = binary.AppendVarint(b, e.OccurredAt)
	b = appendBytes(b, e.StoreID)
	b = appendBytes(b, e.ProductID)
	if e.Type == event.Reset {
		b = appendBytes(b, e.ID)
	}
	b = binary.AppendVarint(b, e.Message.PublishedAt)
	b = binary.AppendVarint(b, int64(e.Item))
	if inline {
		m, err := json.Marshal(e.Message)
		if err != nil {
			return nil, fmt.Errorf("encode the message of event %q: %w", e.ID, err)
		}
		return appendBytes(b, m), nil
	}
	b = binary.AppendVarint(b, e.Message.Token)
	return binary.AppendUvarint(b, uint64(e.Message.Index)), nil
}

// move reads the next event of a batch.
func (r *reader) move(m *move) {
	start := r.b
	head := r.core(m)
	m.core = start[:len(start)-len(r.b)]
	m.publishedAt = r.varint()
	m.item = int(r.varint())
	m.token, m.index, m.inline = 0, 0, nil
	if head&flagInline != 0 {
		m.inline = r.bytes()
		return
	}
	m.token = r.varint()
	m.index = int32(r.uvarint())
}

// core reads the first part of an event: all that the log keeps.
func (r *reader) core(m *move) (head byte) {
	head = r.byte()
	m.Type = event.Type(head & typeMask)
	m.Adjusted = head&flagAdjusted != 0
	m.ID = r.uint64()
	m.Quantity = r.varint()
	m.TimeMs = r.varint()
	m.store = r.bytes()
	m.product = r.bytes()
	m.IDText = ""
	if m.Type == event.Reset {
		m.IDText = string(r.bytes())
	}
	return head
}
