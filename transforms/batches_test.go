package transforms

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/beamlytics/streamlytics/internal/codec"

	"github.com/beamlytics/streamlytics/event"
	"github.com/beamlytics/streamlytics/transforms/stock"
)

func TestTokensRoundTrip(t *testing.T) {
	for _, tokens := range [][]int64{nil, {1}, {3, 2, 1}, {math.MaxInt64, math.MinInt64, -1, 0}} {
		r := codec.Reader{B: append(appendTokens(nil, tokens), "rest"...)}
		if got := tokensOf(&r); !slices.Equal(got, tokens) || string(r.B) != "rest" || r.Err != nil {
			t.Errorf("tokens %v came back as %v, before %q, %v", tokens, got, r.B, r.Err)
		}
	}
}

func TestMoveRoundTrip(t *testing.T) {
	tracked := &event.Message{Channel: event.POS, ID: "12", PublishedAt: 1_700_000_000_123, Token: 77, Index: 4999}
	inline := &event.Message{Channel: event.FILE, Format: event.FormatWMS, Data: []byte("a,\xff\x00b"),
		Columns: []string{"sku", "count"},
		File:    "gs://b/ä.csv", Line: 12}
	withAttributes := &event.Message{Channel: event.ECOM, Format: event.FormatECOM,
		Data: []byte(`{"event":"view_item"}`), ID: "9",
		Attributes: map[string]string{"event_id": "x"}, PublishedAt: 5}
	for name, e := range map[string]event.UnifiedInventoryEvent{
		"sale": {Type: event.Sale, StoreID: "12", ProductID: "555", ID: "T1-3", Quantity: 2,
			OccurredAt: 1_700_000_000_000, Item: event.NoItem, Message: tracked},
		"return": {Type: event.Sale, StoreID: "12", ProductID: "555", ID: "T1-3", Quantity: -1_000_000_000,
			OccurredAt: 1, Item: 0, Message: tracked},
		"count": {Type: event.Reset, StoreID: "s", ProductID: "p", ID: "zähler", Quantity: 0,
			OccurredAt: math.MaxInt64 >> 3, Item: 7, Message: withAttributes},
		"adjusted": {Type: event.View, StoreID: "online", ProductID: "p", ID: "v", Quantity: 1, OccurredAt: 9,
			Adjusted: true, Item: 3, Message: inline},
		"cart": {Type: event.CartAdd, StoreID: strings.Repeat("s", 128), ProductID: strings.Repeat("p", 128),
			ID: strings.Repeat("i", 256), Quantity: 3, OccurredAt: 9, Item: event.NoItem, Message: inline},
		"correction": {Type: event.Receipt, StoreID: "s", ProductID: "p", ID: "r#0", Quantity: -4,
			OccurredAt: 946_684_800_000, Item: 0, Message: withAttributes},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := appendMove([]byte("head"), &e)
			if err != nil {
				t.Fatal(err)
			}
			r := codec.Reader{B: append(b[len("head"):], "rest"...)}
			var m move
			if m.read(&r); r.Err != nil || string(r.B) != "rest" {
				t.Fatalf("reading it leaves %q, %v", r.B, r.Err)
			}
			want := stock.Move{Type: e.Type, Quantity: e.Quantity, TimeMs: e.OccurredAt, Adjusted: e.Adjusted,
				ID: event.IdentityHash(e.ID)}
			if e.Type == event.Reset {
				want.IDText = e.ID
			}
			if m.Move != want || string(m.store) != e.StoreID || string(m.product) != e.ProductID {
				t.Errorf("the move is %+v of %s:%s, want %+v of %s:%s", m.Move, m.store, m.product,
					want, e.StoreID, e.ProductID)
			}
			if m.item != e.Item || m.publishedAt != e.Message.PublishedAt || m.token != e.Message.Token ||
				m.index != e.Message.Index {
				t.Errorf("origin: item %d, published %d, token %d, index %d; want those of %+v", m.item,
					m.publishedAt, m.token, m.index, e)
			}
			if (m.token == 0) != (m.inline != nil) {
				t.Fatalf("token %d, and %d bytes of the message came along", m.token, len(m.inline))
			}
			if m.inline != nil {
				var carried event.Message
				if err := json.Unmarshal(m.inline, &carried); err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(carried, *e.Message) {
					t.Errorf("the message that came along is %+v, want %+v", carried, *e.Message)
				}
			}

			// The core is what the log keeps, and it alone gives the same move again.
			var logged move
			c := codec.Reader{B: m.core}
			if logged.readCore(&c); c.Err != nil || len(c.B) != 0 || logged.Move != m.Move ||
				!bytes.Equal(logged.store, m.store) || !bytes.Equal(logged.product, m.product) {
				t.Errorf("the core reads as %+v, leaves %q, %v", logged, c.B, c.Err)
			}
		})
	}
}

