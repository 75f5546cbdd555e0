package transforms

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/internal/codec"
	"github.com/beamlytics/streamlytics/transforms/stock"
	"github.com/beamlytics/streamlytics/transforms/velocity"
)

// Two kinds of batches pass between the keyed stages, as bytes.
//
// A batch of events goes from KeyByStoreProduct to InventoryStatefulFn: ack tokens, then events, or
// a control. A batch of changes goes from InventoryStatefulFn to SmartVelocityFn: ack tokens, the
// publish time of the oldest event, then changes, or a control.

// control is a set of requests to a keyed stage, in place of data.
type control byte

const (
	// republish requests everything that the key has published, after Redis lost data.
	republish control = 1 << iota
	// evaluate requests an evaluation at once: state was restored, or the input has ended.
	evaluate

	// isControl marks the byte of a control. No event and no change begins with such a byte.
	isControl byte = 0x80
)

// controlKey is the Beam key of controls that InventoryStatefulFn forwards to every product group.
// It is not the name of a key group or of a store:product, and has no state.
const controlKey = "control"

// header is what precedes the data of a batch.
type header struct {
	tokens      []int64
	publishedAt int64 // of a batch of changes: when its oldest event was published, epoch ms; 0 unknown
	control     control
}

// appendTokens appends the ack tokens of a batch.
func appendTokens(b []byte, tokens []int64) []byte {
	b = binary.AppendUvarint(b, uint64(len(tokens)))
	for _, t := range tokens {
		b = binary.AppendVarint(b, t)
	}
	return b
}

// appendControl appends a control after the header of a batch.
func appendControl(b []byte, c control) []byte { return append(b, isControl|byte(c)) }

func (h *header) readTokens(r *codec.Reader) {
	h.tokens = h.tokens[:0]
	for n := r.Uvarint(); n > 0 && r.Err == nil; n-- {
		h.tokens = append(h.tokens, r.Varint())
	}
}

func (h *header) readControl(r *codec.Reader) {
	if h.control = 0; len(r.B) > 0 && r.B[0]&isControl != 0 {
		h.control = control(r.Byte() &^ isControl)
	}
}

// readEvents reads the header of a batch of events. It reuses the slice of tokens.
func (h *header) readEvents(r *codec.Reader) {
	h.readTokens(r)
	h.readControl(r)
}

// readChanges reads the header of a batch of changes. It reuses the slice of tokens.
func (h *header) readChanges(r *codec.Reader) {
	h.readTokens(r)
	h.publishedAt = r.Varint()
	h.readControl(r)
}

// move is an event in a batch or in the log of InventoryStatefulFn. Its first part, the core, is
// all that the state needs, and all that the log keeps. The second part is its origin, for a dead
// letter.
type move struct {
	stock.Move
	store, product []byte // alias the batch
	core           []byte // the first part as encoded

	publishedAt int64
	token       int64
	index       int32
	item        int
	inline      []byte // the message itself, if no ack tracker holds it
}

// The first byte of a move: its event.Type and flags.
const (
	typeMask     = 0x07
	flagAdjusted = 0x08
	flagInline   = 0x10
)

// appendMove appends an event to a batch. A message that the ack tracker holds is named by token
// and index; another is part of the batch, so that a dead letter found later is complete.
func appendMove(b []byte, e *event.UnifiedInventoryEvent) ([]byte, error) {
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
	b = codec.AppendBytes(b, e.StoreID)
	b = codec.AppendBytes(b, e.ProductID)
	if e.Type == event.Reset {
		b = codec.AppendBytes(b, e.ID)
	}
	b = binary.AppendVarint(b, e.Message.PublishedAt)
	b = binary.AppendVarint(b, int64(e.Item))
	if inline {
		m, err := json.Marshal(e.Message)
		if err != nil {
			return nil, fmt.Errorf("encode the message of event %q: %w", e.ID, err)
		}
		return codec.AppendBytes(b, m), nil
	}
	b = binary.AppendVarint(b, e.Message.Token)
	return binary.AppendUvarint(b, uint64(e.Message.Index)), nil
}

// read reads the next event of a batch.
func (m *move) read(r *codec.Reader) {
	start := r.B
	head := m.readCore(r)
	m.core = start[:len(start)-len(r.B)]
	m.publishedAt = r.Varint()
	m.item = int(r.Varint())
	m.token, m.index, m.inline = 0, 0, nil
	if head&flagInline != 0 {
		m.inline = r.Bytes()
		return
	}
	m.token = r.Varint()
	m.index = int32(r.Uvarint())
}

// readCore reads the first part of an event and returns its first byte.
func (m *move) readCore(r *codec.Reader) (head byte) {
	head = r.Byte()
	m.Type = event.Type(head & typeMask)
	m.Adjusted = head&flagAdjusted != 0
	m.ID = r.Uint64()
	m.Quantity = r.Varint()
	m.TimeMs = r.Varint()
	m.store = r.Bytes()
	m.product = r.Bytes()
	m.IDText = ""
	if m.Type == event.Reset {
		m.IDText = string(r.Bytes())
	}
	return head
}

// The changes, by their first byte.
const (
	changeDemand = 'd' // kind, store, product, time, quantity: a new event
	changeStock  = 's' // product, change of the known on-hand, number of stores that became known
	// changeRepublish has no fields. Earlier versions wrote it into logs; it changes nothing.
	changeRepublish = 'l'
)

func appendDemand[T string | []byte](b []byte, t event.Type, store, product T, timeMs, quantity int64) []byte {
	b = append(b, changeDemand, byte(kindOf(t)))
	b = codec.AppendBytes(b, store)
	b = codec.AppendBytes(b, product)
	b = binary.AppendVarint(b, timeMs)
	return binary.AppendVarint(b, quantity)
}

func appendStockChange(b []byte, product string, onHand, known int64) []byte {
	b = append(b, changeStock)
	b = codec.AppendBytes(b, product)
	b = binary.AppendVarint(b, onHand)
	return binary.AppendVarint(b, known)
}

func kindOf(t event.Type) velocity.Kind {
	switch t {
	case event.View:
		return velocity.View
	case event.CartAdd:
		return velocity.CartAdd
	}
	return velocity.Sale
}