// TestMoveForgetsTheOneBefore: a reader fills the same move again and again.
func TestMoveForgetsTheOneBefore(t *testing.T) {
	tracked := ev(event.Sale, "s", "p", "b", 1, 5)
	tracked.Message = &event.Message{Token: 3, Index: 1}
	inline := ev(event.Reset, "s", "p", "a", 9, 5)
	inline.Adjusted = true
	r := codec.Reader{B: batchOf(t, nil, inline, tracked, inline)}
	tokensOf(&r)
	var m move
	m.read(&r)
	m.read(&r)
	if m.inline != nil || m.IDText != "" || m.Adjusted || m.token != 3 || m.index != 1 {
		t.Errorf("the second event kept something of the first: %+v", m)
	}
	m.read(&r)
	if m.token != 0 || m.index != 0 || m.IDText != "a" || m.inline == nil {
		t.Errorf("the third event kept something of the second: %+v", m)
	}
}

// TestShortBatch: every batch that was cut off is noticed.
func TestShortBatch(t *testing.T) {
	reset := ev(event.Reset, "s1", "p1", "count", 300, 1_700_000_000_000)
	sale := ev(event.Sale, "s1", "p2", "sale", -5, 1_700_000_000_000)
	sale.Message = &event.Message{Token: 300, Index: 300, PublishedAt: 1_700_000_000_000}
	head, body := appendTokens(nil, []int64{1, 300}), batchOf(t, nil, reset, sale)[1:]
	whole := batchOf(t, nil, reset)[1:]
	for n := range head {
		r := codec.Reader{B: head[:n]}
		if tokensOf(&r); r.Err == nil {
			t.Errorf("%d of %d bytes of tokens were taken for all", n, len(head))
		}
	}
	for n := range body {
		r := codec.Reader{B: body[:n:n]}
		var m move
		for len(r.B) > 0 && r.Err == nil {
			m.read(&r)
		}
		if complete := n == 0 || n == len(whole); (r.Err == nil) != complete {
			t.Errorf("%d of %d bytes of a batch: %v", n, len(body), r.Err)
		}
	}
}

// TestControls: a control is read after any header, and no batch of events or changes is taken for
// one.
func TestControls(t *testing.T) {
	var h header
	for _, c := range []control{0, republish, evaluate, republish | evaluate} {
		for _, publishedAt := range []int64{0, 1_700_000_000_000} {
			b := binary.AppendVarint(appendTokens(nil, []int64{3, 1 << 40}), publishedAt)
			if c != 0 {
				b = appendControl(b, c)
			}
			r := codec.Reader{B: b}
			if h.readChanges(&r); r.Err != nil || h.control != c || h.publishedAt != publishedAt ||
				len(h.tokens) != 2 || r.More() {
				t.Errorf("control %d after %d is read as %+v, %v", c, publishedAt, h, r.Err)
			}
		}
	}
	r := codec.Reader{B: batchOf(t, nil, ev(event.CartAdd, "s", "p", "x", 1, 5))}
	if h.readEvents(&r); h.control != 0 {
		t.Errorf("an event is read as control %d", h.control)
	}
	r = codec.Reader{B: appendDemand(binary.AppendVarint(appendTokens(nil, nil), 0), event.Sale, "s", "p", 1, 1)}
	if h.readChanges(&r); h.control != 0 {
		t.Errorf("a change is read as control %d", h.control)
	}
}
